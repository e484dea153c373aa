"""Figures with their 95 % intervals: Wilson's for shares of rows, the bootstrap for all else.

The bootstrap says nothing about what no row shows: where every row is right, its intervals have no width.
Legend: N rows, K figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE_RATE = 0.95
RESAMPLINGS = 1_000
_SEED = 0
_TAILS_PCT = (50 * (1 - CONFIDENCE_RATE), 50 * (1 + CONFIDENCE_RATE))

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From how often each row was drawn (N,) to K figures (K,); a figure that these rows do not define is NaN."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the ends of its interval at CONFIDENCE_RATE, in the figure's unit; low <= value <= high."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of right answers with its Wilson interval at CONFIDENCE_RATE."""

    right_rows: int
    rows: int
    rate: float
    low_rate: float
    high_rate: float


def proportion(right_rows: int, rows: int) -> Proportion:
    """The share `right_rows` / `rows` with its Wilson interval; there is at least one row.

    Source: Wilson 1927; chosen over the others by Brown, Cai and DasGupta 2001.
    """
    from scipy.stats import binomtest

    interval = binomtest(right_rows, rows).proportion_ci(CONFIDENCE_RATE, method="wilson")
    return Proportion(right_rows, rows, right_rows / rows, float(interval.low), float(interval.high))


def share(right_rows: int, rows: int) -> Interval:
    """The rate of a `proportion`; 0 of 0 rows is 0, and nothing is known of it: 0 to 1."""
    if not rows:
        return Interval(0.0, 0.0, 1.0)
    known = proportion(right_rows, rows)
    return Interval(known.rate, known.low_rate, known.high_rate)


def resampled(statistic: Statistic, rows: int) -> Floats:
    """The K figures of RESAMPLINGS samples of N rows drawn with replacement: (RESAMPLINGS, K).

    Two calls for as many rows draw the same samples. A statistic sums by numpy, not by BLAS, whose threads may add in
    another order and wait for each other.

    Source: Efron 1979.
    """
    draw = np.random.default_rng(_SEED)
    samples = (np.bincount(draw.integers(rows, size=rows), minlength=rows) for _ in range(RESAMPLINGS))
    return np.array([statistic(sample.astype(np.float64)) for sample in samples])


def percentile_interval(value: float, drawn: Floats) -> Interval:
    """The percentiles of what was `drawn` (RESAMPLINGS,), widened where they do not hold the value itself."""
    low, high = np.nanpercentile(drawn, _TAILS_PCT)
    return Interval(value, min(float(low), value), max(float(high), value))


def reflected_interval(value: float, drawn: Floats) -> Interval:
    """The percentiles reflected at the value, for a figure >= 0 that resampling pushes upwards by noise.

    Source: Davison and Hinkley 1997, section 5.2.1 ("basic" bootstrap).
    """
    low, high = 2 * value - np.nanpercentile(drawn, _TAILS_PCT[::-1])
    return Interval(value, min(max(float(low), 0.0), value), max(float(high), value))
