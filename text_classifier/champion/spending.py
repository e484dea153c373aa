"""How strict tonight's test is: a budget of false promotions, spent in equal parts over a series of comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from text_classifier.config.promotion import PromotionRule


def level_of(spent: Sequence[float], rule: PromotionRule) -> float:
    """The largest one-sided p-value that promotes in the next comparison, 0 to 1.

    The levels of any `rule.horizon_comparisons` comparisons in a row sum to `rule.false_promotion_rate` at most, also
    when the rule was changed between them, so that by the union bound no more of such series promote falsely, however
    the comparisons depend on each other. There is no end after which the level would be another one.

    Args:
        spent: the levels of the comparisons so far that spent any, oldest first.
        rule: what holds from now on.

    Source: Bonferroni's inequality as an alpha-spending rule (Demets & Lan 1994); benchmarks/promotion.py compares it.
    """
    others = spent[max(0, len(spent) - rule.horizon_comparisons + 1) :]
    left = rule.false_promotion_rate - fsum(others)
    return max(0.0, min(rule.false_promotion_rate / rule.horizon_comparisons, left))
