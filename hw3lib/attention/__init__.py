"""Chapter P3: where the decoder attends for every word of a caption, and what such maps are worth."""
