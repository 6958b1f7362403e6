"""The places of the demo world."""
