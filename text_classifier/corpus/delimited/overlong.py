"""Records too long to be held: their end is looked for ahead, on disk, so that memory stays bounded.

Such a record is either one that ends at last, and is set aside as a whole, or a quote that nobody closed, which
costs its first line; what was read ahead is then read again. Where that cannot be told, the file is refused: lines
of a quoted field must not pass for rows.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from text_classifier.corpus.delimited.boundaries import CR, LF, QUOTE, Dialect
from text_classifier.corpus.delimited.parsing import MAX_RECORD_BYTES
from text_classifier.corpus.delimited.streams import TextStream
from text_classifier.errors import SourceFormatError
from text_classifier.records import RAW_BYTES_KEPT

MAX_LOOK_AHEAD_BYTES = 1 << 30
MAX_LOOKS_IN_VAIN = 32
"""Each costs as much as it reads, and again what is read again."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that was set aside unread. `raw`: its beginning, as in the file; `size`: bytes of all of it."""

    lines: int
    raw: bytes
    size: int
    rule: str
    reason: str


class LineCounter:
    """Counts the physical lines of data that come in parts: each ends in LF, CRLF, CR or with the data."""

    def __init__(self) -> None:
        self._ends = 0
        self._last = b"\n"

    def add(self, data: bytes) -> None:
        if data:
            self._ends += data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
            self._ends -= self._last == b"\r" and data.startswith(b"\n")
            self._last = data[-1:]

    @property
    def lines(self) -> int:
        return self._ends + (self._last not in {b"\n", b"\r"})


class Source:
    """A text stream that what was read ahead can be given back to. `count`: of the lines that were read."""

    def __init__(self, stream: TextStream, folder: Path) -> None:
        self.stream, self.folder = stream, folder
        self.count = LineCounter()
        self.looks_left = MAX_LOOKS_IN_VAIN
        self._given_back: list[BinaryIO] = []

    def read(self, size: int) -> bytes:
        while self._given_back:
            if data := self._given_back[-1].read(size):
                return data
            self._given_back.pop().close()
        data = self.stream.read(size)
        self.count.add(data)
        return data

    def close(self) -> None:
        """Let go of what was read ahead."""
        for spool in self._given_back:
            spool.close()

    def spool(self) -> BinaryIO:
        return cast(BinaryIO, tempfile.TemporaryFile(dir=self.folder))

    def give_back(self, spool: BinaryIO) -> None:
        spool.seek(0)
        self._given_back.append(spool)


def skip(source: Source, data: bytes, dialect: Dialect, line: int) -> tuple[Skipped, bytes]:
    """Set aside the record that begins `data`, of which no more than `data` was read; what follows it comes too.

    Args:
        line: that the record begins with.

    Raises:
        SourceFormatError: it cannot be told where the record ends.
    """
    after = b""
    end = _look_ahead(source, data, dialect, line)
    if end is None:
        return _skip_line(source, data)
    seen = _Seen(source.stream)
    while end > 0:
        seen.add(data[:end])
        after, end = data[end:], end - len(data)
        data = source.read(_CHUNK_BYTES) if end > 0 else b""
    return seen.skipped("too-long", f"the record is longer than {MAX_RECORD_BYTES:,} bytes"), after


def _look_ahead(source: Source, data: bytes, dialect: Dialect, line: int) -> int | None:
    """Where the record ends, in bytes from the beginning of `data`; None: nobody closed its quote."""
    end: int | None = None
    search = _EndOfRecord(dialect)
    for start in range(0, len(data), _CHUNK_BYTES):
        end = search.feed(data[start : start + _CHUNK_BYTES])
        if end is not None or search.is_irregular:
            return end
    if not source.looks_left:
        raise _untold(line, f"{MAX_LOOKS_IN_VAIN} quotes above it that nobody closed, each far from the next one")
    end, is_seen_whole = _read_ahead(source, search, MAX_LOOK_AHEAD_BYTES - len(data))
    source.looks_left -= end is None and search.quotes > 0
    if end is None and not is_seen_whole and search.quotes > 1:
        raise _untold(line, f"a quoted field of more than {MAX_LOOK_AHEAD_BYTES:,} bytes")
    return end


def _read_ahead(source: Source, search: _EndOfRecord, most_bytes: int) -> tuple[int | None, bool]:
    """Go on with the search: where the record ends, and whether the search is over; what was read is given back."""
    spool, read_bytes, end = source.spool(), 0, None
    while end is None and not search.is_irregular and read_bytes < most_bytes:
        chunk = source.read(_CHUNK_BYTES)
        spool.write(chunk)
        read_bytes += len(chunk)
        end = search.feed(chunk) if chunk else search.finish()
        if not chunk:
            break
    source.give_back(spool)
    return end, end is not None or search.is_irregular or read_bytes < most_bytes


def _untold(line: int, seen: str) -> SourceFormatError:
    return SourceFormatError(
        "it cannot be told where a record ends",
        where=f"line {line:,}",
        seen=seen,
        expected="quotes that are closed, around fields of a few megabytes at most",
        to_do="mend the quotes from this line on; nothing of the file was kept",
    )


