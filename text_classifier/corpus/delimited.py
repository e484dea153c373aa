"""Reader of delimited text: every row of the file ends up kept or rejected, and the lines prove it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from text_classifier.contract.odcs import Column, Contract
from text_classifier.corpus.columns import reason, strings, typed, with_aliases
from text_classifier.corpus.header import SEARCHED_LINES, Layout, find_layout
from text_classifier.corpus.lines import BLOCK_BYTES, is_decodable, line_blocks, raw_bytes, split_lines
from text_classifier.corpus.parsing import Parsed, long_fields, parse
from text_classifier.corpus.plain import plain_columns
from text_classifier.corpus.progress import ProgressLog
from text_classifier.corpus.rows import RejectedRow, RowSink
from text_classifier.errors import DamagedOutputError, SourceFormatError

logger = logging.getLogger(__name__)

IntArray = npt.NDArray[np.int64]


@dataclass(slots=True)
class LineCount:
    """Where every physical line of a file went."""

    lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    kept_lines: int = 0
    rejected_lines: int = 0

    def demand_balance(self, source_name: str) -> None:
        """Raises DamagedOutputError: a line was lost or doubled."""
        if self.lines != self.header_lines + self.blank_lines + self.kept_lines + self.rejected_lines:
            raise DamagedOutputError(
                "a line was lost or doubled while it was read",
                where=source_name,
                seen=f"{self.header_lines} lines of the header, {self.blank_lines} blank, {self.kept_lines} kept, "
                f"{self.rejected_lines} rejected",
                expected=f"{self.lines} lines, as many as the source holds",
                to_do="report the reader as wrong; nothing of this run was kept",
            )


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines in hand. `lines_before`: lines of the file above them."""

    lines: Sequence[str]
    lines_before: int
    encoding: str

    def rejected(self, start: int, end: int, rule: str, why: str, column: str | None = None) -> RejectedRow:
        raw = raw_bytes(self.lines[start:end], self.encoding)
        return RejectedRow(self.lines_before + start + 1, end - start, rule, why, raw, column)


def read_delimited(path: Path, contract: Contract, sink: RowSink, block_bytes: int = BLOCK_BYTES) -> LineCount:
    """Read all rows of the file at `path` into `sink`.

    Raises:
        SourceFormatError: the file is empty, or no delimiter yields the contract's columns.
        DamagedOutputError: a row or a line was lost or doubled.
    """
    run = _Run(contract, sink)
    progress = ProgressLog(f"reading {path.name}", path.stat().st_size)
    with path.open("rb") as stream, long_fields():
        position = 0
        for block in line_blocks(stream, block_bytes):
            run.take(block)
            progress.update(stream.tell() - position)
            position = stream.tell()
        run.finish(path)
    run.count.demand_balance(path.name)
    sink.account_for(run.records, path.name)
    return run.count


def text_and_labels(contract: Contract) -> Contract:
    """The contract of a file that holds nothing but the text and its labels."""
    read = {contract.text_column, *contract.label_columns}
    columns = tuple(column for column in contract.columns if column.name in read)
    return replace(contract, columns=columns, group_column=None)


