"""Chapter P1: zero-shot classification with CLIP, and what the wording of the prompt does to it."""
