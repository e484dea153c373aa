"""Figures of a change between two samples: how large it is, and how often chance alone would bring one as large."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from text_classifier.drift.findings import Quantiles, Shares

_PERCENTAGES = np.arange(101) / 100


def shares(old: Mapping[str, int], new: Mapping[str, int]) -> Shares:
    """The rows by value of two samples, neither of them empty, as shares; values sorted, numbers as numbers."""
    names = tuple(sorted(old.keys() | new.keys(), key=lambda name: name.zfill(20) if name.isdecimal() else name))
    rates = [tuple(rows.get(name, 0) / sum(rows.values()) for name in names) for rows in (old, new)]
    return Shares(names, *rates)


def total_variation(found: Shares) -> float:
    """The share of rows, 0 to 1, that would have to change their value for the shares to be equal."""
    return sum(abs(old - new) for old, new in zip(found.old, found.new, strict=True)) / 2


def chi_square_p(old: Mapping[str, int], new: Mapping[str, int]) -> float:
    """p-value of Pearson's test of homogeneity; 1 where there is one value only.

    The rows count as independent. Where deliveries share rows they change less than that, and p is too large.
    """
    from scipy.stats import chi2_contingency

    names = sorted(name for name in old.keys() | new.keys() if old.get(name, 0) + new.get(name, 0))
    if len(names) < 2:
        return 1.0
    counts = [[rows.get(name, 0) for name in names] for rows in (old, new)]
    return float(chi2_contingency(counts).pvalue)


def kolmogorov_smirnov(old: np.ndarray, new: np.ndarray) -> tuple[float, float]:
    """The largest distance, 0 to 1, between the cumulative distributions of (N,) and (M,) values, and its p-value."""
    from scipy.stats import ks_2samp

    found = ks_2samp(old, new, method="asymp")
    return float(found.statistic), float(found.pvalue)


def quantiles(old: np.ndarray, new: np.ndarray) -> Quantiles:
    """The percentiles of (N,) and (M,) values."""
    return Quantiles(*(tuple(np.quantile(values, _PERCENTAGES).tolist()) for values in (old, new)))
