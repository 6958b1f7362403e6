"""What was computed once and is kept under ``runs/cache``: it may be removed at any time."""
