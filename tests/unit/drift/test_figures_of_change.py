from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.drift.columns import MOST_VALUES, counted
from text_classifier.drift.distances import chi_square_p, kolmogorov_smirnov, quantiles, shares, total_variation
from text_classifier.drift.telling_apart import FEWEST_TEXTS, Sample, told_apart

COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50), min_size=1).filter(
    lambda c: sum(c.values()) > 0
)


@given(COUNTS, COUNTS)
def test_the_distance_of_shares_is_a_distance(old: dict[str, int], new: dict[str, int]) -> None:
    distance = total_variation(shares(old, new))
    assert 0 <= distance <= 1 + 1e-12
    assert distance == pytest.approx(total_variation(shares(new, old)))
    assert total_variation(shares(old, {name: 3 * rows for name, rows in old.items()})) == pytest.approx(0)
    assert 0 <= chi_square_p(old, new) <= 1


def test_the_distance_of_shares_by_hand() -> None:
    found = shares({"a": 6, "b": 4}, {"b": 1, "c": 1})
    assert (found.names, found.old, found.new) == (("a", "b", "c"), (0.6, 0.4, 0), (0, 0.5, 0.5))
    assert total_variation(found) == pytest.approx(0.6)
    assert total_variation(shares({"a": 1}, {"b": 9})) == 1


def test_numbers_are_ordered_as_numbers() -> None:
    assert shares({"10": 1, "9": 1, "2": 1}, {"1": 1}).names == ("1", "2", "9", "10")


def test_p_values_against_a_published_table() -> None:
    """Agresti, Introduction to Categorical Data Analysis, party by gender: X2 = 30.1 with 2 degrees of freedom."""
    women, men = {"democrat": 762, "independent": 327, "republican": 468}, {"democrat": 484, "independent": 239}
    assert chi_square_p(women, men | {"republican": 477}) == pytest.approx(2.95e-7, rel=0.01)
    assert chi_square_p({"only": 3}, {"only": 5}) == 1


def test_the_distance_of_lengths_by_hand() -> None:
    distance, p_value = kolmogorov_smirnov(np.arange(100), np.arange(100) + 50)
    assert distance == pytest.approx(0.5)
    assert p_value < 1e-9
    assert kolmogorov_smirnov(np.ones(5), np.ones(7)) == (0, 1)
    assert quantiles(np.arange(101), np.array([4])).old == pytest.approx(tuple(range(101)))


def column(*values: object) -> "pa.ChunkedArray":
    return pa.chunked_array([pa.array(values)])


def test_dates_are_counted_by_month_and_many_years_by_year() -> None:
    old = column(date(2024, 1, 1), date(2024, 1, 31), date(2024, 2, 1), None)
    assert counted(old, old) == ({"2024-01": 2, "2024-02": 1},) * 2
    centuries = column(*(date(1950 + year, month, 1) for year in range(40) for month in (1, 7)))
    assert counted(old, centuries)[1]["1987"] == 2  # type: ignore[index]


def test_many_numbers_are_counted_by_the_tenths_of_the_old_ones() -> None:
    assert counted(column(1, 2, 2), column(3)) == ({"1": 1, "2": 2}, {"3": 1})
    old, new = counted(column(*range(1000)), column(*range(990, 1010)))  # type: ignore[misc]
    assert set(old.values()) == {100}
    assert new == {"tenth 10, above 899.1": 20}
    assert counted(column(*np.full(200, 0.5), *np.arange(100) / 7), column(0.5)) is not None


def test_many_words_are_not_counted() -> None:
    names = [f"name {number}" for number in range(MOST_VALUES + 1)]
    assert counted(column(*names), column(*names)) is None
    assert counted(column(*names[1:]), column(*names[1:])) is not None


def sample(seed: int, count: int, words: str, groups: int = 0) -> Sample:
    draw = np.random.default_rng(seed)
    texts = [" ".join(draw.choice(words.split(), 8)) for _ in range(count)]
    return Sample(texts, [f"film {n % groups}" if groups else f"{seed} {n}" for n in range(count)])


SAME = "a b c d e f g h i j k l m n o p"


def test_texts_of_two_topics_are_told_apart_and_the_words_are_named() -> None:
    found = told_apart(sample(1, 200, SAME), sample(2, 200, SAME + " goal"))
    assert found is not None
    assert found.accuracy_rate > 0.6
    assert found.p_value < 0.001
    assert found.words[0] == "goal"
    assert found == told_apart(sample(1, 200, SAME), sample(2, 200, SAME + " goal"))


def test_texts_of_one_topic_are_told_apart_by_chance_as_often_as_the_p_value_says() -> None:
    found = [told_apart(sample(2 * seed, 100, SAME), sample(2 * seed + 1, 100, SAME)) for seed in range(60)]
    small = sum(one is not None and one.p_value < 0.1 for one in found)
    assert small <= 13  # 6 are expected; more than 13 less than once in 200 times


def test_longer_texts_of_the_same_topic_are_not_told_apart() -> None:
    short, long = sample(1, 2_000, SAME), sample(2, 4_000, SAME)
    doubled = Sample([f"{one} {other}" for one, other in zip(*[iter(long.texts)] * 2, strict=True)], long.keys[:2_000])
    found = told_apart(short, doubled)
    assert found is not None
    assert abs(found.accuracy_rate - 0.5) < 0.03


def films(prefix: str) -> Sample:
    """Forty films of ten reviews, each of which says no more than what film it is about."""
    keys = [f"{prefix}{number % 40}" for number in range(400)]
    return Sample([f"about {key} number{place}" for place, key in enumerate(keys)], keys)


def test_a_group_that_is_known_again_tells_nothing() -> None:
    """The films of old and new are other ones, so who has read a review of each would know all the others."""
    found = told_apart(films("drama"), films("comedy"))
    assert found is not None
    assert found.accuracy_rate < 0.6
    ungrouped = [Sample(side.texts, list(map(str, range(400)))) for side in (films("drama"), films("comedy"))]
    assert told_apart(*ungrouped).accuracy_rate > 0.95  # type: ignore[union-attr]


def test_too_few_texts_in_a_half_are_not_told_apart() -> None:
    assert told_apart(sample(1, FEWEST_TEXTS, SAME), sample(2, FEWEST_TEXTS, SAME, groups=1)) is None
