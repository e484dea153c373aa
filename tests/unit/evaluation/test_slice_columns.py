from collections import Counter
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.evaluation.slice_columns import BANDS, OTHER, VALUES, slice_columns

ROWS = 400


def examples(**columns: object) -> pa.Table:
    """ROWS examples with two labels and texts of 1 to 100 characters, beside other columns of a contract."""
    known = {
        "example_id": [str(row) for row in range(ROWS)],
        "row": list(range(ROWS)),
        "group": [f"film {row % 2}" for row in range(ROWS)],
        "text_digest": ["ab"] * ROWS,
        "text": ["é" * (row % 100 + 1) for row in range(ROWS)],
        "label": ["neg", "pos"] * (ROWS // 2),
    }
    return pa.table(known | columns)


def slices(name: str, values: object) -> Counter[str | None] | None:
    """Rows by slice of one further column; None where it gives no dimension."""
    found = slice_columns(examples(**{name: values}), "label")
    return Counter(found[f"slice_{name}"].to_pylist()) if f"slice_{name}" in found.column_names else None


def days(count: int, step: int) -> pa.Array:
    first = date(2019, 1, 1)
    return pa.array([first + timedelta(days=step * (row % count)) for row in range(ROWS)], pa.date32())


def test_label_and_length_are_always_there_and_keys_never() -> None:
    found = slice_columns(examples(), "label")
    assert found.column_names == ["slice_label", "slice_text_length"]
    assert found["slice_label"].to_pylist() == examples()["label"].to_pylist()
    assert set(found.schema.types) == {pa.string()}


def test_lengths_fall_into_quartiles_with_plain_names() -> None:
    found = Counter(slice_columns(examples(), "label")["slice_text_length"].to_pylist())
    assert found == {
        "1 to 25 characters": 100,
        "26 to 50 characters": 100,
        "51 to 75 characters": 100,
        "76 to 100 characters": 100,
    }


def test_thousands_are_told_apart() -> None:
    table = examples(text=["x" * length for length in range(900, 900 + ROWS)])
    assert "1,200 to 1,299 characters" in slice_columns(table, "label")["slice_text_length"].to_pylist()


def test_the_label_goes_by_its_own_name_beside_another_label() -> None:
    found = slice_columns(examples(category=["Health", "Sports", "Arts", "Arts"] * 100), "category")
    assert found.column_names == ["slice_label", "slice_category", "slice_text_length"]


def test_a_rare_class_stays_a_slice_of_its_own() -> None:
    found = slice_columns(examples(label=["pos"] * 395 + ["neg"] * 5), "label")
    assert Counter(found["slice_label"].to_pylist()) == {"pos": 395, "neg": 5}


def test_rates_of_unknown_words_fall_into_quartiles_and_equal_ones_stay_together() -> None:
    rates = np.array([0.0] * 200 + [0.01] * 100 + [0.5] * 99 + [np.nan])
    found = Counter(slice_columns(examples(), "label", rates)["slice_out_of_vocabulary"].to_pylist())
    assert found == {
        "0.00 to 0.00 % unknown": 200,
        "1.00 to 1.00 % unknown": 100,
        "50.00 to 50.00 % unknown": 99,
        None: 1,
    }


def test_few_values_are_slices_and_missing_ones_belong_to_none() -> None:
    assert slices("source", (["BBC", "CNN", None, "BBC"] * 100)) == {"BBC": 200, "CNN": 100, None: 100}
    assert slices("rating", pa.array([1, 2, 10, None] * 100, pa.int64())) == {"1": 100, "2": 100, "10": 100, None: 100}
    assert slices("is_verified", [True, False] * 200) == {"true": 200, "false": 200}


def test_rare_values_are_taken_together() -> None:
    assert slices("source", ["BBC"] * 300 + ["CNN"] * 81 + ["X"] * 19) == {"BBC": 300, "CNN": 81, OTHER: 19}


def test_more_than_the_most_frequent_values_are_taken_together() -> None:
    table = pa.table({"text": ["a"] * 800, "label": ["a", "b"] * 400, "source": [f"s{n % 40:02}" for n in range(800)]})
    found = Counter(slice_columns(table, "label")["slice_source"].to_pylist())
    assert len(found) == VALUES + 1
    assert found[OTHER] == 200


@pytest.mark.parametrize("values", [["same"] * ROWS, [None] * ROWS, [f"title {row}" for row in range(ROWS)]])
def test_a_column_that_tells_no_rows_or_all_rows_apart_is_no_dimension(values: list[str | None]) -> None:
    assert slices("title", pa.array(values, pa.string())) is None


def test_many_numbers_fall_into_quartiles() -> None:
    assert slices("words", list(range(ROWS))) == {f"{100 * at} to {100 * at + 99}": 100 for at in range(4)}
    assert slices("score", [row / ROWS for row in range(ROWS)])["0.25 to 0.4975"] == 100


def test_dates_go_by_month_by_year_or_by_bands_of_years() -> None:
    assert set(slices("date", days(90, 1))) == {"2019-01", "2019-02", "2019-03"}
    assert set(slices("date", days(400, 3))) == {"2019", "2020", "2021", "2022"}
    assert set(slices("date", days(400, 30))) == {"2019 to 2027", "2028 to 2035", "2036 to 2043", "2044 to 2051"}


@given(st.lists(st.integers(-50, 50) | st.none(), min_size=ROWS, max_size=ROWS))
def test_bands_are_few_and_hold_every_value_between_their_names(values: list[int | None]) -> None:
    table = examples(x=pa.array([None if value is None else value * 1.5 for value in values], pa.float64()))
    found = slice_columns(table, "label")
    if "slice_x" not in found.column_names:
        return
    named = found["slice_x"].to_pylist()
    assert len(set(named) - {None}) <= BANDS
    for value, name in zip(table["x"].to_pylist(), named, strict=True):
        assert (value is None) == (name is None)
        if name is not None:
            low, high = map(float, name.split(" to "))
            assert low <= value <= high
