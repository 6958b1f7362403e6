"""Executed notebooks, read into blocks, set as HTML and PDF."""
