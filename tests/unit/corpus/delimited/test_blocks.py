"""The reader of blocks against the simplest one there is: `RecordReader`, one record after the other."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text_classifier.corpus.delimited import blocks
from text_classifier.corpus.delimited.blocks import read_blocks
from text_classifier.corpus.delimited.boundaries import Boundaries, Dialect
from text_classifier.corpus.delimited.header import Layout
from text_classifier.corpus.delimited.overlong import Source
from text_classifier.corpus.delimited.parsing import RecordReader
from text_classifier.corpus.delimited.streams import TextStream

Place = tuple[int, int]  # first line, lines
Rows = list[tuple[Place, tuple[str, ...], bytes]]
Faults = list[tuple[Place, str, str, bytes]]

WIDTH = 3
LAYOUT = Layout(";", WIDTH, {str(index): index for index in range(WIDTH)}, (), 0)
HOSTILE = [
    b"a", b" ", b";", b";", b";", b'"', b'"', b"\n", b"\n", b"\r", b"\r\n", b"\xff", b"\xc3\xa9", b"\x00", b"\x1c",
    b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\\", b'";"', b'""', b'\n"', b'";', b"x;y;z\n", b'"q";;r\r\n', b"NA;None;null\n",
]  # fmt: skip
DAMAGED = [b'"x"y;;\n', b"only two;fields\n", b"a;b;c;d\n", b"t\xff;;pos\n", b'"open;b;c\n', b'a;"b;c\n']
BLOCK_BYTES = st.sampled_from([7, 20, 50, 1 << 20])
ANY_TEXT = st.lists(st.sampled_from(HOSTILE), max_size=60).map(b"".join)
FIELD = st.text(st.sampled_from(list('ab";\n\r é\u2028\x00\ufeff')), max_size=6)
PLAIN_FIELD = st.text(st.sampled_from(list("ab; é")), max_size=5).map(lambda text: f"x{text}")
GOOD_ROWS = st.lists(st.lists(FIELD, min_size=WIDTH, max_size=WIDTH), max_size=8)


def read(data: bytes, block_bytes: int, dialect: Dialect, layout: Layout = LAYOUT) -> tuple[Rows, Faults, int, int]:
    source = Source(TextStream(io.BytesIO(data), "a.csv", "utf-8"), Path())
    rows: Rows = []
    faults: Faults = []
    lines = blank = 0
    for block in read_blocks(source, layout, dialect, b"", block_bytes):
        columns = [block.columns[name].to_pylist() for name in layout.positions] if block.columns else []
        for index, fields in enumerate(zip(*columns, strict=True)):
            first, count, _, _ = map(int, block.places[:, index])
            rows.append(((first, count), fields, block.raw(index)))
        faults += [((fault.row, fault.lines), fault.rule, fault.reason, fault.raw) for fault in block.rejected]
        lines += block.line_count
        blank += block.blank_lines
    assert lines == source.count.lines
    return rows, sorted(faults), lines, blank


def read_simply(data: bytes, dialect: Dialect) -> tuple[Rows, Faults, int, int]:
    boundaries = Boundaries(data, dialect, is_last=True)
    reader, rows, faults, start, line, blank = RecordReader(boundaries, WIDTH, "utf-8"), [], [], 0, 1, 0
    while start < len(data):
        record = reader.read(start)
        assert record is not None
        end = int(boundaries.line_ends[line + record.lines - 2])
        place, raw = (line, record.lines), data[start:end]
        if record.rule:
            faults.append((place, record.rule, record.reason, raw))
        elif record.fields:
            rows.append((place, record.fields, raw))
        else:
            blank += 1
        start, line = end, line + record.lines
    return rows, sorted(faults), line - 1, blank


def without_mark(data: bytes) -> bytes:
    """The file begins with a line of its own, as with a header, so that no mark at its beginning is one."""
    return b"h;h;h\n" + data


@settings(max_examples=2_000, deadline=None)
@given(data=ANY_TEXT.map(without_mark), block_bytes=BLOCK_BYTES, escape=st.sampled_from(["", "", "\\"]))
def test_blocks_are_what_one_record_after_the_other_is(data: bytes, block_bytes: int, escape: str) -> None:
    assert read(data, block_bytes, Dialect(";", escape)) == read_simply(data, Dialect(";", escape))


@settings(max_examples=600, deadline=None)
@given(data=ANY_TEXT.map(without_mark), block_bytes=BLOCK_BYTES, most=st.integers(1, 5))
def test_blocks_that_end_early_lose_nothing(data: bytes, block_bytes: int, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_MOST_REJECTED", most)
        assert read(data, block_bytes, Dialect(";")) == read_simply(data, Dialect(";"))


def test_what_follows_a_block_that_is_full_at_its_last_byte_is_read() -> None:
    line = b"x" * 63 + b"\n"
    data = without_mark(line * 70_000 + b"a;b;c\n")
    rows, faults, lines, _ = read(data, 20_000 * len(line), Dialect(";"))
    assert (len(rows), len(faults), lines) == (2, 70_000, 70_002)


@settings(max_examples=400, deadline=None)
@given(data=ANY_TEXT.map(without_mark), block_bytes=BLOCK_BYTES)
def test_every_byte_is_in_a_row_or_a_fault_or_blank(data: bytes, block_bytes: int) -> None:
    rows, faults, lines, blank = read(data, block_bytes, Dialect(";"))
    parts = sorted([(place, raw) for place, _, raw in rows] + [(place, raw) for place, _, _, raw in faults])
    covered = [line for (first, count), _ in parts for line in range(first, first + count)]
    assert len(covered) == len(set(covered)) == lines - blank
    assert sum(len(raw) for _, raw in parts) + blank <= len(data) <= sum(len(raw) for _, raw in parts) + 2 * blank


@settings(max_examples=400, deadline=None)
@given(
    rows=GOOD_ROWS,
    written=st.sampled_from(
        [("\r\n", csv.QUOTE_MINIMAL), *((ending, csv.QUOTE_ALL) for ending in ("\n", "\r\n", "\r"))]
    ),
    delimiter=st.sampled_from([";", ",", "\t", "|", "\x1f", "§"]),
    block_bytes=BLOCK_BYTES,
)
def test_what_a_csv_writer_wrote_comes_back(
    rows: Sequence[Sequence[str]], written: tuple[str, Literal[0, 1]], delimiter: str, block_bytes: int
) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=written[0], quoting=written[1])
    writer.writerows([["h"] * WIDTH, *rows])
    layout = Layout(delimiter, WIDTH, LAYOUT.positions, (), 0)
    found, faults, _, _ = read(stream.getvalue().encode(), block_bytes, Dialect(delimiter), layout)
    assert [list(fields) for _, fields, _ in found[1:]] == rows
    assert not faults


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.lists(PLAIN_FIELD, min_size=WIDTH, max_size=WIDTH), min_size=2, max_size=6),
    place=st.integers(0, 6),
    damage=st.sampled_from(DAMAGED),
    block_bytes=BLOCK_BYTES,
)  # fmt: skip
def test_a_damaged_row_costs_itself_only(
    rows: Sequence[Sequence[str]], place: int, damage: bytes, block_bytes: int
) -> None:
    written = []
    for row in rows:
        stream = io.StringIO(newline="")
        csv.writer(stream, delimiter=";", quoting=csv.QUOTE_ALL).writerow(row)
        written.append(stream.getvalue().encode())
    data = b"h;h;h\n" + b"".join([*written[:place], damage, *written[place:]])
    found, faults, _, _ = read(data, block_bytes, Dialect(";"))
    assert [list(fields) for _, fields, _ in found[1:]] == rows
    assert [raw for *_, raw in faults] == [damage]


@pytest.mark.parametrize("escape", ["", "\\"])
def test_regular_records_need_no_second_look(escape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecordReader, "read", None)
    data = b'"a";"b\n""c""";d\r\n\ne;f;g\n'
    assert [fields for _, fields, _ in read(data, 1 << 20, Dialect(";", escape))[0]] == [
        ("a", 'b\n"c"', "d"),
        ("e", "f", "g"),
    ]
