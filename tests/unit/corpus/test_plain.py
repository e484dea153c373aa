from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from text_classifier.corpus.header import Layout
from text_classifier.corpus.lines import UTF8_MARK, split_lines
from text_classifier.corpus.parsing import parse
from text_classifier.corpus.plain import plain_columns

LAYOUT = Layout(";", 3, {"text": 2, "label": 0}, ("date",), 1)
PIECES = [
    b"a",
    b" ",
    b";",
    b"\n",
    b"NA",
    b"\x00",
    b"\x0b",
    b"\x1c",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\\",
    b"'",
    b"#",
    b",",
    UTF8_MARK,
]
FIELD = st.lists(st.sampled_from([piece for piece in PIECES if piece not in {b";", b"\n"}]), max_size=4).map(b"".join)
ROW = st.lists(FIELD, min_size=3, max_size=3).map(lambda fields: b";".join(fields) + b"\n")
ANY_BLOCK = st.lists(st.sampled_from([*PIECES, b'"', b"\r", b"\xff"]), max_size=30).map(b"".join)


def carefully(block: bytes) -> list[list[str]]:
    return parse(split_lines(block, "utf-8"), ";", is_last=True).rows


@given(ANY_BLOCK | st.lists(ROW, max_size=5).map(b"".join))
def test_what_is_read_fast_is_what_is_read_carefully(block: bytes) -> None:
    columns = plain_columns(block, LAYOUT, "utf-8")
    if columns is not None:
        rows = carefully(block)
        assert columns["text"].to_pylist() == [row[2] for row in rows]
        assert columns["label"].to_pylist() == [row[0] for row in rows]
        assert {len(row) for row in rows} <= {3}


@given(st.lists(ROW, min_size=1, max_size=5).map(b"".join).filter(lambda block: not block.startswith(UTF8_MARK)))
def test_good_rows_are_read_fast(block: bytes) -> None:
    assert plain_columns(block, LAYOUT, "utf-8") is not None


@pytest.mark.parametrize("block", [b"a;b\n", b"a;b;c;d\n", b"a;b;c\n\n", b'a;"b";c\n', b"a;b;c\r\n", b"a;\xff;c\n"])
def test_everything_else_is_left_to_the_careful_reader(block: bytes) -> None:
    assert plain_columns(block, LAYOUT, "utf-8") is None


def test_other_encodings_are_left_to_the_careful_reader() -> None:
    assert plain_columns(b"a;b;c\n", LAYOUT, "cp1252") is None


KINDS = [
    b"text;2024-01-01;pos\n",
    b"text;;neg\n",
    b'"two\nlines";;pos\n',
    b"short;row\n",
    b"a;soon;pos\n",
    b"\n",
    b'"b;;pos\n',
]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.sampled_from([*KINDS[:1] * 6, *KINDS]), max_size=40), block_bytes=st.integers(20, 120))
def test_both_paths_together_give_what_one_block_gives(
    read_bytes: Callable[..., Any], kinds: list[bytes], block_bytes: int
) -> None:
    data = b"text;date;label\n" + KINDS[0] * 20 + b"".join(kinds)
    parts, whole = read_bytes(data, block_bytes=block_bytes), read_bytes(data)
    assert (parts.rows, parts.rejected, parts.count) == (whole.rows, whole.rejected, whole.count)
