"""Delimited text: every row of a file kept or rejected, and the lines to prove it."""
