"""The words of the demo world: captions by a grammar, names, texts as on the web."""
