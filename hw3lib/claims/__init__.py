"""Evidence from the chapters' result files, one rule that judges it, one table."""