class _Run:
    """One pass over a file: lines wait in `_pending` until they are decided."""

    def __init__(self, contract: Contract, sink: RowSink) -> None:
        self.contract, self.sink = contract, sink
        self.count = LineCount()
        self.records = 0
        self._layout: Layout | None = None
        self._pending: list[str] = []
        self._rejected: list[RejectedRow] = []  # of the block in hand

    def take(self, block: bytes) -> None:
        if self._layout is None or self._pending or not self._keep_plain(block, self._layout):
            self._take_lines(split_lines(block, self.contract.encoding))

    def _take_lines(self, lines: list[str]) -> None:
        self.count.lines += len(lines)
        self._pending = self._pending + lines if self._pending else lines
        if self._layout is None and len(self._pending) >= SEARCHED_LINES:
            self._layout = self._find_header()
        if self._layout is not None:
            self._parse(self._layout, is_last=False)

    def finish(self, path: Path) -> None:
        if not self.count.lines:
            raise SourceFormatError(
                "the file is empty", where=path.name, expected="a header and rows", to_do="name another file"
            )
        self._parse(self._layout or self._find_header(), is_last=True)

    def _find_header(self) -> Layout:
        layout = find_layout(self._pending, self.contract.delimiters, self.contract.columns)
        self._pending = self._pending[layout.header_lines :]
        self.count.header_lines = layout.header_lines
        logger.info("header in line %d, delimiter %r", layout.header_lines, layout.delimiter)
        if layout.left_out:
            logger.info("columns that the contract does not name are left out: %s", ", ".join(layout.left_out))
        return layout

    def _parse(self, layout: Layout, *, is_last: bool) -> None:
        block = _Block(self._pending, self.count.lines - len(self._pending), self.contract.encoding)
        parsed = parse(block.lines, layout.delimiter, is_last=is_last)
        self._pending = self._pending[parsed.consumed :]
        self.count.blank_lines += sum(not row for row in parsed.rows)
        self.records += sum(map(bool, parsed.rows)) + len(parsed.broken)
        self._reject([block.rejected(line, line + 1, "quote", why) for line, why in parsed.broken.items()])
        whole = self._whole_rows(block, parsed, layout.width)
        if whole:
            self._keep(block, parsed, whole, layout)
        self.sink.reject(sorted(self._rejected, key=lambda rejected: rejected.row))
        self._rejected.clear()

    def _whole_rows(self, block: _Block, parsed: Parsed, width: int) -> Sequence[int]:
        """Indices of the records with `width` fields and no undecodable byte; the others are rejected."""
        is_clean = is_decodable("".join(block.lines[: parsed.consumed]))
        if is_clean and set(map(len, parsed.rows)) <= {width}:
            return range(len(parsed.rows))
        faults = dict(_faults(block, parsed, width, is_clean=is_clean))
        self._reject([fault for fault in faults.values() if fault])
        return [index for index in range(len(parsed.rows)) if index not in faults]

    def _keep(self, block: _Block, parsed: Parsed, whole: Sequence[int], layout: Layout) -> None:
        """Type the columns of the `whole` records; write those of which every value has its type."""
        fields = list(zip(*(parsed.rows[index] for index in whole), strict=True))
        starts = np.array(parsed.starts, dtype=np.int64)[whole]
        ends = np.array(parsed.ends, dtype=np.int64)[whole]
        is_bad = np.zeros(len(whole), dtype=np.bool_)
        arrays: dict[str, pa.Array] = {}
        for column in self.contract.columns:
            values = strings(fields[layout.positions[column.name]])
            arrays[column.name], bad = self._typed(values, column)
            for index in np.flatnonzero(bad & ~is_bad):
                why = reason(values[index].as_py(), column)
                rule = f"type:{column.name}"
                self._reject([block.rejected(int(starts[index]), int(ends[index]), rule, why, column.name)])
            is_bad |= bad
        self._write(arrays, starts + block.lines_before + 1, ends - starts, ~is_bad)

    def _keep_plain(self, block: bytes, layout: Layout) -> bool:
        """Write the rows of a block of which every line is a good row; otherwise do nothing and say so."""
        columns = plain_columns(block, layout, self.contract.encoding)
        if columns is None:
            return False
        arrays: dict[str, pa.Array] = {}
        for column in self.contract.columns:
            arrays[column.name], bad = self._typed(columns[column.name], column)
            if bad.any():
                return False
        rows = len(arrays[self.contract.text_column])
        first = self.count.lines + 1
        self.count.lines += rows
        self.records += rows
        ones = np.ones(rows, dtype=np.int64)
        self._write(arrays, np.arange(first, first + rows, dtype=np.int64), ones, ones > 0)
        return True

    def _typed(self, values: pa.Array, column: Column) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
        if column.name == self.contract.text_column:
            return values, np.zeros(len(values), dtype=np.bool_)
        return typed(with_aliases(values, self.contract.class_aliases.get(column.name, {})), column)

    def _write(
        self, arrays: dict[str, pa.Array], rows: IntArray, lines: IntArray, is_good: npt.NDArray[np.bool_]
    ) -> None:
        if self.contract.group_column:
            arrays["group"] = arrays[self.contract.group_column]
        arrays["row"] = pa.array(rows)
        arrays["lines"] = pa.array(lines.astype(np.int32))
        arrays["example_id"] = arrays["row"].cast(pa.string())
        self.count.kept_lines += int(lines[is_good].sum())
        mask = pa.array(is_good)
        self.sink.keep(arrays if is_good.all() else {name: array.filter(mask) for name, array in arrays.items()})

    def _reject(self, rejected: Sequence[RejectedRow]) -> None:
        self.count.rejected_lines += sum(row.lines for row in rejected)
        self._rejected += rejected


def _faults(block: _Block, parsed: Parsed, width: int, *, is_clean: bool) -> Iterator[tuple[int, RejectedRow | None]]:
    """Records that are not whole, by index; None for a blank line."""
    for index, row in enumerate(parsed.rows):
        start, end = parsed.starts[index], parsed.ends[index]
        if not row:
            yield index, None
        elif len(row) != width:
            yield index, block.rejected(start, end, "width", f"{len(row)} fields where the header has {width}")
        elif not is_clean and not is_decodable("".join(block.lines[start:end])):
            yield index, block.rejected(start, end, "encoding", f"bytes that are not {block.encoding}")
