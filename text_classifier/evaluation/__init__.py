"""What a model is worth on a split: figures with their intervals, predictions row by row, one plain sentence."""

from text_classifier.evaluation.label_errors import likely_label_errors
from text_classifier.evaluation.metrics import ClassFigures, Evaluation, Proportion, evaluate, proportion
from text_classifier.evaluation.predictions import check_alignment, class_indices, error_table, prediction_table
from text_classifier.evaluation.sentence import Standing, first_sentence, interval, percent, standing

__all__ = [
    "ClassFigures",
    "Evaluation",
    "Proportion",
    "Standing",
    "check_alignment",
    "class_indices",
    "error_table",
    "evaluate",
    "first_sentence",
    "interval",
    "likely_label_errors",
    "percent",
    "prediction_table",
    "proportion",
    "standing",
]
