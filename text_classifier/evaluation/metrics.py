"""The figures of a classifier on one split. Legend: N examples, C classes.

scikit-learn and scipy compute them; this module names them and says which belong together. Both are imported by the
functions that need them: a run on unchanged data needs neither, and they cost over a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from text_classifier.errors import ReportError
from text_classifier.evaluation.calibration import Calibration, at_temperature, calibration
from text_classifier.evaluation.class_figures import ClassFigures, figures_by_class, mean_figures
from text_classifier.evaluation.intervals import Floats, Interval, Proportion, proportion
from text_classifier.evaluation.ranking import Ranking, ranking

ClassIndices = NDArray[np.int64]  # (N,), 0 to C - 1
Probabilities = NDArray[np.floating]  # (N, C), rows sum to 1


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one model is worth on one split.

    Attributes:
        majority_class: the commonest class of what the model *learned* from, the first in the contract's order among
            equals.
        majority: how often that one answer is right on this split.
        balanced_accuracy_rate: mean recall of the classes that have rows.
        log_loss: that of `calibration`.
        confusion: C rows of C counts; row: true class, column: predicted class.
        calibration: of the probabilities that the model gives.
        untempered: of those at temperature 1; None where the model gives these.
        ranking: of two classes; None of more, and where one has no rows.
    """

    class_names: tuple[str, ...]
    accuracy: Proportion
    majority_class: str
    majority: Proportion
    balanced_accuracy_rate: Interval
    macro_f1_rate: Interval
    weighted_f1_rate: Interval
    log_loss: Interval
    per_class: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: Calibration
    untempered: Calibration | None
    ranking: Ranking | None


def evaluate(
    truth: ClassIndices,
    probabilities: Probabilities,
    class_names: Sequence[str],
    learned_class_rows: Mapping[str, int],
    temperature: float = 1.0,
) -> Evaluation:
    """Compare `probabilities` (N, C) with the true classes (N,). The order of the rows changes nothing.

    Args:
        learned_class_rows: rows of each class in what the model learned from: the majority class comes from there.
        temperature: at which the probabilities were made.

    Raises:
        ReportError: there is no example, or the probabilities are none.
    """
    from sklearn.metrics import confusion_matrix

    check_probabilities(probabilities, len(truth), len(class_names))
    order = np.lexsort((truth, *probabilities.T))  # else the bootstrap would draw other rows from another order
    truth, exact = truth[order], probabilities[order].astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    predictions = exact.argmax(axis=1)
    majority = int(np.argmax([learned_class_rows.get(name, 0) for name in class_names]))
    confusion = confusion_matrix(truth, predictions, labels=np.arange(len(class_names)))
    means = mean_figures(truth, predictions, len(class_names))
    tempered = calibration(truth, exact, temperature)
    return Evaluation(
        class_names=tuple(class_names),
        accuracy=proportion(int(np.trace(confusion)), len(truth)),
        majority_class=class_names[majority],
        majority=proportion(int((truth == majority).sum()), len(truth)),
        balanced_accuracy_rate=means.balanced_accuracy_rate,
        macro_f1_rate=means.macro_f1_rate,
        weighted_f1_rate=means.weighted_f1_rate,
        log_loss=tempered.log_loss,
        per_class=figures_by_class(confusion, means.f1_rates, class_names),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        calibration=tempered,
        untempered=None if temperature == 1 else calibration(truth, at_temperature(exact, temperature, 1), 1.0),
        ranking=_ranking(truth, exact, class_names),
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


def _ranking(truth: ClassIndices, exact: Floats, class_names: Sequence[str]) -> Ranking | None:
    is_defined = len(class_names) == 2 and len(np.unique(truth)) == 2
    return ranking(truth == 1, exact[:, 1], class_names[1]) if is_defined else None
