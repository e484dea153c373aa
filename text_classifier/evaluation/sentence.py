"""The one sentence that opens a report: what the model is worth, in figures, and plainly so when it is nothing."""

from __future__ import annotations

from typing import Literal

from text_classifier.evaluation.intervals import Proportion
from text_classifier.evaluation.metrics import Evaluation

COLLAPSE_RATE = 0.95  # of the predictions in one class: worth a word

Standing = Literal["better", "no better", "worse"]


def standing(evaluation: Evaluation) -> Standing:
    """How the model's interval lies to the rate of the majority class: above it, around it, or below it."""
    if evaluation.accuracy.contains(evaluation.majority.rate):
        return "no better"
    return "better" if evaluation.accuracy.rate > evaluation.majority.rate else "worse"


def first_sentence(evaluation: Evaluation, shown_name: str) -> str:
    """One sentence on `evaluation` of the data set `shown_name` (with its mark).

    It opens with "Better", "No better" or "Worse than always answering" the majority class, and says so when
    (nearly) every prediction is one class.
    """
    accuracy, majority = evaluation.accuracy, evaluation.majority
    constant = f"always answering '{evaluation.majority_class}'"
    return (
        f"{standing(evaluation).capitalize()} than {constant}: of {accuracy.rows:,} test examples of {shown_name} "
        f"the model gets {percent(accuracy.rate)} right (95 % interval {interval(accuracy)}), "
        f"the constant answer {percent(majority.rate)}{_collapse(evaluation)}."
    )


def _collapse(evaluation: Evaluation) -> str:
    commonest = max(evaluation.per_class, key=lambda one: one.predicted_rows)
    rows = evaluation.accuracy.rows
    if commonest.predicted_rows == rows:
        return f"; every prediction is '{commonest.name}'"
    if commonest.predicted_rows >= COLLAPSE_RATE * rows:
        return f"; {commonest.predicted_rows:,} of {rows:,} predictions are '{commonest.name}'"
    return ""


def percent(rate: float) -> str:
    """A rate (0 to 1) as a percentage with two decimals."""
    return f"{100 * rate:.2f} %"


def interval(figure: Proportion) -> str:
    """The interval of a proportion as percentages, such as "88.73 to 89.50 %"."""
    return f"{100 * figure.low_rate:.2f} to {percent(figure.high_rate)}"
