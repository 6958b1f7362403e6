"""From a profile's run to its weights."""
