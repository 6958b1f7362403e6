"""What is read and checked: COCO's files, photographs, shards, tokens, masks; batches in their order; one cache.

No model.
"""
