"""Chapter P3: where the decoder looks for every word of a caption, and what such maps are worth."""
