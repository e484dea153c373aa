"""Two classifiers on the same rows: who is better, by how much, and how little could have been seen. Legend: N rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from text_classifier.errors import ReportError

SIGNIFICANCE_LEVEL = 0.05
CONFIDENCE_PCT = 95
POWER_RATE = 0.8
RESAMPLINGS = 10_000
_SEED = 0

Right = NDArray[np.bool_]  # (N,), whether a row was answered right
Separation = Literal["better", "not separable", "worse"]


@dataclass(frozen=True, slots=True)
class Pairing:
    """One classifier against another on N rows.

    Attributes:
        gained_rows: rows that only the first got right; `lost_rows` those that only the other did.
        gain_rate: the first's accuracy minus the other's.
        low_rate, high_rate: paired-bootstrap interval of the gain, 95 %.
        p_value: exact McNemar test, two-sided.
        detectable_gain_rate: the smallest true gain that this many rows with this much disagreement show in four
            of five cases, at a significance level of 5 %.
    """

    rows: int
    gained_rows: int
    lost_rows: int
    gain_rate: float
    low_rate: float
    high_rate: float
    p_value: float
    detectable_gain_rate: float


@dataclass(frozen=True, slots=True)
class AgainstBest:
    """One classifier against the best of several others.

    Attributes:
        separations: by name of the other, what decided: "worse" only where Holm's correction leaves it standing.
        verdict: "better" where every separation is, "worse" where any is.
        deciding: the most accurate of those that it is worse than; where there is none, of all.
    """

    verdict: Separation
    separations: Mapping[str, Separation]
    deciding: str


def compare(first: Right, other: Right) -> Pairing:
    """Compare which rows two classifiers got right; both are (N,), row by row the same examples.

    Source: McNemar 1947 as recommended by Dietterich 1998; bootstrap after Dror et al. 2018; power after Card et al.
    2020.

    Raises:
        ReportError: there is no row, or the two do not have the same number of rows.
    """
    from scipy.stats import binomtest

    if len(first) != len(other) or not len(first):
        raise ReportError(
            "two classifiers can be compared on the same rows only",
            seen=f"{len(first)} and {len(other)} rows",
            expected="as many rows of each, at least one",
            to_do="score both on the same split",
        )
    rows, gained, lost = len(first), int(np.sum(first & ~other)), int(np.sum(other & ~first))
    low, high = _bootstrap(gained, lost, rows)
    return Pairing(
        rows=rows,
        gained_rows=gained,
        lost_rows=lost,
        gain_rate=(gained - lost) / rows,
        low_rate=low,
        high_rate=high,
        p_value=float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0,
        detectable_gain_rate=detectable_gain((gained + lost) / rows, rows),
    )


def separation(pairing: Pairing, level: float = SIGNIFICANCE_LEVEL) -> Separation:
    """What the test says at a significance level."""
    if pairing.p_value >= level:
        return "not separable"
    return "better" if pairing.gain_rate > 0 else "worse"


def against_best(pairings: Mapping[str, Pairing]) -> AgainstBest:
    """One classifier against the best of several, without choosing the best by the rows of the test.

    "better": better than each of them (an intersection of tests, which needs no correction, Berger 1982). "worse":
    worse than at least one of them after Holm's correction.

    Args:
        pairings: the classifier against each of the others (at least one), by their names, on the same rows.
    """
    from statsmodels.stats.multitest import multipletests

    seen = multipletests([pairing.p_value for pairing in pairings.values()], SIGNIFICANCE_LEVEL, method="holm")[0]
    separations: dict[str, Separation] = {
        name: separation(pairing) if pairing.gain_rate > 0 or is_seen else "not separable"
        for (name, pairing), is_seen in zip(pairings.items(), seen, strict=True)
    }
    worse_than = [name for name, told in separations.items() if told == "worse"]
    deciding = min(worse_than or pairings, key=lambda name: pairings[name].gain_rate)
    if worse_than:
        return AgainstBest("worse", separations, deciding)
    is_better = all(told == "better" for told in separations.values())
    return AgainstBest("better" if is_better else "not separable", separations, deciding)


def detectable_gain(disagreement_rate: float, rows: int, level: float = SIGNIFICANCE_LEVEL) -> float:
    """The smallest gain (0 to 1) that a two-sided test at `level` sees with a power of 80 %.

    Source: Card et al. 2020, With Little Power Comes Great Responsibility; normal approximation.
    """
    from scipy.stats import norm

    quantiles = norm.isf(level / 2) + norm.ppf(POWER_RATE)
    return float(quantiles * np.sqrt(disagreement_rate / rows))


def _bootstrap(gained: int, lost: int, rows: int) -> tuple[float, float]:
    """Percentiles of the gain over resampled rows: of N drawn rows, the counts of each kind are multinomial."""
    shares = [gained / rows, lost / rows, 1 - (gained + lost) / rows]
    drawn = np.random.default_rng(_SEED).multinomial(rows, shares, size=RESAMPLINGS)
    tail = (100 - CONFIDENCE_PCT) / 2
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / rows, [tail, 100 - tail])
    return float(low), float(high)
