"""Delimited text in blocks of whole records: the good ones as columns of strings, the others set aside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa

from text_classifier.corpus.delimited.arrow_csv import string_columns
from text_classifier.corpus.delimited.boundaries import BoolArray, Boundaries, Dialect, IntArray, Run
from text_classifier.corpus.delimited.header import Layout
from text_classifier.corpus.delimited.overlong import Skipped, Source, skip
from text_classifier.corpus.delimited.parsing import MAX_RECORD_BYTES, Record, RecordReader, TooLongError, wrong_width
from text_classifier.corpus.delimited.streams import TextStream
from text_classifier.corpus.rows import RejectedRow

BLOCK_BYTES = 2 << 20
_FEW, _MANY, _FASTER = 32, 4_096, 8
_MOST_REJECTED = 20_000
"""Records of one block, about: a block ends early, for a rejected row takes more memory than its two bytes."""

_NO_PLACES = np.empty((4, 0), np.int64)


@dataclass(slots=True)
class Block:
    """Consecutive lines of a file, every one of them accounted for.

    Attributes:
        columns: contract column -> (N,) strings, of the rows that have the header's width.
        places: (4, N) the physical line that a row begins with (from 1), how many it takes, and the bytes of `data`
            between which it stands.
        rejected: the records that are no such rows.
        line_count: all lines of the block.
        blank_lines: those of them that hold nothing.
    """

    stream: TextStream
    data: bytes = b""
    columns: dict[str, pa.Array] = field(default_factory=dict)
    places: IntArray = field(default_factory=lambda: _NO_PLACES)
    rejected: list[RejectedRow] = field(default_factory=list)
    line_count: int = 0
    blank_lines: int = 0

    def raw(self, index: int) -> bytes:
        """The bytes of a row, as they stand in the file."""
        _, _, start, end = self.places[:, index]
        return self.stream.restore(self.data[start:end])


def read_blocks(
    source: Source, layout: Layout, dialect: Dialect, pending: bytes, block_bytes: int = BLOCK_BYTES
) -> Iterator[Block]:
    """Blocks of everything that follows the header; `pending` was read behind it."""
    lines_before, is_last, is_enough = layout.header_lines, False, False
    while True:
        if not (is_enough and pending):
            chunk = source.read(block_bytes)
            pending, is_last = pending + chunk, not chunk
        if not pending:
            return
        boundaries = Boundaries(pending, dialect, is_last=is_last)
        part = _read_part(boundaries, layout, source.stream, lines_before, compares_widths=is_enough)
        is_enough = part.is_full
        yield part.block
        lines_before += part.block.line_count
        pending = pending[part.position :]
        if part.is_too_long:
            is_enough = False
            skipped, pending = skip(source, pending, dialect, lines_before + 1)
            yield _skipped_block(skipped, source.stream, lines_before)
            lines_before += skipped.lines


def _skipped_block(skipped: Skipped, stream: TextStream, lines_before: int) -> Block:
    rejected = RejectedRow(
        lines_before + 1, skipped.lines, skipped.rule, skipped.reason, skipped.raw, raw_bytes=skipped.size
    )
    return Block(stream, rejected=[rejected], line_count=skipped.lines)


def _read_part(
    boundaries: Boundaries, layout: Layout, stream: TextStream, lines_before: int, *, compares_widths: bool
) -> _Part:
    """As much of the buffer as is decided. Unless told so, widths are compared once Arrow says that one is wrong."""
    part = _Part(boundaries, layout, stream, lines_before, compares_widths=compares_widths)
    try:
        part.read()
    except pa.ArrowInvalid:
        return _read_part(boundaries, layout, stream, lines_before, compares_widths=True)
    return part


class _Part:
    """One pass over a buffer: regular records run by run, the others one by one.

    Attributes:
        position: end of what was read; the rest waits for what follows it.
        is_too_long: what begins there does not end within the limit.
    """

    def __init__(
        self, boundaries: Boundaries, layout: Layout, stream: TextStream, lines_before: int, *, compares_widths: bool
    ) -> None:
        self.boundaries, self.layout, self.lines_before = boundaries, layout, lines_before
        self.compares_widths = compares_widths
        self.block = Block(stream, boundaries.data)
        self.position = 0
        self.is_too_long = False
        self._reader = RecordReader(boundaries, layout.width, stream.encoding)
        delimiter = boundaries.dialect.delimiter
        self._written_delimiter = delimiter if delimiter.isascii() else ","
        self._lines_at_a_time = _FEW
        self._pieces: list[bytes] = []
        self._places: list[IntArray] = []

    @property
    def is_full(self) -> bool:
        """Whether so much is rejected that the rest must wait."""
        return len(self.block.rejected) >= _MOST_REJECTED

    def read(self) -> None:
        """Raises pyarrow.ArrowInvalid: a row has another width than the header, and widths were not compared."""
        size, most = len(self.boundaries.data), _FEW
        while self.position < size and not self.is_full:
            bound = min(most, _MOST_REJECTED) if self.compares_widths else most
            run = self.boundaries.regular_run(self.position, bound)
            is_whole = self._take_run(run)
            if is_whole and run.is_over:
                break
            if is_whole and len(run.starts) == bound:
                most *= _FASTER
                self._lines_at_a_time = _FEW
            elif self.position == size or not self._take_records():
                break
            else:
                most = _FEW
        waits = not self.boundaries.is_last and not self.is_full
        self.is_too_long |= waits and size - self.position > MAX_RECORD_BYTES
        self.block.places = np.concatenate([_NO_PLACES, *self._places], axis=1)
        self.block.line_count = int(self.boundaries.lines_before(self.position))
        self.block.columns = string_columns(b"".join(self._pieces), self.layout, self._written_delimiter)

    def _take_run(self, run: Run) -> bool:
        """Take the records of a run, up to one that must be looked at by itself; whether it was all of them."""
        if not len(run.starts):
            return True
        places = self._places_of(run.starts, run.ends)
        is_blank = self.boundaries.is_blank(run)
        is_doubtful = run.ends - run.starts > MAX_RECORD_BYTES
        is_wrong = np.zeros_like(is_blank)
        if self.compares_widths:
            widths = self.boundaries.widths(run)
            is_wrong = (widths != self.layout.width) & ~is_blank
            is_doubtful |= is_wrong & (places[1] > 1)
        taken = int(np.argmax(is_doubtful)) if is_doubtful.any() else len(is_doubtful)
        for index in np.flatnonzero(is_wrong[:taken]):
            reason = wrong_width(int(widths[index]), self.layout.width)
            self._reject(places[:, index], Record(1, rule="width", reason=reason))
        self._add(places[:, :taken], is_wrong[:taken], is_blank[:taken])
        self.position = int(run.ends[taken - 1]) if taken else self.position
        return taken == len(is_doubtful)

    def _take_records(self) -> bool:
        """Take what begins at the position, which is not regular; whether any of it was decided.

        The more of it there is, the more lines are read before looking for regular ones again.
        """
        records = self._reader.read_many(self.position, self._lines_at_a_time)
        self._lines_at_a_time = min(2 * self._lines_at_a_time, _MANY)
        if not records:
            try:
                record = self._reader.read(self.position)
            except TooLongError:
                self.is_too_long = True
                return False
            records = [] if record is None else [record]
        self._take(records)
        return bool(records)

    def _take(self, records: Sequence[Record]) -> None:
        if not records:
            return
        first_line = int(self.boundaries.lines_before(self.position))
        ends = self.boundaries.line_ends[first_line - 1 + np.cumsum([record.lines for record in records])]
        place = np.array([self.lines_before + first_line + 1, 0, self.position, 0])
        rows = []
        for record, end in zip(records, ends.tolist(), strict=True):
            place[1], place[3] = record.lines, end
            if record.rule:
                self._reject(place, record)
            elif record.fields:
                rows.append(place.copy())
            else:
                self.block.blank_lines += 1
            place[0], place[2] = place[0] + record.lines, end
        if rows:
            self._pieces.append(_written([r.fields for r in records if r.fields], self._written_delimiter))
            self._places.append(np.stack(rows, axis=1))
        self.position = int(ends[-1])

    def _add(self, places: IntArray, is_wrong: BoolArray, is_blank: BoolArray) -> None:
        data = self.boundaries.data
        edges = [0, *(np.flatnonzero(np.diff(is_wrong)) + 1), len(is_wrong)]
        for first, last in pairwise(edges):
            if first < last and not is_wrong[first]:
                self._pieces.append(data[places[2, first] : places[3, last - 1]])
        self._places.append(places[:, ~(is_wrong | is_blank)])
        self.block.blank_lines += int(is_blank.sum())

    def _places_of(self, starts: IntArray, ends: IntArray) -> IntArray:
        before = self.boundaries.lines_before(starts)
        return np.stack([self.lines_before + before + 1, self.boundaries.lines_before(ends) - before, starts, ends])

    def _reject(self, place: IntArray, record: Record) -> None:
        row, lines, start, end = map(int, place)
        raw = self.block.stream.restore(self.boundaries.data[start:end])
        self.block.rejected.append(RejectedRow(row, lines, record.rule, record.reason, raw))


def _written(rows: Sequence[tuple[str, ...]], delimiter: str) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()
