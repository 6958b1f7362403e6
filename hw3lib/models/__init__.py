"""Networks and how they speak: encoder, captioner, decoding over a cache, CLIP, a trained run that captions images.

No training.
"""
