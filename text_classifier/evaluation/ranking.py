"""How well the probability of the second of two classes puts its rows above the others. Legend: N examples, G scores.

scikit-learn gives figures and curves. Their resampling is computed here, since a thousand of its calls take 8 seconds
for 25,000 rows and these half a second; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from text_classifier.evaluation.intervals import Floats, Interval, Statistic, percentile_interval, resampled

CURVE_POINTS = 100

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Figures over all thresholds of the probability of `positive_class`, the second class of the contract.

    Attributes:
        roc_area: chance that a row of this class has a higher probability of it than a row of the other; ties half.
        pr_area: average precision: mean precision over the rows of this class. Chance level: `positive_rate`.
        roc_curve: (rate of the other class above the threshold, recall), from (0, 0) to (1, 1).
        pr_curve: (recall, precision), from recall 0 to 1. Both are thinned to CURVE_POINTS.
    """

    positive_class: str
    positive_rate: float
    roc_area: Interval
    pr_area: Interval
    roc_curve: Curve
    pr_curve: Curve


def ranking(is_positive: NDArray[np.bool_], scores: Floats, positive_class: str) -> Ranking:
    """The figures of `scores` (N,); rows of both classes are there.

    Source: Fawcett 2006, An introduction to ROC analysis; Davis and Goadrich 2006 for precision and recall.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

    drawn = resampled(ranking_statistic(is_positive, scores), len(scores))
    other_rate, recall, _ = roc_curve(is_positive, scores)
    precision, reached, _ = precision_recall_curve(is_positive, scores)
    return Ranking(
        positive_class=positive_class,
        positive_rate=float(is_positive.mean()),
        roc_area=percentile_interval(float(roc_auc_score(is_positive, scores)), drawn[:, 0]),
        pr_area=percentile_interval(float(average_precision_score(is_positive, scores)), drawn[:, 1]),
        roc_curve=_thinned(other_rate, recall, other_rate + recall),
        pr_curve=_thinned(reached[::-1], precision[::-1], reached[::-1]),
    )


def ranking_statistic(is_positive: NDArray[np.bool_], scores: Floats) -> Statistic:
    """Area under the ROC curve and average precision (2,) of rows that were drawn so many times."""
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))  # (G,), of rows with equal scores

    def areas(drawn: Floats) -> Floats:
        positives = np.add.reduceat((drawn * is_positive)[order], starts)  # (G,), from the highest score
        others = np.add.reduceat((drawn * ~is_positive)[order], starts)
        if not positives.any() or not others.any():
            return np.full(2, np.nan)
        found, passed = positives.cumsum(), others.cumsum()
        precision = found / np.maximum(found + passed, 1)  # before the first drawn row, nothing is found
        roc = (positives * (passed[-1] - passed + others / 2)).sum() / (found[-1] * passed[-1])
        return np.array([roc, (positives * precision).sum() / found[-1]])

    return areas


def _thinned(x: Floats, y: Floats, way: Floats) -> Curve:
    """The points nearest behind CURVE_POINTS evenly spaced places of a `way` that rises along the curve."""
    kept = np.unique(np.searchsorted(way, np.linspace(way[0], way[-1], CURVE_POINTS)))
    return tuple((float(x[at]), float(y[at])) for at in kept)
