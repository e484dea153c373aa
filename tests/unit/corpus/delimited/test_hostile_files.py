"""Files that arrive at night, each with what must become of it: rows by text, faults by line, or a refusal."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pytest

from text_classifier.contract.declared.odcs import Contract
from text_classifier.errors import SourceFormatError

HEADER = b"text;date;label\n"
GOOD = b"good;2024-01-31;pos\n"


@dataclass(frozen=True)
class Case:
    """`rows`: the texts that come through. `faults`: (line, lines, rule). `refusal`: part of the message instead."""

    name: str
    data: bytes
    rows: tuple[str | None, ...] = ()
    faults: tuple[tuple[int, int, str], ...] = ()
    refusal: str = ""
    contract: dict[str, Any] = field(default_factory=dict)


def zstd(data: bytes) -> bytes:
    with pa.BufferOutputStream() as sink:
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(data)
        return bytes(sink.getvalue())


def utf16(data: bytes, mark: bytes = b"\xff\xfe", name: str = "utf-16-le") -> bytes:
    return mark + data.decode().encode(name)


def delimited(delimiter: str) -> bytes:
    return HEADER.replace(b";", delimiter.encode()) + f'"a{delimiter}b"{delimiter}{delimiter}pos\n'.encode()


TRUNCATED = "the gzip data are damaged or end too early"
NO_HEADER = "no delimiter yields the contract's columns"
WINDOWS, ESCAPED = {"encoding": "cp1252"}, {"escape": "\\"}

CASES = [
    Case("comma", delimited(","), ("a,b",)),
    Case("semicolon", delimited(";"), ("a;b",)),
    Case("tab", delimited("\t"), ("a\tb",)),
    Case("pipe named by the contract", delimited("|"), ("a|b",), contract={"delimiters": ("|",)}),
    Case("unit separator named by the contract", delimited("\x1f"), ("a\x1fb",), contract={"delimiters": ("\x1f",)}),
    Case("a delimiter of two bytes", delimited("¦"), ("a¦b",), contract={"delimiters": ("¦",)}),
    Case("a delimiter of three bytes", delimited("│"), ("a│b",), contract={"delimiters": ("│",)}),
    Case("a delimiter that nobody named", delimited("^"), refusal=NO_HEADER),
    Case("LF", HEADER + GOOD + GOOD, ("good", "good")),
    Case("CRLF", (HEADER + GOOD + GOOD).replace(b"\n", b"\r\n"), ("good", "good")),
    Case("CR", (HEADER + GOOD + GOOD).replace(b"\n", b"\r"), ("good", "good")),
    Case("LF, CRLF and CR mixed", HEADER + b"a;;pos\r\nb;;pos\rc;;pos\n\r\n\rd;;pos", ("a", "b", "c", "d")),
    Case("line ends of all kinds inside a field", HEADER + b'"a\nb\r\nc\rd";;pos\n' + GOOD, ("a\nb\r\nc\rd", "good")),
    Case("a blank line inside a field", HEADER + b'"a\n\n\nb";;pos\n' + GOOD, ("a\n\n\nb", "good")),
    Case("blank lines everywhere", b"\n\n" + HEADER + b"\n\n" + GOOD + b"\r\n\n" + GOOD + b"\n\n", ("good", "good")),
    Case("doubled quotes", HEADER + b'"say ""a"", """"";;pos\n', ('say "a", ""',)),
    Case("a field that is nothing but quotes", HEADER + b'"""";;pos\n', ('"',)),
    Case("an empty quoted field", HEADER + b'"";;pos\n', (None,)),
    Case(
        "a quote inside an unquoted field",
        HEADER + b'5" pipe;;pos\nsay "a";;neg\n' + GOOD,
        ('5" pipe', 'say "a"', "good"),
    ),
    Case("a space before the quote", HEADER + b'a; "2024-01-01";pos\n' + GOOD, ("good",), ((2, 1, "type:date"),)),
    Case("a backslash where none is declared", HEADER + b"C:\\new;;pos\n", ("C:\\new",)),
    Case(
        "a declared escape of a quote", HEADER + b'"say \\"a\\"";;pos\n' + GOOD, ('say "a"', "good"), contract=ESCAPED
    ),
    Case("a declared escape of a delimiter", HEADER + b"a\\;b;;pos\n", ("a;b",), contract=ESCAPED),
    Case("a declared escape of itself", HEADER + b"a\\\\;;pos\n", ("a\\",), contract=ESCAPED),
    Case("a declared escape before anything else", HEADER + b"C:\\new;;pos\n", ("C:\\new",), contract=ESCAPED),
    Case("garbage behind a quote", HEADER + b'"a"b;;pos\n' + GOOD, ("good",), ((2, 1, "quote"),)),
    Case("garbage behind a quote of two lines", HEADER + b'"a\nb"c;;pos\n' + GOOD, ("good",), ((2, 2, "quote"),)),
    Case("an unclosed quote", HEADER + b'"a;;pos\n' + GOOD * 3, ("good",) * 3, ((2, 1, "quote"),)),
    Case(
        "an unclosed quote before quoted rows",
        HEADER + b'"a;;pos\n"b";;pos\n' + GOOD,
        ("b", "good"),
        ((2, 1, "quote"),),
    ),
    Case("an unclosed quote in the last field", HEADER + b'a;;"pos\n' + GOOD * 3, ("good",) * 3, ((2, 1, "quote"),)),
    Case(
        "two unclosed quotes",
        HEADER + b'"a;;pos\n' + GOOD + b'"b;;pos\n' + GOOD,
        ("good", "good"),
        ((2, 1, "quote"), (4, 1, "quote")),
    ),
    Case("an unclosed quote in the last row", HEADER + GOOD + b'"a;;pos', ("good",), ((3, 1, "quote"),)),
    Case("a short row", HEADER + b"a;pos\n" + GOOD, ("good",), ((2, 1, "width"),)),
    Case("a long row", HEADER + b"a;;pos;\n" + GOOD, ("good",), ((2, 1, "width"),)),
    Case("a long row of two lines", HEADER + b'"a\nb";;pos;\n' + GOOD, ("good",), ((2, 2, "width"),)),
    Case("a truncated last row", HEADER + GOOD + b"goo", ("good",), ((3, 1, "width"),)),
    Case("a last row without a line end", HEADER + GOOD + GOOD[:-1], ("good", "good")),
    Case("a row of spaces", HEADER + b"   \n" + GOOD, ("good",), ((2, 1, "width"),)),
    Case("a bad date", HEADER + b"a;31.01.2024;pos\n" + GOOD, ("good",), ((2, 1, "type:date"),)),
    Case(
        "NA, None, null and nan", HEADER + b"NA;;pos\nNone;;NA\nnull;;null\nnan;;nan\n", ("NA", "None", "null", "nan")
    ),
    Case("NUL bytes", HEADER + b"a\x00b;;pos\n" + GOOD, ("a\x00b", "good")),
    Case(
        "control characters", HEADER + b"a\x0b\x0c\x1c\x1d\x1e\x1a;;pos\n" + GOOD, ("a\x0b\x0c\x1c\x1d\x1e\x1a", "good")
    ),
    Case("Unicode's own line ends", HEADER + "a\x85b\u2028c\u2029d;;pos\n".encode(), ("a\x85b\u2028c\u2029d",)),
    Case("UTF-8 with a mark", b"\xef\xbb\xbf" + HEADER + "é;;pos\n".encode(), ("é",)),
    Case("a mark before a row", HEADER + b"\xef\xbb\xbfa;;pos\n", ("\ufeffa",)),
    Case("a mark and nothing", b"\xef\xbb\xbf", refusal="the file is empty"),
    Case("an undecodable line", HEADER + b"caf\xe9;;pos\n" + GOOD, ("good",), ((2, 1, "encoding"),)),
    Case(
        "an undecodable line in a row of three",
        HEADER + b'"a\n\xe9\nb";;pos\n' + GOOD,
        ("good",),
        ((2, 3, "encoding"),),
    ),
    Case("half a surrogate in UTF-8", HEADER + b"\xed\xa0\x80;;pos\n" + GOOD, ("good",), ((2, 1, "encoding"),)),
    Case("an overlong character", HEADER + b"\xc0\xaf;;pos\n" + GOOD, ("good",), ((2, 1, "encoding"),)),
    Case("a character cut off at the end", HEADER + GOOD + b"a;;\xe2\x82", ("good",), ((3, 1, "encoding"),)),
    Case("latin-1 that is declared", HEADER + b"caf\xe9;;pos\n", ("café",), contract={"encoding": "iso8859-1"}),
    Case("cp1252 that is declared", HEADER + b"\x80 \x93a\x94;;pos\n", ("€ “a”",), contract=WINDOWS),
    Case(
        "a byte that cp1252 does not know",
        HEADER + b"a\x81;;pos\n" + GOOD,
        ("good",),
        ((2, 1, "encoding"),),
        contract=WINDOWS,
    ),
    Case(
        "latin-1 that nobody declared", HEADER + b"\xe9;;pos\n\xe8;;neg\n", (), ((2, 1, "encoding"), (3, 1, "encoding"))
    ),
    Case("UTF-16 little endian", utf16(HEADER + "é😀;;pos\r\n".encode() + GOOD), ("é😀", "good")),
    Case("UTF-16 big endian", utf16(HEADER + GOOD, b"\xfe\xff", "utf-16-be"), ("good",)),
    Case(
        "half a surrogate in UTF-16",
        utf16(HEADER) + b"a\x00\x00\xd8;\x00;\x00p\x00\n\x00" + utf16(GOOD, b""),
        ("good",),
        ((2, 1, "encoding"),),
    ),
    Case("UTF-16 of an odd length", utf16(HEADER + GOOD) + b"a\x00;\x00;\x00p", ("good",), ((3, 1, "encoding"),)),
    Case(
        "UTF-16 without a mark that is declared",
        utf16(HEADER + GOOD, b""),
        ("good",),
        contract={"encoding": "utf-16-le"},
    ),
    Case("gzip, whatever the name", gzip.compress(HEADER + GOOD), ("good",)),
    Case("gzip of two members", gzip.compress(HEADER) + gzip.compress(GOOD), ("good",)),
    Case("zstd, whatever the name", zstd(HEADER + GOOD), ("good",)),
    Case("gzip of UTF-16", gzip.compress(utf16(HEADER + GOOD)), ("good",)),
    Case("truncated gzip", gzip.compress(HEADER + GOOD)[:-3], refusal=TRUNCATED),
    Case("gzip with something behind it", gzip.compress(HEADER + GOOD) + b"more", refusal=TRUNCATED),
    Case("zstd behind a frame to be skipped", b"\x50\x2a\x4d\x18\x02\0\0\0xy" + zstd(HEADER + GOOD), ("good",)),
    Case("truncated zstd", zstd(HEADER + GOOD)[:-3], refusal="the zstd data are damaged or end too early"),
    Case("text that begins like a packed file", HEADER.replace(b"text", b"BZh;text") + b"x;" + GOOD, ("good",)),
    Case("a zip archive", b"PK\x03\x04" + HEADER, refusal="looks like a zip archive"),
    Case("a preamble", b"Export of 2024-01-31\n\nall rows\n" + HEADER + GOOD, ("good",)),
    Case("Excel's sep=", b"sep=;\n" + HEADER + GOOD, ("good",)),
    Case("rows above the header", GOOD + b"note\n" + HEADER + GOOD, ("good",), ((1, 1, "above-header"),)),
    Case("reordered columns", b"label;text;date\npos;good;2024-01-31\n", ("good",)),
    Case("re-cased and spaced columns", b" TEXT ;Date;LABEL\n" + GOOD, ("good",)),
    Case("extra columns", b"id;text;date;more;label\n1;good;;x;pos\n", ("good",)),
    Case("a missing column", b"text;label\ngood;pos\n", refusal="expected: also date"),
    Case("a column that stands twice", b"text;date;label;Label\n" + GOOD, refusal="'label' stands more than once"),
    Case("a missing header", GOOD * 30, refusal=NO_HEADER),
    Case("the header again among the rows", HEADER + GOOD + HEADER + GOOD, ("good", "good"), ((3, 1, "type:date"),)),
    Case("an empty file", b"", refusal="the file is empty"),
    Case("nothing but line ends", b"\n\r\n\n", refusal="the file has no line that could be a header"),
    Case("a header only", HEADER, ()),
    Case("bytes at random", bytes(range(256)) * 40, refusal="columns|header"),
]


@pytest.mark.parametrize("block_bytes", [3, 1 << 20])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_is_read_as_it_should_be(
    read_bytes: Callable[..., Any], contract: Contract, case: Case, block_bytes: int
) -> None:
    declared = replace(contract, delimiters=(";", ",", "\t"))
    declared = replace(declared, **case.contract)
    if case.refusal:
        with pytest.raises(SourceFormatError, match=case.refusal):
            read_bytes(case.data, declared, block_bytes)
        return
    read = read_bytes(case.data, declared, block_bytes)
    assert tuple(row["text"] for row in read.rows) == case.rows
    assert tuple((row["row"], row["lines"], row["rule"]) for row in read.rejected) == case.faults
