"""Records that are longer than what is held in memory."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from text_classifier.contract import Contract
from text_classifier.corpus.delimited import overlong
from text_classifier.corpus.delimited.parsing import MAX_RECORD_BYTES
from text_classifier.errors import SourceFormatError
from text_classifier.records import RAW_BYTES_KEPT

Reads = Callable[..., Any]
HEADER, GOOD = b"text;date;label\n", b"good;2024-01-31;pos\n"
LONG = b"lorem ipsum; " * (MAX_RECORD_BYTES // 13 + 10)
LINE = b"lorem ipsum, dolor " * 50 + b"\n"
LINES = LINE * (MAX_RECORD_BYTES // len(LINE) + 10)


@pytest.mark.parametrize(
    ("record", "lines"),
    [
        (LONG + b"\n", 1),
        (LONG + b"\r\n", 1),
        (b'"' + LONG + b'";;pos\n', 1),
        (b'"' + LONG.replace(b"; ", b'""') + b'";;pos\r\n', 1),
        (b'"' + LINES + b'";;pos\n', LINES.count(b"\n") + 1),
        (b'a;;"' + LINES + b'"\n', LINES.count(b"\n") + 1),
        (b'"' + LINES.replace(b"\n", b"\r") + b'";;pos\n', LINES.count(b"\n") + 1),
    ],
)
@pytest.mark.parametrize("after", [GOOD, b""])
def test_a_record_over_the_limit_is_one_rejected_row(
    read_bytes: Reads, record: bytes, lines: int, after: bytes
) -> None:
    read = read_bytes(HEADER + GOOD + record + after)
    assert len(read.rows) == 1 + bool(after)
    (rejected,) = read.rejected
    assert (rejected["row"], rejected["lines"], rejected["rule"]) == (3, lines, "too-long")
    assert (rejected["raw"], rejected["raw_bytes"]) == (record[:RAW_BYTES_KEPT], len(record))


def test_an_unclosed_quote_before_more_than_the_limit_costs_its_line_only(read_bytes: Reads) -> None:
    rows = GOOD * (MAX_RECORD_BYTES // len(GOOD) + 10)
    read = read_bytes(HEADER + b'"open;;pos\n' + rows + b'"open;;pos\n' + rows + b'"quoted";;pos\n')
    assert len(read.rows) == 2 * rows.count(b"\n") + 1
    assert [(row["row"], row["lines"], row["rule"]) for row in read.rejected] == [
        (2, 1, "quote"),
        (3 + rows.count(b"\n"), 1, "quote"),
    ]


ROWS_INSIDE = GOOD * (MAX_RECORD_BYTES // len(GOOD) + 10)


def test_lines_of_long_records_never_pass_for_rows_however_many_there_are(read_bytes: Reads) -> None:
    long = b'"' + ROWS_INSIDE + b'";;pos\n'
    read = read_bytes(HEADER + long * (overlong.MAX_LOOKS_IN_VAIN + 1) + GOOD, block_bytes=8 << 20)
    assert [row["text"] for row in read.rows] == ["good"]
    assert {row["rule"] for row in read.rejected} == {"too-long"}


@pytest.mark.parametrize(
    ("dialect", "inside"),
    [
        ({"delimiters": ("¦",)}, "inner¦2024-01-31¦pos\n"),
        ({"delimiters": ("│",)}, "inner│2024-01-31│pos\n"),
        ({"escape": "\\"}, 'a \\"word\\"\ninner;2024-01-31;pos\n'),
        ({"escape": "\\"}, "a line\\\r\ninner;2024-01-31;pos\n"),
    ],
)
def test_nor_do_they_under_another_delimiter_or_with_escapes(
    read_bytes: Reads, contract: Contract, dialect: dict[str, Any], inside: str
) -> None:
    delimiter = dialect.get("delimiters", (";",))[0]
    many = inside.encode() * (MAX_RECORD_BYTES // len(inside) + 10)
    ends = f'"{delimiter}{delimiter}pos\n'.encode()
    data = HEADER.replace(b";", delimiter.encode()) + b'"' + many + ends + GOOD.replace(b";", delimiter.encode())
    read = read_bytes(data, replace(contract, **dialect))
    assert [row["text"] for row in read.rows] == ["good"]
    assert [row["rule"] for row in read.rejected] == ["too-long"]


def test_a_long_record_whose_quote_comes_late_is_one_rejected_row(read_bytes: Reads) -> None:
    read = read_bytes(HEADER + LONG.replace(b";", b",") + b';"' + GOOD * 100 + b'";pos\n' + GOOD)
    assert [row["text"] for row in read.rows] == ["good"]
    assert [(row["row"], row["lines"], row["rule"]) for row in read.rejected] == [(2, 101, "too-long")]


def test_a_record_whose_end_is_too_far_away_to_be_seen_refuses_the_file(
    read_bytes: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlong, "MAX_LOOK_AHEAD_BYTES", MAX_RECORD_BYTES * 3 // 2)
    data = HEADER + GOOD + b'"a ""word""\n' + ROWS_INSIDE * 2 + b'";;pos\n' + GOOD
    with pytest.raises(SourceFormatError, match=r"where a record ends; where: source\.csv, line 3; seen"):
        read_bytes(data)
    without_quotes = read_bytes(data.replace(b'""word""', b"word").replace(b'";;pos', b";;pos"))
    assert [(row["row"], row["lines"], row["rule"]) for row in without_quotes.rejected] == [(3, 1, "quote")]


def test_many_quotes_that_nobody_closed_far_from_each_other_refuse_the_file(
    read_bytes: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlong, "MAX_LOOKS_IN_VAIN", 2)
    part = b'"open;;pos\n' + ROWS_INSIDE * 2
    assert len(read_bytes(HEADER + part * 2 + b'"quoted";;pos\n').rejected) == 2
    with pytest.raises(SourceFormatError, match="2 quotes above it that nobody closed"):
        read_bytes(HEADER + part * 3 + b'"quoted";;pos\n')


def test_a_long_line_of_another_encoding_is_cut_between_characters_and_its_bytes_are_counted(
    read_bytes: Reads,
) -> None:
    text = "é😀x" * (MAX_RECORD_BYTES // 6)
    data = b"\xff\xfe" + f"text;date;label\n{text};;pos\ngood;;pos\n".encode("utf-16-le")
    read = read_bytes(data)
    assert [row["text"] for row in read.rows] == ["good"]
    (rejected,) = read.rejected
    assert rejected["raw_bytes"] == len(f"{text};;pos\n".encode("utf-16-le"))
    assert text.startswith(rejected["raw"].decode("utf-16-le"))


MEASURED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from conftest import CONTRACT
from text_classifier.corpus.delimited.reading import read_delimited
from text_classifier.corpus.rows import RowSink
folder = Path(sys.argv[1])
with RowSink(folder, CONTRACT.columns) as sink:
    read_delimited(folder / "a.csv", CONTRACT, sink)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(sink.kept_rows, dict(sink.rejected_by_rule), int(peak.split()[1]) >> 10)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("opener", [open, gzip.open])
@pytest.mark.parametrize(("unit", "quote"), [(b"x", b""), (b"line\n", b'"'), (b'""', b'"')])
def test_a_record_of_100_megabytes_takes_bounded_memory(
    tmp_path: Path, opener: Callable[..., Any], unit: bytes, quote: bytes
) -> None:
    part = unit * ((1 << 20) // len(unit))
    with opener(tmp_path / "a.csv", "wb") as file:
        file.write(HEADER + GOOD + quote)
        for _ in range(100):
            file.write(part)
        file.write(quote + b";;pos\n" + GOOD)
    run = subprocess.run(
        [sys.executable, "-c", MEASURED, tmp_path, Path(__file__).parents[1]],
        capture_output=True,
        text=True,
        check=True,
    )
    counted, _, megabytes = run.stdout.rpartition(" ")
    assert counted == "2 {'too-long': 1}"
    assert int(megabytes) < 500
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", "rows.parquet", "rejected.parquet"}
