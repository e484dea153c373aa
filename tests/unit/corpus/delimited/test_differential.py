"""Well-formed files, read here and by two other readers: DuckDB's and Arrow's must find the same rows."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXT = st.text(st.sampled_from(list('ab";\n é€😀\\,|\t\u2028')), max_size=12)
ROW = st.tuples(TEXT, st.sampled_from(["", "2024-01-31"]), st.sampled_from(["pos", "neg"]))
ROWS = st.lists(ROW, min_size=1, max_size=30)
NAMES = ["text", "date", "label"]


def written(rows: list[tuple[str, str, str]], ending: str, quoting: Any) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=";", lineterminator=ending, quoting=quoting)
    writer.writerow(NAMES)
    writer.writerows(rows)
    return stream.getvalue().encode()


def by_duckdb(path: Path) -> list[tuple[str, str, str]]:
    columns = dict.fromkeys(NAMES, "VARCHAR")
    with duckdb.connect(config={"threads": 1}) as connection:
        read = connection.read_csv(
            str(path), delimiter=";", quotechar='"', escapechar='"', header=True, columns=columns, auto_detect=False,
            na_values="\x01", max_line_size=1 << 20,
        )  # fmt: skip
        return [tuple(value or "" for value in row) for row in read.fetchall()]  # type: ignore[misc]


def by_arrow(data: bytes) -> list[tuple[str, str, str]]:
    table = pa_csv.read_csv(
        pa.BufferReader(data),
        pa_csv.ReadOptions(use_threads=False),
        pa_csv.ParseOptions(delimiter=";", newlines_in_values=True),
        pa_csv.ConvertOptions(column_types=dict.fromkeys(NAMES, pa.string()), strings_can_be_null=False),
    )
    return list(zip(*(table[name].to_pylist() for name in NAMES), strict=True))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, ending=st.sampled_from(["\n", "\r\n"]), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_well_formed_rows_are_what_duckdb_and_arrow_find(
    tmp_path: Path, read_bytes: Callable[..., Any], rows: list[tuple[str, str, str]], ending: str, quoting: Any
) -> None:
    data = written(rows, ending, quoting)
    (tmp_path / "a.csv").write_bytes(data)
    found = [
        (row["text"] or "", row["date"].isoformat() if row["date"] else "", row["label"])
        for row in read_bytes(data).rows
    ]
    assert found == rows == by_arrow(data) == by_duckdb(tmp_path / "a.csv")


def test_of_a_bad_quote_the_others_leak_what_is_set_aside_here(tmp_path: Path, read_bytes: Callable[..., Any]) -> None:
    data = b'text;date;label\n"a"b;;pos\nc;;neg\n'
    (tmp_path / "a.csv").write_bytes(data)
    read = read_bytes(data)
    assert ([row["text"] for row in read.rows], [row["row"] for row in read.rejected]) == (["c"], [2])
    assert by_arrow(data)[0] == ("ab", "", "pos")
    with pytest.raises(duckdb.InvalidInputException, match="unterminated quote"):
        by_duckdb(tmp_path / "a.csv")
