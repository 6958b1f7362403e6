"""One payload, one widget, one page: attention, word by word."""
