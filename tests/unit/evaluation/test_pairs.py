"""Two classifiers on the same rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text_classifier.errors import ReportError
from text_classifier.evaluation.pairs import Pairing, against_best, compare, detectable_gain, separation


def right(gained: int, lost: int, both: int, neither: int = 0) -> tuple[np.ndarray, np.ndarray]:
    first = [True] * gained + [False] * lost + [True] * both + [False] * neither
    other = [False] * gained + [True] * lost + [True] * both + [False] * neither
    return np.array(first), np.array(other)


def test_the_p_value_is_that_of_the_exact_test() -> None:
    """15 against 5 disagreements: twice the binomial tail, 0.0413869 (R: binom.test(5, 20))."""
    pairing = compare(*right(15, 5, 80))
    assert pairing.p_value == pytest.approx(0.04138947, abs=1e-7)
    assert pairing.gain_rate == pytest.approx(0.10)
    assert separation(pairing) == "better"
    assert separation(compare(*right(5, 15, 80))) == "worse"
    assert separation(compare(*right(8, 5, 80))) == "not separable"


def test_rows_that_both_answer_alike_say_nothing() -> None:
    pairing = compare(*right(0, 0, 50, 50))
    assert (pairing.p_value, pairing.gain_rate, pairing.detectable_gain_rate) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(("rows", "points"), [(25_000, 0.50), (4_000, 1.25), (2_000, 1.77)])
def test_the_detectable_gain_is_the_published_one(rows: int, points: float) -> None:
    assert 100 * detectable_gain(0.08, rows) == pytest.approx(points, abs=0.006)


def test_the_detectable_gain_is_seen_in_four_of_five_cases() -> None:
    rows, disagreement = 2_000, 0.08
    gain = detectable_gain(disagreement, rows)
    draw = np.random.default_rng(3)
    shares = [(disagreement + gain) / 2, (disagreement - gain) / 2, 1 - disagreement]
    seen = [separation(compare(*right(g, lost, both))) for g, lost, both in draw.multinomial(rows, shares, 400)]
    assert 0.70 < seen.count("better") / len(seen) < 0.88


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 500))
def test_the_interval_holds_the_gain_and_turns_with_the_sides(gained: int, lost: int, both: int) -> None:
    one, turned = compare(*right(gained, lost, both)), compare(*right(lost, gained, both))
    assert one.low_rate <= one.gain_rate <= one.high_rate
    assert one.p_value == turned.p_value
    assert one.gain_rate == -turned.gain_rate


def test_better_than_the_best_is_better_than_each() -> None:
    strong, weak, lost = compare(*right(60, 20, 900)), compare(*right(12, 9, 900)), compare(*right(10, 50, 900))
    assert against_best({"a": strong, "b": strong}).verdict == "better"
    assert against_best({"a": strong, "b": weak}).verdict == "not separable"
    assert against_best({"a": strong, "b": lost}).verdict == "worse"


def test_worse_than_one_of_many_by_chance_is_not_worse() -> None:
    """p = 0.041 alone is below 5 %, as the smallest of three it is not."""
    slightly_lost, same = compare(*right(5, 15, 80)), compare(*right(8, 8, 80))
    assert against_best({"a": slightly_lost}).verdict == "worse"
    among_three = against_best({"a": slightly_lost, "b": same, "c": same})
    assert (among_three.verdict, among_three.separations["a"]) == ("not separable", "not separable")


def test_the_one_that_decides_is_named_though_another_is_more_accurate() -> None:
    """65 against 86 disagreements show nothing, 0 against 20 do, though the gain is smaller."""
    noisy, steady = compare(*right(65, 86, 849)), compare(*right(0, 20, 980))
    against = against_best({"noisy": noisy, "steady": steady})
    assert noisy.gain_rate < steady.gain_rate
    assert (against.verdict, against.deciding) == ("worse", "steady")
    assert against.separations == {"noisy": "not separable", "steady": "worse"}


COUNTS = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda two: compare(*right(*two, 200 - sum(two))))


@settings(max_examples=40)  # each draws bootstrap samples
@given(st.lists(COUNTS, min_size=1, max_size=4))
def test_the_verdict_and_the_baselines_one_by_one_say_the_same(pairings: list[Pairing]) -> None:
    named = {str(at): pairing for at, pairing in enumerate(pairings)}
    against = against_best(named)
    told = list(against.separations.values())
    assert (against.verdict == "worse") == ("worse" in told)
    assert (against.verdict == "better") == (set(told) == {"better"})
    deciders = [name for name in named if against.verdict != "worse" or against.separations[name] == "worse"]
    assert named[against.deciding].gain_rate == min(named[name].gain_rate for name in deciders)
    assert against.deciding in deciders


@pytest.mark.parametrize(("first", "other"), [([], []), ([True], [True, False])])
def test_other_rows_cannot_be_compared(first: list[bool], other: list[bool]) -> None:
    with pytest.raises(ReportError, match="same rows"):
        compare(np.array(first, bool), np.array(other, bool))
