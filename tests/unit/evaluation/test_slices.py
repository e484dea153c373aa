from math import comb

import numpy as np
import pyarrow as pa
import pytest

from text_classifier.evaluation.slice_columns import OTHER, SLICE_ROWS
from text_classifier.evaluation.slices import slice_figures, worse_slices


def table(**columns: list[str | None]) -> pa.Table:
    return pa.table({f"slice_{name}": pa.array(values, pa.string()) for name, values in columns.items()})


def rights(*parts: tuple[int, int]) -> np.ndarray:
    """(right, rows) part by part, the right rows first."""
    return np.concatenate([np.arange(rows) < right for right, rows in parts])


def fisher(a: int, b: int, c: int, d: int) -> float:
    """Two-sided: all tables with these margins that are no likelier than this one."""
    rows, right, total = a + b, a + c, a + b + c + d
    chances = [comb(right, k) * comb(total - right, rows - k) / comb(total, rows) for k in range(min(rows, right) + 1)]
    return sum(chance for chance in chances if chance <= chances[a] * (1 + 1e-9))


def test_a_slice_is_held_against_the_rest_with_the_published_interval() -> None:
    """Newcombe 1998, table II, method 10: 56 of 70 against 48 of 80."""
    first, second = slice_figures(table(source=["a"] * 70 + ["b"] * 80), rights((56, 70), (48, 80)), "label")
    assert (first.dimension, first.name, first.accuracy.right_rows, first.accuracy.rows) == ("source", "a", 56, 70)
    gap = first.gap_rate
    assert (gap.value, gap.low, gap.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert second.gap_rate.value == pytest.approx(-0.2)
    assert first.p_value == second.p_value == pytest.approx(2 * fisher(56, 14, 48, 32))


def test_p_values_are_corrected_step_by_step_over_all_dimensions() -> None:
    sources = ["a"] * 50 + ["b"] * 50 + ["c"] * 100
    right = rights((25, 50), (38, 50), (80, 100))
    found = slice_figures(table(source=sources, kind=["x", "y"] * 100), right, "label")
    raw = [fisher(25, 25, 118, 32), fisher(38, 12, 105, 45), fisher(80, 20, 63, 37)]
    a, b, c = (next(one for one in found if one.name == name) for name in "abc")
    assert len(found) == 5
    assert raw[0] < raw[2] < raw[1]
    assert a.p_value == pytest.approx(5 * raw[0])
    assert c.p_value == pytest.approx(max(5 * raw[0], 4 * raw[2]))
    assert b.p_value == 1
    assert [one.name for one in found if one.is_flagged] == ["a"]


def test_what_is_better_than_the_rest_is_not_flagged() -> None:
    low, high = slice_figures(table(source=["a"] * 200 + ["b"] * 200), rights((100, 200), (180, 200)), "label")
    assert low.p_value == high.p_value < 1e-6
    assert (low.is_flagged, high.is_flagged) == (True, False)


def test_the_class_that_a_collapsed_model_never_answers_is_told_as_a_class() -> None:
    found = slice_figures(
        table(label=["neg"] * 50 + ["pos"] * 50, source=["a", "b"] * 50), rights((50, 50), (0, 50)), "label"
    )
    assert [(one.name, one.is_class, one.is_flagged) for one in found] == [
        ("neg", True, False),
        ("pos", True, True),
        ("a", False, False),
        ("b", False, False),
    ]


def test_rows_without_a_value_are_in_no_slice_and_in_no_rest() -> None:
    values = ["a"] * 30 + ["b"] * 30 + [None] * 40
    first, second = slice_figures(table(source=values), rights((15, 30), (15, 30), (0, 40)), "label")
    assert (first.gap_rate.value, second.gap_rate.value) == (0, 0)


def test_small_slices_are_left_out_but_count_among_the_rest() -> None:
    values = ["a"] * 30 + ["b"] * (SLICE_ROWS - 1)
    (only,) = slice_figures(table(source=values), rights((15, 30), (0, SLICE_ROWS - 1)), "label")
    assert (only.name, only.gap_rate.value) == ("a", 0.5)
    assert slice_figures(table(source=["b"] * 10 + ["c"] * 10), rights((5, 20)), "label") == ()
    assert slice_figures(table(source=["a"] * 30), rights((5, 30)), "label") == ()


def test_slices_stand_in_the_order_of_their_numbers_and_the_left_over_last() -> None:
    names = [OTHER, "1,200 to 9,000", "900 to 1,199", "10", "2", "2024-02", "2024-01", "-3 to 1", "BBC"]
    found = slice_figures(table(x=[name for name in names for _ in range(SLICE_ROWS)]), rights((90, 180)), "label")
    expected = ["-3 to 1", "2", "10", "900 to 1,199", "1,200 to 9,000", "2024-01", "2024-02", "BBC", OTHER]
    assert [one.name for one in found] == expected


def test_the_order_of_the_rows_changes_nothing() -> None:
    columns, right = table(source=["a"] * 70 + ["b"] * 80), rights((56, 70), (48, 80))
    order = np.random.default_rng(2).permutation(150)
    assert slice_figures(columns.take(order), right[order], "label") == slice_figures(columns, right, "label")


def test_of_a_hundred_slices_without_a_difference_none_is_flagged() -> None:
    """Alone, some of them would be."""
    right = np.random.default_rng(3).random(6_000) < 0.8
    found = slice_figures(table(source=[f"s{row % 100:02}" for row in range(6_000)]), right, "label")
    assert len(found) == 100
    assert sum(one.gap_rate.high < 0 for one in found) >= 2
    assert not any(one.is_flagged for one in found)


def test_a_slice_that_got_worse_is_named_though_the_whole_got_better() -> None:
    """Of "b", 12 rows are lost and none is gained: p = 2 / 2 ** 12, twice that after Holm's correction."""
    columns = table(source=["a"] * 100 + ["b"] * 50)
    first, other = rights((90, 100), (28, 50)), rights((60, 100), (40, 50))
    (change,) = worse_slices(columns, first, other)
    assert (change.dimension, change.name, change.pairing.rows) == ("source", "b", 50)
    assert (change.pairing.gained_rows, change.pairing.lost_rows) == (0, 12)
    assert change.p_value == pytest.approx(2**-11)
    assert [one.name for one in worse_slices(columns, other, first)] == ["a"]


def test_what_chance_does_to_one_of_many_slices_is_no_change() -> None:
    """Six lost rows alone: p = 0.031; as one of four slices 0.125."""
    columns = table(source=["a"] * 30 + ["b"] * 30 + ["c"] * 30 + ["d"] * 30)
    first, other = rights((20, 30), *[(26, 30)] * 3), rights(*[(26, 30)] * 4)
    assert worse_slices(columns, first, other) == ()
    assert [one.name for one in worse_slices(columns.slice(0, 30), first[:30], other[:30])] == ["a"]
    assert worse_slices(columns.slice(0, 30), first[:30], other[:30], level=0.03) == ()


def test_no_slice_is_no_change() -> None:
    assert worse_slices(table(source=["a"] * 5), rights((0, 5)), rights((5, 5))) == ()
