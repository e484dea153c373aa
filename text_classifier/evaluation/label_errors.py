"""Which wrong answers are likelier the label's fault than the model's, by confident learning. N examples, C classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from text_classifier.evaluation.metrics import ClassIndices, Probabilities, check_probabilities

LikelyErrors = NDArray[np.bool_]  # (N,)


def likely_label_errors(truth: ClassIndices, opinions: Sequence[Probabilities]) -> LikelyErrors:
    """Where every one of several classifiers doubts the label.

    A classifier doubts a label where it prefers another class, and is at least as sure of that as it is, on average, of
    the examples that bear it. That allows for its confidence, class by class, but not for its knowledge: one that
    answers by chance doubts half of all rows. Ask only classifiers that found a signal and do better than the majority
    class; and ask a second one of another kind, as between two classes the first alone doubts just its most confident
    errors. Measured on 5,000 test reviews of IMDB of which 2 % were given the wrong label: an LSTM that gets 87 % right
    doubts 284, with 66 % of the wrong ones among them, which are 26 % of its doubts; together with TF-IDF and logistic
    regression it doubts 122, with 54 % of the wrong ones, which are 48 %. (62 are doubted without any such change: IMDB
    has errors of its own.) So a mark is a row to look at, no verdict.

    Args:
        truth: the labels (N,).
        opinions: probabilities (N, C) of at least one classifier that has seen none of the rows.

    Source: Northcutt, Jiang and Chuang 2021, Confident Learning: Estimating Uncertainty in Dataset Labels.

    Raises:
        ReportError: there is no example, or an opinion is no probabilities.
    """
    return np.asarray(np.logical_and.reduce([_doubted(truth, probabilities) for probabilities in opinions]), np.bool_)


def _doubted(truth: ClassIndices, probabilities: Probabilities) -> LikelyErrors:
    from cleanlab.filter import find_label_issues

    check_probabilities(probabilities, len(truth), probabilities.shape[-1])
    if len(np.unique(truth)) < 2:  # of one label alone nothing can be told
        return np.zeros(len(truth), np.bool_)
    exact = probabilities.astype(np.float64)
    return np.asarray(find_label_issues(truth, exact, filter_by="confident_learning", n_jobs=1), np.bool_)