def _skip_line(source: Source, data: bytes) -> tuple[Skipped, bytes]:
    """Set aside the first physical line."""
    seen = _Seen(source.stream)
    while (end := _end_of_line(data)) is None and (chunk := source.read(_CHUNK_BYTES)):
        held_back = len(data) - data.endswith(b"\r")
        seen.add(data[:held_back])
        data = data[held_back:] + chunk
    end = len(data) if end is None else end
    seen.add(data[:end])
    if seen.size > MAX_RECORD_BYTES:
        return seen.skipped("too-long", f"the line is longer than {MAX_RECORD_BYTES:,} bytes"), data[end:]
    return seen.skipped("quote", "a quote is opened and not closed"), data[end:]


def _end_of_line(data: bytes) -> int | None:
    """The position behind the first line end; a CR that ends the data may be half of a CRLF and is none yet."""
    found = [at for at in (data.find(b"\n"), data.find(b"\r", 0, len(data) - 1)) if at >= 0]
    if not found:
        return None
    return min(found) + (2 if data.startswith(b"\r\n", min(found)) else 1)


class _Seen:
    """Counts what is skipped and keeps its beginning."""

    def __init__(self, stream: TextStream) -> None:
        self.stream = stream
        self.size = self._file_bytes = 0
        self._count = LineCounter()
        self._first = bytearray()

    def add(self, data: bytes) -> None:
        self._first += data[: max(0, RAW_BYTES_KEPT + 8 - len(self._first))]
        self._count.add(data)
        self.size += len(data)
        self._file_bytes += self.stream.size_of(data)

    def skipped(self, rule: str, reason: str) -> Skipped:
        raw = self.stream.restore(_whole_characters(bytes(self._first)))
        return Skipped(self._count.lines, raw, self._file_bytes, rule, reason)


def _whole_characters(data: bytes) -> bytes:
    """`data` cut at the end of a character, to at most what is kept of a rejected row."""
    end = min(len(data), RAW_BYTES_KEPT)
    while 0 < end < len(data) and data[end] & 0xC0 == 0x80:
        end -= 1
    return data[:end]


class _EndOfRecord:
    """Looks for the first line end outside quotes, a chunk at a time.

    `quotes`: how many there are so far. `is_irregular`: one of them stood against the rules.

    The last byte of a chunk waits for the next: what a quote means shows in its neighbours.
    """

    def __init__(self, dialect: Dialect) -> None:
        delimiter = dialect.delimiter.encode()
        self._before, self._after = [delimiter[-1], LF, CR, QUOTE], [delimiter[0], LF, CR, QUOTE]
        self._escape = re.escape(dialect.escape.encode())
        self.is_irregular = False
        self.quotes = 0
        self._is_inside = False
        self._previous = LF
        self._waiting = b""
        self._position = 0

    def feed(self, chunk: bytes) -> int | None:
        """The position behind the record's line end, from the beginning of all that was fed; None so far."""
        data, held_back = self._without_escapes(self._waiting + chunk)
        codes = np.frombuffer(data[: len(data) - held_back], np.uint8)
        quotes = np.flatnonzero(codes == QUOTE)
        line_ends = np.flatnonzero((codes == LF) | (codes == CR))
        outside = line_ends[(np.searchsorted(quotes, line_ends) + self._is_inside) % 2 == 0]
        first_end = int(outside[0]) if len(outside) else len(codes)
        self.is_irregular = self._breaks(data, quotes[quotes < first_end])
        if not self.is_irregular and first_end < len(codes):
            return self._position + first_end + (2 if data.startswith(b"\r\n", first_end) else 1)
        self.quotes += len(quotes)
        self._is_inside ^= bool(len(quotes) % 2)
        self._previous = int(codes[-1]) if len(codes) else self._previous
        self._position += len(codes)
        self._waiting = data[len(codes) :]
        return None

    def _without_escapes(self, data: bytes) -> tuple[bytes, int]:
        """Ordinary bytes in the place of escapes and of what they take the meaning from; how many bytes must wait."""
        if not self._escape:
            return data, 1
        pairs = re.compile(self._escape + rb"(?:\r\n|[^\r]|\r(?!\n)(?!\Z))", re.DOTALL)
        plain = pairs.sub(lambda pair: b"x" * len(pair[0]), data)
        return plain, 2 if re.search(self._escape + rb"\r\Z", plain) else 1

    def finish(self) -> int | None:
        """As `feed`, where nothing follows: the end of the data is a line end."""
        size = self._position + len(self._waiting)
        end = self.feed(b"\n\n")
        return None if end is None else min(end, size)

    def _breaks(self, data: bytes, quotes: np.ndarray) -> bool:
        around = np.frombuffer(bytes([self._previous]) + data, np.uint8)
        opening, closing = quotes[self._is_inside :: 2], quotes[not self._is_inside :: 2]
        is_regular = np.isin(around[opening], self._before).all() and np.isin(around[closing + 2], self._after).all()
        return not is_regular
