"""The recurrence of the bidirectional LSTM in C, for CPUs that multiply bfloat16."""

from text_classifier.training.kernel.recurrence import is_usable, library, read_both_ways

__all__ = ["is_usable", "library", "read_both_ways"]
