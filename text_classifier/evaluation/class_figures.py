"""Precision, recall and F1 of each class, and their means. Legend: N examples, C classes, R resamplings.

scikit-learn gives the figures. Those of the resamplings are computed here from their confusion matrices, all at once:
a thousand calls of scikit-learn take over a second, however few the rows; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from text_classifier.evaluation.intervals import Floats, Interval, percentile_interval, resampled, share

Indices = NDArray[np.int64]  # (N,), 0 to C - 1


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class: `support_rows` bear it, `predicted_rows` were given it. An undefined rate (0/0) is 0."""

    name: str
    precision_rate: Interval
    recall_rate: Interval
    f1_rate: Interval
    support_rows: int
    predicted_rows: int


@dataclass(frozen=True, slots=True)
class MeanFigures:
    """Means over the classes, and the F1 of each: what the bootstrap gives intervals to."""

    balanced_accuracy_rate: Interval
    macro_f1_rate: Interval
    weighted_f1_rate: Interval
    f1_rates: tuple[Interval, ...]


def mean_figures(truth: Indices, predictions: Indices, classes: int) -> MeanFigures:
    """Figures of `predictions` (N,). Balanced accuracy is the mean recall of the classes that have rows."""
    from sklearn.metrics import f1_score, recall_score

    known = {"labels": np.arange(classes), "zero_division": 0}
    values = [
        recall_score(truth, predictions, labels=np.unique(truth), average="macro"),
        f1_score(truth, predictions, average="macro", **known),
        f1_score(truth, predictions, average="weighted", **known),
        *f1_score(truth, predictions, average=None, **known),
    ]
    cells = truth * classes + predictions

    def counts(drawn: Floats) -> Floats:
        return np.bincount(cells, drawn, minlength=classes**2).astype(np.float64)

    drawn = resampled_figures(resampled(counts, len(truth)).reshape(-1, classes, classes))
    balanced, macro, weighted, *f1s = (percentile_interval(float(v), drawn[:, at]) for at, v in enumerate(values))
    return MeanFigures(balanced, macro, weighted, tuple(f1s))


def resampled_figures(confusions: Floats) -> Floats:
    """Balanced accuracy, macro F1, weighted F1, the F1 of each class (R, 3 + C) of confusion matrices (R, C, C)."""
    right = confusions.diagonal(axis1=1, axis2=2)
    support, predicted = confusions.sum(axis=2), confusions.sum(axis=1)
    f1 = 2 * right / np.maximum(support + predicted, 1)  # 0/0 is 0
    balanced = (right / np.maximum(support, 1)).sum(axis=1) / (support > 0).sum(axis=1)
    weighted = (f1 * support).sum(axis=1) / support.sum(axis=1)
    return np.column_stack([balanced, f1.mean(axis=1), weighted, f1])


def figures_by_class(
    confusion: NDArray[np.int64], f1_rates: Sequence[Interval], class_names: Sequence[str]
) -> tuple[ClassFigures, ...]:
    """The row of each class; `confusion` (C, C) counts true classes in rows, predicted ones in columns."""
    counts = zip(*(map(int, rows) for rows in (confusion.diagonal(), confusion.sum(1), confusion.sum(0))), strict=True)
    return tuple(
        ClassFigures(
            name=name,
            precision_rate=share(right, predicted),
            recall_rate=share(right, support),
            f1_rate=f1_rate if support + predicted else share(0, 0),
            support_rows=support,
            predicted_rows=predicted,
        )
        for name, f1_rate, (right, support, predicted) in zip(class_names, f1_rates, counts, strict=True)
    )
