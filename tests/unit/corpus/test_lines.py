import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.corpus import lines
from text_classifier.corpus.lines import is_decodable, line_blocks, raw_bytes, split_lines
from text_classifier.errors import SourceFormatError

PIECES = st.lists(st.sampled_from([b"a", b"\xc3\xa9", b"\xff", b"\r", b"\n", b"\r\n", b"\x0b", b"\xe2\x80\xa8", b'"']))


def lines_of(data: bytes, block_bytes: int = 1 << 20) -> list[str]:
    return [line for block in line_blocks(io.BytesIO(data), block_bytes) for line in split_lines(block, "utf-8")]


@given(PIECES, st.integers(1, 7))
def test_the_lines_are_the_bytes_whatever_the_size_of_a_block(pieces: list[bytes], block_bytes: int) -> None:
    data = b"".join(pieces)
    found = lines_of(data, block_bytes)
    assert found == lines_of(data)
    assert raw_bytes(found, "utf-8") == data


def test_a_line_ends_in_lf_crlf_or_cr_and_nowhere_else() -> None:
    assert lines_of("a\nb\r\nc\rd\x0be\x85f\u2028g".encode()) == ["a\n", "b\r\n", "c\r", "d\x0be\x85f\u2028g"]


def test_a_byte_order_mark_is_no_text() -> None:
    assert lines_of(b"\xef\xbb\xbfa\n") == ["a\n"]


@pytest.mark.parametrize(("data", "known"), [(b"caf\xc3\xa9", True), (b"caf\xe9", False), (b"\xed\xa0\x80", False)])
def test_undecodable_bytes_are_known_as_such(data: bytes, known: bool) -> None:
    assert is_decodable(lines_of(data)[0]) is known


def test_an_endless_line_is_refused_with_its_place() -> None:
    data = b"a\n" + b"x" * (lines.MAX_LINE_BYTES + 1)
    with pytest.raises(SourceFormatError, match="after byte 2"):
        lines_of(data)
