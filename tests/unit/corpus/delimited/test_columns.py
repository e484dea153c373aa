import datetime
import math

import pyarrow as pa
import pytest

from text_classifier.contract.declared.columns import Column, LogicalType
from text_classifier.corpus.delimited.columns import typed, with_aliases

GOOD: list[tuple[LogicalType, str, object]] = [
    ("integer", "-12", -12),
    ("integer", "007", 7),
    ("integer", "9" * 18, 10**18 - 1),
    ("number", "1.5e3", 1500.0),
    ("number", "-.5", -0.5),
    ("number", "3", 3.0),
    ("date", "0001-01-01", datetime.date.min),
    ("date", "9999-12-31", datetime.date.max),
    ("date", "2024-02-29", datetime.date(2024, 2, 29)),
    ("boolean", "TRUE", True),
    ("boolean", "false", False),
    ("string", "NA", "NA"),
    ("string", "null", "null"),
    ("string", " ", " "),
]
BAD: list[tuple[LogicalType, str]] = [
    ("integer", "1.0"),
    ("integer", "0x1F"),
    ("integer", " 1"),
    ("integer", "1_000"),
    ("integer", "٣"),
    ("integer", "9" * 19),
    ("integer", "-9223372036854775809"),
    ("number", "nan"),
    ("number", "inf"),
    ("number", "-1e400"),
    ("number", "1e999"),
    ("number", "1,5"),
    ("date", "0000-01-01"),
    ("date", "2023-02-29"),
    ("date", "2023-2-1"),
    ("date", "01/02/2023"),
    ("date", "2023-02-01T00:00"),
    ("boolean", "1"),
    ("boolean", "yes"),
]


def column(logical_type: LogicalType) -> Column:
    return Column("c", logical_type)


@pytest.mark.parametrize(("logical_type", "text", "value"), GOOD)
def test_a_value_gets_its_type(logical_type: LogicalType, text: str, value: object) -> None:
    result, bad = typed(pa.array([text], pa.string()), column(logical_type))
    assert result.to_pylist() == [value]
    assert not bad.any()


@pytest.mark.parametrize(("logical_type", "text"), BAD)
def test_what_is_no_value_is_bad_and_not_guessed_at(logical_type: LogicalType, text: str) -> None:
    good = next(example for kind, example, _ in GOOD if kind == logical_type)
    result, bad = typed(pa.array([good, text, ""], pa.string()), column(logical_type))
    assert bad.tolist() == [False, True, False]
    assert result[1].as_py() is None
    assert result[0].as_py() is not None


def test_a_year_0_is_bad_among_other_bad_dates_too() -> None:
    _, bad = typed(pa.array(["0000-01-01", "2023-02-30", "2024-01-01"], pa.string()), column("date"))
    assert bad.tolist() == [True, True, False]


@pytest.mark.parametrize("logical_type", ["string", "integer", "number", "date", "boolean"])
def test_an_empty_string_is_null_and_not_bad(logical_type: LogicalType) -> None:
    result, bad = typed(pa.array([""], pa.string()), column(logical_type))
    assert result.to_pylist() == [None]
    assert not bad.any()


def test_numbers_are_finite() -> None:
    result, _ = typed(pa.array(["1e308", "1e309"], pa.string()), column("number"))
    assert [value is None or math.isfinite(value) for value in result.to_pylist()] == [True, True]


def test_classes_go_by_their_own_names() -> None:
    named = with_aliases(pa.array(["positive", "pos", "other", ""], pa.string()), {"positive": "pos"})
    assert named.equals(pa.array(["pos", "pos", "other", ""], pa.string()))
