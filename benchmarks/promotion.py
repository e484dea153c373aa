"""Rules of promotion side by side: how many series of equal models promote one falsely, and which gain is still seen.

`python -m benchmarks.promotion` takes about three minutes on one core. A row of the test split has a difficulty: the
chance that a model of this kind answers it right (Beta distributed; its two parameters follow from the accuracy and
from the share of rows that two models answer differently). Champion and challengers are independent draws given the
rows; rows and champion stay the same from night to night, which is what makes the nights dependent. A challenger
with a true gain answers the same share more of its wrong answers right, whatever their difficulty.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import roots_jacobi
from scipy.stats import binom

from text_classifier.champion.spending import level_of
from text_classifier.config import PromotionRule

NIGHTS, SOON_NIGHTS, LATE_NIGHT = 365, 30, 180
ACCURACY_RATE, DISAGREEMENT_RATE = 0.89, 0.08
TEST_ROWS = (25_000, 2_000)
POWER_RATE = 0.8
NODES = 8
BISECTIONS = 12
PROMOTION = PromotionRule()
RATE = PROMOTION.false_promotion_rate

Counts = NDArray[np.int64]  # (S,): one number for each series
Bools = NDArray[np.bool_]  # (S,)


@dataclass(frozen=True)
class Night:
    """What a rule sees: the number of the night (from 1), and the rows that only one of the two answered right."""

    number: int
    gained: Counts
    lost: Counts
    rows: int


Rule = Callable[[Night], Bools]


def _tested(level_on: Callable[[int], float], night: Night) -> Bools:
    """One-sided exact McNemar test at the level of the night."""
    p_values = binom.sf(night.gained - 1, night.gained + night.lost, 0.5)
    return np.asarray(p_values <= level_on(night.number))


def _deviation(night: Night) -> Bools:
    """The Ladder without parameters: a step of one standard error (Blum & Hardt 2015, section 3)."""
    gain = (night.gained - night.lost) / night.rows
    variance = (night.gained + night.lost) / night.rows - gain**2
    return np.asarray(gain > np.sqrt(variance / night.rows))


def _fixed_step(night: Night) -> Bools:
    """The Ladder with a step that holds for any two models: Hoeffding's bound over all nights."""
    step = np.sqrt(2 * np.log(NIGHTS / RATE) / night.rows)
    return np.asarray((night.gained - night.lost) / night.rows >= step)


RULES: dict[str, Rule] = {
    "every night at 5 %, two-sided": partial(_tested, lambda _: 0.025),
    "Ladder, step of one standard error": _deviation,
    "Ladder, step by Hoeffding": _fixed_step,
    "spending 6/(pi t)^2 of 5 %": partial(_tested, lambda night: RATE * 6 / (np.pi * night) ** 2),
    "spending 5 %/365 (this project)": partial(
        _tested, lambda night: level_of([RATE / NIGHTS] * (night - 1), PROMOTION)
    ),
}


def promotions(rule: Rule, rows: int, series: int, gain_rate: float = 0.0, nights: range = range(1, 366)) -> Counts:
    """How often each of so many series promotes; a promoted challenger is the champion of the nights after it."""
    rng = np.random.default_rng(7)
    difficulty, shares = _difficulties()
    challenger = difficulty + (1 - difficulty) * gain_rate / (1 - ACCURACY_RATE)
    alike = rng.multinomial(rows, shares, size=series)  # (S, NODES) rows of each difficulty
    champion = rng.binomial(alike, difficulty)  # of these, answered right
    promoted = np.zeros(series, np.int64)
    for number in nights:
        gained, lost = rng.binomial(alike - champion, challenger), rng.binomial(champion, 1 - challenger)
        is_promoted = rule(Night(number, gained.sum(axis=1), lost.sum(axis=1), rows))
        champion += np.where(is_promoted[:, None], gained - lost, 0)
        promoted += is_promoted
    return promoted


def seen_gain_pct(rule: Rule, rows: int, series: int, nights: range) -> float:
    """The true gain, in points, that four of five series promote within these nights."""
    low, high = 0.0, 1 - ACCURACY_RATE
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        is_seen = np.mean(promotions(rule, rows, series, middle, nights) > 0) >= POWER_RATE
        low, high = (low, middle) if is_seen else (middle, high)
    return 100 * high


def _difficulties() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Chances of a right answer, and the share of rows with each: a Beta distribution by Gauss-Jacobi quadrature.

    Two models differ on a row of chance q in 2 q (1 - q) of the cases, whose mean is 2 m (1 - m) s / (s + 1) under a
    Beta distribution of mean m and sum s of its parameters; the quadrature keeps the mean of both.
    """
    agreed = DISAGREEMENT_RATE / (2 * ACCURACY_RATE * (1 - ACCURACY_RATE))
    total = agreed / (1 - agreed)
    nodes, weights = roots_jacobi(NODES, (1 - ACCURACY_RATE) * total - 1, ACCURACY_RATE * total - 1)
    return (nodes + 1) / 2, weights / weights.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=4_000)
    series, started = parser.parse_args().series, time.perf_counter()
    soon, later = range(1, SOON_NIGHTS + 1), range(LATE_NIGHT, LATE_NIGHT + SOON_NIGHTS)
    print(f"{series:,} series of {NIGHTS} nights, accuracy {ACCURACY_RATE:.0%}, disagreement {DISAGREEMENT_RATE:.0%}")
    print(
        "| rows | rule | series with a false promotion | false promotions per series | gain seen on night 1 "
        f"| on night {LATE_NIGHT} | within nights 1-30 | within nights {later.start}-{later.stop - 1} |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for rows in TEST_ROWS:
        for name, rule in RULES.items():
            false = promotions(rule, rows, series)
            windows = (range(1, 2), range(LATE_NIGHT, LATE_NIGHT + 1), soon, later)
            gains = " | ".join(f"{seen_gain_pct(rule, rows, series, nights):.2f}" for nights in windows)
            print(f"| {rows:,} | {name} | {np.mean(false > 0):.2%} | {np.mean(false):.2f} | {gains} |", flush=True)
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
