"""Figures in words."""

from __future__ import annotations

from collections.abc import Mapping


def percent(rate: float) -> str:
    """A rate (0 to 1) as a percentage with two decimals."""
    return f"{100 * rate:.2f} %"


def interval(figure: Mapping[str, float]) -> str:
    """The interval (`low_rate`, `high_rate`) of a figure as percentages, such as "88.73 to 89.50 %"."""
    return f"{100 * figure['low_rate']:.2f} to {percent(figure['high_rate'])}"


def points(rate: float) -> str:
    """A difference of two rates in percentage points, with its sign; what rounds to nothing is +0.00."""
    return f"{100 * rate:+z.2f}"
