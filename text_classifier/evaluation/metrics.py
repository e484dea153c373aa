"""The figures of a classifier on one split. Legend: N examples, C classes.

Every figure is computed by scikit-learn or scipy; this module names them and says which belong together. Both are
imported by the functions that need them: a run on unchanged data needs neither, and they cost over a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from text_classifier.errors import ReportError

CONFIDENCE_RATE = 0.95

ClassIndices = NDArray[np.int64]  # (N,), 0 to C - 1
Probabilities = NDArray[np.floating]  # (N, C), rows sum to 1


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of right answers with its Wilson interval at CONFIDENCE_RATE."""

    right_rows: int
    rows: int
    rate: float
    low_rate: float
    high_rate: float

    def contains(self, rate: float) -> bool:
        """Whether the interval contains `rate`, its ends included."""
        return self.low_rate <= rate <= self.high_rate


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class: `support_rows` bear it, `predicted_rows` were given it. An undefined rate (0/0) is 0."""

    name: str
    precision_rate: float
    recall_rate: float
    f1_rate: float
    support_rows: int
    predicted_rows: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one model is worth on one split.

    Attributes:
        majority_class: the commonest class of *train*, the first in the contract's order among equals.
        majority: how often that one answer is right on this split.
        log_loss: mean negative natural logarithm of the probability given to the true class.
        confusion: C rows of C counts; row: true class, column: predicted class.
    """

    class_names: tuple[str, ...]
    accuracy: Proportion
    majority_class: str
    majority: Proportion
    macro_f1_rate: float
    weighted_f1_rate: float
    log_loss: float
    per_class: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]


def proportion(right_rows: int, rows: int) -> Proportion:
    """The share `right_rows` / `rows` with its Wilson interval.

    Source: Wilson 1927; chosen over the others by Brown, Cai and DasGupta 2001.
    """
    from scipy.stats import binomtest

    interval = binomtest(right_rows, rows).proportion_ci(CONFIDENCE_RATE, method="wilson")
    return Proportion(right_rows, rows, right_rows / rows, float(interval.low), float(interval.high))


def evaluate(
    truth: ClassIndices, probabilities: Probabilities, class_names: Sequence[str], train_class_rows: Mapping[str, int]
) -> Evaluation:
    """Compare `probabilities` (N, C) with the true classes (N,).

    Args:
        train_class_rows: rows of each class in the train split, from which the majority class comes.

    Raises:
        ReportError: there is no example, or the probabilities are none.
    """
    from sklearn.metrics import confusion_matrix, f1_score, log_loss

    check_probabilities(probabilities, len(truth), len(class_names))
    classes = np.arange(len(class_names))
    predictions = probabilities.argmax(axis=1)
    exact = probabilities.astype(np.float64)
    majority = int(np.argmax([train_class_rows.get(name, 0) for name in class_names]))
    confusion = confusion_matrix(truth, predictions, labels=classes)

    def f1(average: str) -> float:
        return float(f1_score(truth, predictions, labels=classes, average=average, zero_division=0))

    return Evaluation(
        class_names=tuple(class_names),
        accuracy=proportion(int(np.trace(confusion)), len(truth)),
        majority_class=class_names[majority],
        majority=proportion(int((truth == majority).sum()), len(truth)),
        macro_f1_rate=f1("macro"),
        weighted_f1_rate=f1("weighted"),
        log_loss=float(log_loss(truth, exact / exact.sum(axis=1, keepdims=True), labels=classes)),
        per_class=_per_class(truth, predictions, class_names),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )


def check_probabilities(probabilities: Probabilities, rows: int, classes: int) -> None:
    """Refuse what is not `rows` (at least one) distributions over `classes`.

    Raises:
        ReportError: wrong shape, no rows, or numbers that are no probabilities.
    """
    if rows == 0:
        raise ReportError("there is no example to evaluate on", to_do="give the split at least one labelled example")
    if probabilities.shape != (rows, classes):
        raise ReportError(
            "the probabilities have the wrong shape", seen=str(probabilities.shape), expected=str((rows, classes))
        )
    sums = probabilities.sum(axis=1, dtype=np.float64)
    wrong = ~((probabilities >= 0).all(axis=1) & (np.abs(sums - 1) < 1e-3))  # also true for rows with NaN
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ReportError(
            "the model's numbers are no probabilities",
            where=f"{int(wrong.sum())} of {rows} examples, the first at position {first}",
            seen=str(probabilities[first].tolist()),
            expected="numbers from 0 to 1 that sum to 1",
            to_do="the training may have diverged: lower the learning rate and train again",
        )


def _per_class(truth: ClassIndices, predictions: ClassIndices, class_names: Sequence[str]) -> tuple[ClassFigures, ...]:
    from sklearn.metrics import precision_recall_fscore_support

    classes = np.arange(len(class_names))
    columns = precision_recall_fscore_support(truth, predictions, labels=classes, zero_division=0)
    predicted_rows = np.bincount(predictions, minlength=len(classes))
    return tuple(
        ClassFigures(name, float(precision), float(recall), float(f1), int(support), int(predicted))
        for name, precision, recall, f1, support, predicted in zip(class_names, *columns, predicted_rows, strict=True)
    )
