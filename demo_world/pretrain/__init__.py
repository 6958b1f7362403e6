"""How the weights of the demo world were made."""
