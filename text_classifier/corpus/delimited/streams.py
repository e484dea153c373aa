"""A text file as it comes - compressed or not, in its own encoding - as one stream of UTF-8.

Compression is known by the first bytes and never by the name, an encoding by its byte-order mark, else by what
the contract declares. Bytes that the encoding does not know become sequences that are no UTF-8 either, so that a
line can be told to be undecodable and its bytes can still be given back exactly.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import numpy as np
import pyarrow as pa

from text_classifier.errors import SourceFormatError

UTF8_MARK = codecs.BOM_UTF8
_MARKS = {UTF8_MARK: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_GZIP, _ZSTD = b"\x1f\x8b", (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + n]) + b"\x2a\x4d\x18" for n in range(16)))
_OTHER_KINDS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    **{b"BZh%d1AY&" % level: "bzip2" for level in range(1, 10)},
    b"\xfd7zXZ": "xz",
    b"7z\xbc\xaf": "7z",
    b"Rar!\x1a\x07": "rar",
    b"PAR1": "Parquet",
    b"%PDF": "PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite f": "an SQLite database",
}  # by their first bytes
_LOOK_BYTES = 8


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class TextStream:
    """UTF-8 of a text file without its byte-order mark, and the way back to the bytes that stood in it.

    Attributes:
        encoding: the file's, by its byte-order mark or as declared.
        compression: "gzip", "zstd" or "".
    """

    def __init__(self, file: BinaryIO, name: str, declared_encoding: str) -> None:
        self._file, self._name = file, name
        first = _peek(file)
        self.compression = "gzip" if first.startswith(_GZIP) else "zstd" if first.startswith(_ZSTD) else ""
        self._bytes = _unpacked(file, self.compression)
        self._given_back = self._read_bytes(_LOOK_BYTES)
        self._demand_text()
        mark = next((mark for mark in _MARKS if self._given_back.startswith(mark)), b"")
        self.encoding = _MARKS[mark] if mark else _known_name(declared_encoding)
        self._given_back = self._given_back[len(mark) :]
        self._decoder = _Decoder(self.encoding)

    def read(self, size: int) -> bytes:
        """The next bytes of UTF-8, about `size`; none at the end.

        Raises:
            SourceFormatError: the compressed data are damaged or end too early.
        """
        while data := self._given_back or self._read_bytes(size):
            self._given_back = b""
            if text := self._decoder.text(data):
                return text
        return self._decoder.end()

    def restore(self, text: bytes) -> bytes:
        """The bytes of the file (unpacked) that `text`, a part of what was read, came from."""
        return self._decoder.restore(text)

    def size_of(self, text: bytes) -> int:
        """How many bytes of the file (unpacked) a part of what was read came from, also one that cuts a character."""
        return self._decoder.size_of(text)

    @property
    def position(self) -> int:
        """Bytes of the file on disk that were read."""
        return self._file.tell()

    def _read_bytes(self, size: int) -> bytes:
        try:
            return self._bytes.read(size)
        except (EOFError, zlib.error, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's, not the format's
            raise SourceFormatError(
                f"the {self.compression} data are damaged or end too early",
                where=f"{self._name}, byte {self.position:,} of the file",
                seen=str(error),
                expected="a whole file",
                to_do="deliver it again; nothing of it was kept, for nobody knows what is missing",
            ) from error

    def _demand_text(self) -> None:
        first = self._given_back
        kind = next((kind for begin, kind in _OTHER_KINDS.items() if first.startswith(begin)), None)
        if first.startswith((_GZIP, *_ZSTD)):
            kind = "packed twice"
        if kind:
            raise SourceFormatError(
                "the file is not delimited text",
                where=f"{self._name}, its first bytes",
                seen=f"{first.hex(' ')}, looks like {kind}",
                expected="delimited text, as it is or packed by gzip or zstd",
                to_do="unpack or convert it, then name the new file",
            )


@contextmanager
def open_text(path: Path, declared_encoding: str) -> Iterator[TextStream]:
    """Open a text file.

    Args:
        declared_encoding: of files without a byte-order mark: UTF-8, UTF-16 or one of a byte per character.

    Raises:
        SourceFormatError: the file is of a kind that holds no text.
    """
    with path.open("rb") as file:
        yield TextStream(file, path.name, declared_encoding)


class _Decoder:
    """From an encoding to UTF-8 and back; what cannot be decoded travels as surrogates (PEP 383)."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self._is_wide = encoding.startswith("utf-16")
        self._errors = "surrogatepass" if self._is_wide else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(encoding)(self._errors)
        self._odd_byte = b""  # at the end of UTF-16

    def text(self, data: bytes) -> bytes:
        if self.encoding == "utf-8":
            return data
        return self._decoder.decode(data).encode("utf-8", "surrogatepass")

    def end(self) -> bytes:
        waiting = self._decoder.getstate()[0]
        self._decoder.reset()
        cut = len(waiting) - len(waiting) % 2
        self._odd_byte = waiting[cut:] or self._odd_byte
        return waiting[:cut].decode(self.encoding, self._errors).encode("utf-8", "surrogatepass") + self._stand_in(
            waiting[cut:]
        )

    def restore(self, text: bytes) -> bytes:
        if self.encoding == "utf-8":
            return text
        odd_byte = self._odd_byte_of(text)
        text = text.removesuffix(self._stand_in(odd_byte))
        return text.decode("utf-8", "surrogatepass").encode(self.encoding, self._errors) + odd_byte

    def size_of(self, text: bytes) -> int:
        if self.encoding == "utf-8":
            return len(text)
        codes = np.frombuffer(text, np.uint8)
        characters = int(np.count_nonzero(codes & 0xC0 != 0x80))
        if not self._is_wide:
            return characters
        return 2 * (characters + int(np.count_nonzero(codes >= 0xF0))) - len(self._odd_byte_of(text))

    def _odd_byte_of(self, text: bytes) -> bytes:
        """The odd byte, where `text` ends with what stands for it."""
        return self._odd_byte if self._odd_byte and text.endswith(self._stand_in(self._odd_byte)) else b""

    @staticmethod
    def _stand_in(odd_byte: bytes) -> bytes:
        return chr(0xDC00 + odd_byte[0]).encode("utf-8", "surrogatepass") if odd_byte else b""


def _peek(file: BinaryIO) -> bytes:
    first = file.read(_LOOK_BYTES)
    file.seek(0)
    return first


def _unpacked(file: BinaryIO, compression: str) -> _Readable:
    if compression == "gzip":
        return cast(_Readable, gzip.GzipFile(fileobj=file))
    if compression == "zstd":
        return cast(_Readable, pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"))
    return file


def _known_name(encoding: str) -> str:
    name = codecs.lookup(encoding).name
    return {"utf-8-sig": "utf-8", "ascii": "utf-8", "utf-16": "utf-16-le"}.get(name, name)
