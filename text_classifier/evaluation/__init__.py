"""What a model is worth on a split: figures with their intervals, predictions row by row."""

from text_classifier.evaluation.calibration import Calibration, ReliabilityBin, at_temperature
from text_classifier.evaluation.class_figures import ClassFigures
from text_classifier.evaluation.intervals import Interval, Proportion, proportion
from text_classifier.evaluation.label_errors import likely_label_errors
from text_classifier.evaluation.leaks import LeakFigures, leak_figures
from text_classifier.evaluation.metrics import Evaluation, evaluate
from text_classifier.evaluation.predictions import check_alignment, class_indices, error_table, prediction_table
from text_classifier.evaluation.ranking import Ranking
from text_classifier.evaluation.slice_columns import slice_columns
from text_classifier.evaluation.slices import SliceChange, SliceFigures, slice_changes, slice_figures, worse_slices

__all__ = [
    "Calibration",
    "ClassFigures",
    "Evaluation",
    "Interval",
    "LeakFigures",
    "Proportion",
    "Ranking",
    "ReliabilityBin",
    "SliceChange",
    "SliceFigures",
    "at_temperature",
    "check_alignment",
    "class_indices",
    "error_table",
    "evaluate",
    "leak_figures",
    "likely_label_errors",
    "prediction_table",
    "proportion",
    "slice_changes",
    "slice_columns",
    "slice_figures",
    "worse_slices",
]
