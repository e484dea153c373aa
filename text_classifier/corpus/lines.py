"""Physical lines of a byte stream, in bounded memory.

A line ends in LF, CRLF or CR. Bytes that the encoding does not know come as lone surrogates (PEP 383), so that
a line can be told to be undecodable and its bytes can still be given back exactly.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from text_classifier.errors import SourceFormatError

BLOCK_BYTES = 4 << 20
MAX_LINE_BYTES = 8 << 20
UTF8_MARK = b"\xef\xbb\xbf"
_OTHER_KINDS = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "a zip archive",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}  # by their first bytes
_LONGEST_MARK = 4


def line_blocks(stream: BinaryIO, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Blocks of whole lines; together they are the stream, without a UTF-8 byte-order mark.

    LF and CR must be single bytes that mean nothing else, as in UTF-8 or windows-1252.

    Raises:
        SourceFormatError: a line is longer than `MAX_LINE_BYTES`, or the stream begins as no text does.
    """
    first = stream.read(_LONGEST_MARK)
    _demand_text(first)
    rest = first.removeprefix(UTF8_MARK)
    read_bytes = 0
    while chunk := stream.read(block_bytes):
        rest += chunk
        cut = _end_of_last_line(rest)
        if cut:
            yield rest[:cut]
            read_bytes += cut
            rest = rest[cut:]
        if len(rest) > MAX_LINE_BYTES:
            raise _too_long(read_bytes)
    if rest:
        yield rest


def split_lines(block: bytes, encoding: str) -> list[str]:
    """The lines of a block, with their line ends."""
    return io.StringIO(block.decode(encoding, "surrogateescape"), newline="").readlines()


def raw_bytes(lines: Sequence[str], encoding: str) -> bytes:
    """The bytes that `lines` were decoded from."""
    return "".join(lines).encode(encoding, "surrogateescape")


def is_decodable(text: str) -> bool:
    """Whether no byte of `text` was unknown to its encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _end_of_last_line(data: bytes) -> int:
    """Position after the last line end; a CR at the very end may be half of a CRLF and does not count."""
    return max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1


def _demand_text(first: bytes) -> None:
    kind = next((kind for mark, kind in _OTHER_KINDS.items() if first.startswith(mark)), None)
    if kind:
        raise SourceFormatError(
            "the file is not delimited text",
            where="its first bytes",
            seen=f"{first.hex(' ')}, looks like {kind}",
            expected="delimited text in an encoding such as UTF-8",
            to_do="unpack or convert it, then name the new file",
        )


def _too_long(read_bytes: int) -> SourceFormatError:
    return SourceFormatError(
        "a line is too long to be a row",
        where=f"after byte {read_bytes:,}",
        seen=f"more than {MAX_LINE_BYTES:,} bytes without a line end",
        expected="delimited text, one row per line or per few quoted lines",
        to_do="check that the file is not binary or compressed",
    )
