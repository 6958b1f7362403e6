"""An interactive, reproducible report on vision and language: prompts, captions, attention."""

__version__ = "0.1.0"
