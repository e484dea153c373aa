from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.champion.spending import level_of
from text_classifier.config import PromotionRule

RULES = st.builds(
    PromotionRule,
    false_promotion_rate=st.floats(1e-6, 0.999),
    horizon_comparisons=st.integers(1, 40),
)


def spend(nights: list[tuple[PromotionRule, bool]]) -> list[float]:
    """Levels of the nights that had something at stake, each under the rule of that night."""
    spent: list[float] = []
    for rule, is_at_stake in nights:
        level = level_of(spent, rule)
        if is_at_stake and level:
            spent.append(level)
    return spent


@given(rule=RULES, stakes=st.lists(st.booleans(), max_size=120))
def test_any_stretch_of_the_horizon_spends_the_rate_at_most_whatever_was_at_stake(
    rule: PromotionRule, stakes: list[bool]
) -> None:
    spent, horizon = spend([(rule, stake) for stake in stakes]), rule.horizon_comparisons
    for start in range(len(spent)):
        assert fsum(spent[start : start + horizon]) <= rule.false_promotion_rate * (1 + 1e-12)


@given(nights=st.lists(st.tuples(RULES, st.booleans()), min_size=1, max_size=80))
def test_a_changed_rule_holds_for_the_comparisons_before_it_as_well(nights: list[tuple[PromotionRule, bool]]) -> None:
    spent = spend(nights)
    rule = nights[-1][0]
    last = [*spent, level_of(spent, rule)][-rule.horizon_comparisons :]
    before = fsum(last[:-1])
    assert last[-1] == 0 or before + last[-1] <= rule.false_promotion_rate * (1 + 1e-12)


@given(rule=RULES, nights=st.integers(0, 100))
def test_every_night_has_the_same_level_also_beyond_the_horizon(rule: PromotionRule, nights: int) -> None:
    share = rule.false_promotion_rate / rule.horizon_comparisons
    assert spend([(rule, True)] * nights) == pytest.approx([share] * nights)


def test_the_first_night_of_a_year_at_5_percent() -> None:
    assert level_of([], PromotionRule()) == pytest.approx(0.000136986, rel=1e-5)


def test_nothing_is_left_when_a_shorter_horizon_has_spent_the_budget_of_a_longer_one() -> None:
    weekly = PromotionRule(horizon_comparisons=4)
    spent = spend([(weekly, True)] * 4)
    assert level_of(spent, PromotionRule()) == 0
    assert level_of([*spent, *[1e-9] * 364], PromotionRule()) > 0
