import numpy as np
import pyarrow as pa
import pytest

from text_classifier.champion.slices import worse_slices


def a_table(rows: int, **columns: list[str | None]) -> pa.Table:
    table = {"text_digest": ["x"] * rows}
    return pa.table(table | {f"slice_{name}": pa.array(values, pa.string()) for name, values in columns.items()})


def right(rows: int, wrong: range) -> np.ndarray:
    answers = np.ones(rows, dtype=bool)
    answers[list(wrong)] = False
    return answers


def test_the_slice_that_lost_is_named_with_its_dimension() -> None:
    source = ["BBC" if n < 50 else "CNN" for n in range(100)]
    first, other = right(100, range(10)), right(100, range(50, 60))
    assert worse_slices(a_table(100, source=source), first, other) == ("source = BBC",)
    assert worse_slices(a_table(100, source=source), other, first) == ("source = CNN",)


@pytest.mark.parametrize(("lost_rows", "slices", "is_seen"), [(6, 1, True), (6, 2, False), (7, 2, True), (5, 1, False)])
def test_the_exact_test_is_corrected_for_the_number_of_slices(lost_rows: int, slices: int, is_seen: bool) -> None:
    """Two-sided: 2 * 0.5**6 = 0.031 and 2 * 0.5**7 = 0.016; with two slices the smaller is held to 0.025."""
    rows = 100
    names: list[str | None] = [f"{n * slices // rows}" for n in range(rows)]
    first, other = right(rows, range(lost_rows)), right(rows, range(rows - 1, rows))
    if slices == 1:
        other = right(rows, range(0))
    assert bool(worse_slices(a_table(rows, part=names), first, other)) == is_seen


def test_the_correction_is_over_all_dimensions() -> None:
    first, other = right(100, range(6)), right(100, range(0))
    one: list[str | None] = ["all"] * 100
    assert worse_slices(a_table(100, one=one), first, other) == ("one = all",)
    assert worse_slices(a_table(100, one=one, two=one), first, other) == ()


def test_rows_without_a_slice_count_in_none() -> None:
    part: list[str | None] = [None] * 50 + ["rest"] * 50
    assert worse_slices(a_table(100, part=part), right(100, range(40)), right(100, range(0))) == ()


def test_without_slices_or_differences_nothing_got_worse() -> None:
    same = right(100, range(10))
    assert worse_slices(a_table(100), same, ~same) == ()
    assert worse_slices(a_table(100, part=["x"] * 100), same, same) == ()
