import csv

import pytest

from text_classifier.corpus.delimited import parsing
from text_classifier.corpus.delimited.boundaries import Boundaries, Dialect
from text_classifier.corpus.delimited.parsing import Record, RecordReader, TooLongError, long_fields

UNCLOSED = Record(1, rule="quote", reason="a quote is opened and not closed")


def first(text: str, *, escape: str = "", is_last: bool = True, width: int = 2) -> Record | None:
    boundaries = Boundaries(text.encode("utf-8", "surrogateescape"), Dialect(";", escape), is_last=is_last)
    return RecordReader(boundaries, width, "utf-8").read(0)


def fields(text: str, escape: str = "") -> tuple[str, ...]:
    record = first(text, escape=escape)
    assert record is not None
    return record.fields


@pytest.mark.parametrize(
    "text",
    [
        'c;"open\n',
        'c;"open\nd;e\nf;g\n',
        'c;"open\n"d";e\n',
        'c;"open\nd;"e"\nf;g\n',
        'c;"open\n\nd;"e"\n',
        'c;"open\nd;e\nf;g "h" i\nj;k\n',
    ],
)
def test_an_unclosed_quote_costs_its_line_only(text: str) -> None:
    assert first(text) == UNCLOSED


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('"a\nb\nc"d;e\nf;g\n', 3),
        ('"a, b\nc"d;e\nf;g\n', 2),
        ('"a;b\nc"d;e\nf;g\n', 2),
        ('"a"b;c\nd;e\n', 1),
        ('"a;b\nc "d" e;f\n', 2),
        ('a;"op\nL;M\nx"en\nf;g\n', 3),
        ('a;"op\nL;M\nL;M\nL;M\nx"en\nf;g\n', 5),
    ],
)
def test_of_garbage_behind_a_quote_no_part_passes_for_a_row(text: str, lines: int) -> None:
    assert first(text) == Record(lines, rule="quote", reason="';' expected after '\"'")


def test_a_record_of_the_wrong_width_is_one_unless_every_later_line_is_a_row() -> None:
    assert first('c;"open\nd;e\nclosed;";"\n') == UNCLOSED
    assert first('a;"b\nc";d\ne;f\n') == Record(2, rule="width", reason="3 fields where the header has 2")
    assert first('a;"b;b\n\n";d\ne;f\n') == Record(3, rule="width", reason="3 fields where the header has 2")


def test_what_the_next_block_may_decide_waits() -> None:
    for text in ('a;"open\n', "a;b", 'a;"b"\r', 'a;"b\nc;d\n'):
        assert first(text, is_last=False) is None


def test_a_blank_line_has_neither_fields_nor_fault() -> None:
    for text in ("\n", "\r\n", "\r"):
        assert first(text + "a;b\n") == Record(1)


def test_an_undecodable_byte_takes_its_whole_record_with_it() -> None:
    assert first('"one\ncaf\udce9\nthree";b\n') == Record(3, rule="encoding", reason="bytes that are not utf-8")


def test_an_escape_takes_the_meaning_from_what_is_special_and_stays_before_anything_else() -> None:
    assert fields('a\\;b;"say \\"c\\""\n', "\\") == ("a;b", 'say "c"')
    assert fields("C:\\new;\\N\n", "\\") == ("C:\\new", "\\N")
    assert fields("a\\\\;b\n", "\\") == ("a\\", "b")
    assert fields("a\\b;c\n") == ("a\\b", "c")


def test_a_record_ends_within_the_limit_or_is_told_to_be_too_long() -> None:
    half = "x" * (parsing.MAX_RECORD_BYTES // 2)
    with long_fields():
        assert first(f'a;"{half}\n{half[20:]}"\n') is not None
        for is_last in (True, False):
            with pytest.raises(TooLongError):
                first(f'a;"{half}\n{half}"\n', is_last=is_last)


def test_the_field_limit_of_the_process_is_put_back() -> None:
    before = csv.field_size_limit()
    with long_fields():
        assert csv.field_size_limit() == parsing.MAX_RECORD_BYTES
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    "text", ['"open;b\n"""Hi"", he said\nBye";d\ne;f\n', '"open;b\n"""Hi"" x";d\ne;f\n', 'c;"open\n"";d\n']
)
def test_an_unclosed_quote_before_a_field_that_begins_with_a_quote_costs_its_line_only(text: str) -> None:
    assert first(text) == UNCLOSED


def test_an_unclosed_quote_before_a_row_with_a_quote_in_it_costs_its_line_only() -> None:
    for text in ('"open;b;c\n5" pipe;d;e\nf;g;h\n', 'a;b;"open\nd;e;f\ng;5" pipe;h\n'):
        assert first(text, width=3) == UNCLOSED


@pytest.mark.parametrize(
    "text", ['"op\\"en;b\n"good";d\ne;f\n', '"open;b\n"go\\"od";d\ne;f\n', 'c;"op\\"en\nd;e\nf;g\n']
)
def test_escaped_quotes_do_not_hide_an_unclosed_one(text: str) -> None:
    assert first(text, escape="\\") == UNCLOSED


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_an_escaped_line_end_belongs_to_the_field(ending: str) -> None:
    assert first(f"a\\{ending}b;c{ending}d;e{ending}", escape="\\") == Record(2, (f"a{ending}b", "c"))
