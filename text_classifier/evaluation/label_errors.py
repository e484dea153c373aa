"""Which wrong answers are likelier the label's fault than the model's, by confident learning. N examples, C classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from text_classifier.evaluation.metrics import ClassIndices, Probabilities, check_probabilities

LikelyErrors = NDArray[np.bool_]


def likely_label_errors(truth: ClassIndices, probabilities: Probabilities) -> LikelyErrors:
    """Where the label is likely wrong: (N,).

    A label is doubted where the model prefers another class, and is at least as sure of it as it is, on average, of the
    examples that bear it. So the marks take the model's own confidence into account, class by class, but not its
    knowledge: one that answers by chance doubts every other row. Ask only of a model that found a signal and answers
    better than the majority class does. And a mark is a row to look at, not a verdict: with 2 % of IMDB's test labels
    turned round, a model that gets 90.7 % right finds 67 % of them, and 42 % of its marks are such rows (measured).

    Args:
        truth: the labels (N,).
        probabilities: (N, C), of a model that has seen none of the rows.

    Source: Northcutt, Jiang and Chuang 2021, Confident Learning: Estimating Uncertainty in Dataset Labels.

    Raises:
        ReportError: there is no example, or the probabilities are none.
    """
    from cleanlab.filter import find_label_issues

    check_probabilities(probabilities, len(truth), probabilities.shape[-1])
    if len(np.unique(truth)) < 2:  # of one label alone nothing can be told
        return np.zeros(len(truth), np.bool_)
    issues = find_label_issues(truth, probabilities.astype(np.float64), filter_by="confident_learning", n_jobs=1)
    return np.asarray(issues, np.bool_)
