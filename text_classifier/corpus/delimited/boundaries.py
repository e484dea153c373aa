"""Where the records of delimited text end, found for a whole buffer at once as long as its quotes are regular.

A quote that opens a field stands at the beginning of a record or behind a delimiter, one that closes it stands
before a delimiter or a line end, and between them quotes are doubled: where that holds there is one way to read
the text, whoever reads it (RFC 4180). The first place where it does not hold ends a run of regular records; what
begins there is read one record at a time by `parsing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

QUOTE, LF, CR = b'"\n\r'


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is delimited: one character; `escape`: a character that takes the meaning from the next, or ""."""

    delimiter: str
    escape: str = ""

    @property
    def is_regular(self) -> bool:
        """Whether the delimiter is a single byte, so that regular records can be found at once."""
        return self.delimiter.isascii()


@dataclass(frozen=True, slots=True)
class Run:
    """Regular records one after the other: record i is `data[starts[i]:ends[i]]` with its line end.

    `is_over`: the run ends where the data do.
    """

    starts: IntArray
    ends: IntArray
    is_over: bool


class Boundaries:
    """The record and line ends of a buffer of UTF-8 that begins with a record.

    Args:
        is_last: nothing follows the buffer, so that it ends its last line and record.
    """

    def __init__(self, data: bytes, dialect: Dialect, *, is_last: bool) -> None:
        self.data, self.dialect, self.is_last = data, dialect, is_last
        self._codes = np.frombuffer(data, np.uint8)
        self._quotes = self._places(QUOTE)
        self._line_feeds = self._places(LF)
        carriage_returns = self._places(CR)
        self._bare_returns = carriage_returns[self._next_codes(carriage_returns) != LF]
        if not is_last:
            self._bare_returns = self._bare_returns[self._bare_returns < len(data) - 1]  # the last may be half a CRLF
        self._by_parity: dict[int, tuple[IntArray, IntArray]] = {}

    @cached_property
    def line_ends(self) -> IntArray:
        """(L,) the positions behind every physical line; a line without an end is one only where nothing follows."""
        ends = self._line_feeds + 1
        if len(self._bare_returns):
            ends = np.sort(np.concatenate([ends, self._bare_returns + 1]))
        if self.is_last and len(self.data) > (ends[-1] if len(ends) else 0):
            ends = np.append(ends, len(self.data))
        return ends

    def lines_before(self, positions: IntArray | int) -> IntArray:
        """How many physical lines end at or before the positions."""
        return np.asarray(np.searchsorted(self.line_ends, positions, side="right"), np.int64)

    def regular_run(self, start: int, most: int) -> Run:
        """The regular records from `start`, where a record begins; `most`: how many of them at most."""
        parity = int(np.searchsorted(self._quotes, start)) & 1
        ends, irregular = self._read_as(parity)
        at = np.searchsorted(irregular, start)
        limit = int(irregular[at]) if at < len(irregular) else len(self.data)
        if not self.dialect.is_regular:
            limit = start
        first, last = np.searchsorted(ends, [start, limit], side="right")
        is_cut = last - first > most
        chosen = ends[first : min(last, first + most)]
        stop = int(chosen[-1]) if len(chosen) else start
        starts = np.concatenate([[start], chosen[:-1]]) if len(chosen) else chosen
        is_over = not is_cut and limit == len(self.data) and (not self.is_last or stop == limit)
        return Run(starts, chosen, is_over)

    def widths(self, run: Run) -> IntArray:
        """(N,) fields of each record of the run."""
        first, last = np.searchsorted(self._delimiters, [run.starts[0], run.ends[-1]])
        delimiters = self._delimiters[first:last]
        first_quote = int(np.searchsorted(self._quotes, run.starts[0]))
        outside = delimiters[(np.searchsorted(self._quotes, delimiters) - first_quote) % 2 == 0]
        return np.asarray(np.searchsorted(outside, run.ends) - np.searchsorted(outside, run.starts) + 1, np.int64)

    def is_blank(self, run: Run) -> BoolArray:
        """(N,) whether a record of the run is nothing but a line end."""
        sizes = run.ends - run.starts
        first = self._codes[run.starts]
        return np.asarray((sizes <= 2) & ((first == LF) | (first == CR)), np.bool_)

    @cached_property
    def _delimiters(self) -> IntArray:
        return self._places(ord(self.dialect.delimiter))

    def _read_as(self, parity: int) -> tuple[IntArray, IntArray]:
        """Record ends, and irregular places, if the quotes of this parity (0: the first, third ...) open a field."""
        if parity not in self._by_parity:
            ends = self._outside(self._line_feeds, parity) + 1
            if self.is_last and len(self._quotes) % 2 == parity and len(self.data) > (ends[-1] if len(ends) else 0):
                ends = np.append(ends, len(self.data))
            irregular = [self._irregular_quotes(parity), self._outside(self._bare_returns, parity), self._strange]
            self._by_parity[parity] = ends, np.sort(np.concatenate(irregular))
        return self._by_parity[parity]

    def _outside(self, positions: IntArray, parity: int) -> IntArray:
        """Those of the positions that are in no quoted field."""
        if not len(self._quotes):
            return positions
        return np.asarray(positions[np.searchsorted(self._quotes, positions) % 2 == parity], np.int64)

    def _irregular_quotes(self, parity: int) -> IntArray:
        opening, closing = self._quotes[parity::2], self._quotes[1 - parity :: 2]
        before, after = self._codes[np.maximum(opening - 1, 0)], self._next_codes(closing)
        neighbours = {LF, CR, QUOTE} | ({ord(self.dialect.delimiter)} if self.dialect.is_regular else set())
        is_open = (opening == 0) | self._among(before, *neighbours)
        is_closed = (closing == len(self.data) - 1) | self._among(after, *neighbours)
        return np.concatenate([opening[~is_open], closing[~is_closed]])

    @cached_property
    def _strange(self) -> IntArray:
        """Positions of escapes, and of bytes that are no UTF-8."""
        escapes = self._places(ord(self.dialect.escape)) if self.dialect.escape else self._line_feeds[:0]
        return np.concatenate([escapes, _undecodable(self.data)])

    def _places(self, code: int) -> IntArray:
        return np.flatnonzero(self._codes == code)

    def _next_codes(self, positions: IntArray) -> npt.NDArray[np.uint8]:
        return self._codes[np.minimum(positions + 1, len(self._codes) - 1)]

    @staticmethod
    def _among(codes: npt.NDArray[np.uint8], *wanted: int) -> BoolArray:
        is_wanted = np.zeros(256, np.bool_)
        is_wanted[list(wanted)] = True
        return is_wanted[codes]


def _undecodable(data: bytes) -> IntArray:
    """Positions of the bytes that are no part of a UTF-8 character."""
    try:
        data.decode()
    except UnicodeDecodeError:
        points = np.frombuffer(data.decode("utf-8", "surrogateescape").encode("utf-32-le", "surrogatepass"), np.uint32)
        is_stray = (points >= 0xDC80) & (points <= 0xDCFF)
        sizes = 1 + (points >= 0x80).astype(np.int64) + (points >= 0x800) + (points >= 0x10000)
        sizes[is_stray] = 1
        return (np.cumsum(sizes) - sizes)[is_stray]
    return np.empty(0, np.int64)
