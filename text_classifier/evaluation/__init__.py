"""What a model is worth on a split: figures with their intervals, predictions row by row."""
