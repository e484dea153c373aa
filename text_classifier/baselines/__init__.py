"""What simple means achieve: whether the texts say anything of the label, and classifiers that a model must beat."""

from text_classifier.baselines.figures import (
    BaselineFigures,
    ValidationGap,
    baseline_figures,
    read_opinion,
    read_right,
    validation_gap,
)
from text_classifier.baselines.fitting import fit_baselines
from text_classifier.baselines.signal import find_signal

__all__ = [
    "BaselineFigures",
    "ValidationGap",
    "baseline_figures",
    "find_signal",
    "fit_baselines",
    "read_opinion",
    "read_right",
    "validation_gap",
]
