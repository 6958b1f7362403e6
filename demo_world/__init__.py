"""The embedded default: a drawn world in the public formats, and small weights pretrained on it."""
