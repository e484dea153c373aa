import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from text_classifier.contract.declared.columns import Column
from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.delimited.reading import LineCount, read_delimited
from text_classifier.errors import DamagedOutputError, SourceFormatError

Reads = Callable[..., Any]
HEADER = b"text;date;label\n"
TEXT = st.text(st.characters(codec="utf-8", include_characters='";\n\r'), max_size=12)
READING = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(rows: list[tuple[str, str, str]]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=";", lineterminator="\r\n").writerows([("text", "date", "label"), *rows])
    return stream.getvalue().encode()


@READING
@given(texts=st.lists(TEXT, min_size=1, max_size=8), block_bytes=st.integers(1, 64))
def test_texts_come_back_exactly(read_bytes: Reads, texts: list[str], block_bytes: int) -> None:
    read = read_bytes(written([(text, "2024-01-31", "pos") for text in texts]), block_bytes=block_bytes)
    assert [row["text"] for row in read.rows] == [text or None for text in texts]
    assert not read.rejected


@READING
@given(data=st.data(), texts=st.lists(TEXT, min_size=2, max_size=6))
def test_a_damaged_row_costs_itself_only(read_bytes: Reads, data: st.DataObject, texts: list[str]) -> None:
    damage = data.draw(st.sampled_from([b'"x"y;;', b"only two;fields", b"a;b;c;d", b"t;2024-13-01;pos", b"t\xff;;pos"]))
    place = data.draw(st.integers(0, len(texts)))
    rows = [written([(text, "", "pos")]).split(b"\r\n", 1)[1] for text in texts]
    read = read_bytes(HEADER + b"".join([*rows[:place], damage + b"\r\n", *rows[place:]]))
    assert [row["text"] for row in read.rows] == [text or None for text in texts]
    assert [row["raw"] for row in read.rejected] == [damage + b"\r\n"]


@READING
@given(body=st.binary(max_size=200) | st.text('a";\n\r2', max_size=200).map(str.encode), block_bytes=st.integers(1, 99))
def test_every_line_of_any_bytes_is_accounted_for(read_bytes: Reads, body: bytes, block_bytes: int) -> None:
    read = read_bytes(HEADER + body, block_bytes=block_bytes)
    taken = [(row["row"], row["lines"]) for row in (*read.rows, *read.rejected)]
    lines = [line for start, count in taken for line in range(start, start + count)]
    assert len(lines) == len(set(lines)) == read.count.lines - read.count.blank_lines - 1
    assert read.rows == read_bytes(HEADER + body).rows


def test_a_lost_row_is_noticed(tmp_path: Path, contract: Contract, losing_sink: Any) -> None:
    (tmp_path / "a.csv").write_bytes(HEADER + b"a;;pos\nb;;neg\n")
    with pytest.raises(DamagedOutputError, match=r"a\.csv; seen: 1 kept and 0 rejected rows; expected: 2 rows"):
        with losing_sink(contract) as sink:
            read_delimited(tmp_path / "a.csv", contract, sink)


@pytest.mark.parametrize("part", ["lines", "header_lines", "blank_lines", "kept_lines", "rejected_lines"])
def test_a_lost_line_is_noticed(part: str) -> None:
    count = LineCount(lines=10, header_lines=1, blank_lines=2, kept_lines=3, rejected_lines=4)
    count.demand_balance("a.csv")
    setattr(count, part, getattr(count, part) + 1)
    with pytest.raises(DamagedOutputError, match=r"a line was lost or doubled.*a\.csv"):
        count.demand_balance("a.csv")


FAULTS = [
    (b"a;2024-01-01\n", "width", None, "2 fields where the header has 3"),
    (b"a;2024-01-01;pos;\n", "width", None, "4 fields where the header has 3"),
    (b"a;soon;pos\n", "type:date", "date", "'soon' is no date"),
    (b'"a"b;;pos\n', "quote", None, "expected after"),
    (b"caf\xe9;;pos\n", "encoding", None, "not utf-8"),
]


@pytest.mark.parametrize(("line", "rule", "column", "reason"), FAULTS)
def test_a_bad_row_is_set_aside_with_line_rule_and_raw_text(
    read_bytes: Reads, line: bytes, rule: str, column: str | None, reason: str
) -> None:
    read = read_bytes(HEADER + b'"two\nlines";;pos\n\n' + line + b"last;;neg\n")
    assert [(row["row"], row["lines"], row["text"]) for row in read.rows] == [(2, 2, "two\nlines"), (6, 1, "last")]
    rejected = read.rejected[0]
    assert (rejected["row"], rejected["lines"], rejected["rule"], rejected["column"]) == (5, 1, rule, column)
    assert reason in rejected["reason"]
    assert (rejected["raw"], rejected["raw_bytes"], rejected["stage"]) == (line, len(line), "parse")
    assert read.count.blank_lines == 1


def test_an_undecodable_line_takes_its_whole_row_with_it(read_bytes: Reads) -> None:
    read = read_bytes(HEADER + b'"one\ncaf\xe9\nthree";;pos\nlast;;neg\n')
    assert [row["text"] for row in read.rows] == ["last"]
    assert (read.rejected[0]["row"], read.rejected[0]["lines"]) == (2, 3)


def test_a_huge_rejected_row_is_cut_and_says_so(read_bytes: Reads) -> None:
    line = b"x" * 100_000 + b"\n"
    rejected = read_bytes(HEADER + line).rejected[0]
    assert (len(rejected["raw"]), rejected["raw_bytes"]) == (65_536, 100_001)


def test_a_declared_legacy_encoding_is_used(read_bytes: Reads, contract: Contract) -> None:
    read = read_bytes(HEADER + b"caf\xe9;;pos\n", replace(contract, encoding="cp1252"))
    assert read.rows[0]["text"] == "café"


def test_classes_are_known_by_their_aliases_and_groups_by_their_column(read_bytes: Reads, contract: Contract) -> None:
    grouped = replace(contract, columns=(*contract.columns, Column("film", "string")), group_column="film")
    read = read_bytes(b"text;date;label;film\na;;positive;tt1\nb;;odd;\n", grouped)
    assert [(row["label"], row["film"], row["group"]) for row in read.rows] == [
        ("pos", "tt1", "tt1"),
        ("odd", None, None),
    ]
    assert [row["example_id"] for row in read.rows] == ["2", "3"]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(read_bytes: Reads, data: bytes) -> None:
    with pytest.raises(SourceFormatError, match="the file is empty"):
        read_bytes(data)


def test_a_file_of_another_shape_is_refused(read_bytes: Reads) -> None:
    with pytest.raises(SourceFormatError, match="no delimiter yields the contract's columns"):
        read_bytes(b"title^text\n1^2\n")
