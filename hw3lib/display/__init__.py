"""What a notebook shows, and how a number is written."""
