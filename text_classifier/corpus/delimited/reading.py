"""Reader of delimited text: every row of the file ends up kept or rejected, and the lines prove it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from text_classifier.contract.declared.columns import Column
from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.delimited.blocks import BLOCK_BYTES, Block, read_blocks
from text_classifier.corpus.delimited.boundaries import BoolArray, Boundaries, Dialect
from text_classifier.corpus.delimited.columns import reason, typed, with_aliases
from text_classifier.corpus.delimited.header import SEARCHED_LINES, Layout, find_layout
from text_classifier.corpus.delimited.overlong import Source
from text_classifier.corpus.delimited.parsing import MAX_RECORD_BYTES, long_fields
from text_classifier.corpus.delimited.streams import open_text
from text_classifier.corpus.rows import RejectedRow, RowSink
from text_classifier.errors import DamagedOutputError, SourceFormatError
from text_classifier.progress import ProgressLog

logger = logging.getLogger(__name__)

_HEAD_BYTES = 64 << 10
_ANOTHER = "name another file"
_ABOVE = "a line with as many fields as the header, but above it"


@dataclass(slots=True)
class LineCount:
    """Where every physical line of a file went, and in which `layout` its rows were read."""

    lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    kept_lines: int = 0
    rejected_lines: int = 0
    layout: dict[str, Any] = field(default_factory=dict)

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


def read_delimited(path: Path, contract: Contract, sink: RowSink, block_bytes: int = BLOCK_BYTES) -> LineCount:
    """Read all rows of the file at `path` into `sink`.

    Raises:
        SourceFormatError: the file is empty, holds no text, is packed and damaged, or no delimiter yields the
            contract's columns.
        DamagedOutputError: a row or a line was lost or doubled.
    """
    with (
        _naming(path.name),
        open_text(path, contract.encoding) as stream,
        closing(Source(stream, sink.folder)) as source,
        long_fields(),
    ):
        run = _Run(source, contract, sink)
        pending = run.read_header(path.name, min(block_bytes, _HEAD_BYTES))
        progress, position = ProgressLog(f"reading {path.name}", path.stat().st_size), 0
        for block in read_blocks(run.source, run.layout, run.dialect, pending, block_bytes):
            run.take(block)
            progress.update(stream.position - position)
            position = stream.position
        source.read(_HEAD_BYTES)  # what is still there was not read, and its lines are missed
    run.count.lines = run.source.count.lines
    run.count.demand_balance(path.name)
    sink.account_for(run.records, path.name)
    return run.count


@contextmanager
def _naming(file_name: str) -> Iterator[None]:
    """Adds the file to the place of whatever is wrong in it."""
    try:
        yield
    except SourceFormatError as error:
        if file_name not in error.where:
            error.where = ", ".join(filter(None, (file_name, error.where)))
        raise


def text_and_labels(contract: Contract) -> Contract:
    """The contract of a file that holds nothing but the text and its labels."""
    read = {contract.text_column, *contract.label_columns}
    columns = tuple(column for column in contract.columns if column.name in read)
    return replace(contract, columns=columns, group_column=None)


class _Run:
    """One pass over a file."""

    def __init__(self, source: Source, contract: Contract, sink: RowSink) -> None:
        self.source, self.contract, self.sink = source, contract, sink
        self.count = LineCount()
        self.records = 0
        self.layout: Layout
        self.dialect: Dialect

    def read_header(self, file_name: str, chunk_bytes: int) -> bytes:
        """Find the header; what was read behind it."""
        data, boundaries = b"", Boundaries(b"", Dialect(","), is_last=True)
        while len(boundaries.line_ends) < SEARCHED_LINES and len(data) <= MAX_RECORD_BYTES:
            chunk = self.source.read(chunk_bytes)
            data += chunk
            boundaries = Boundaries(data, Dialect(","), is_last=not chunk)
            if not chunk:
                break
        if not data:
            raise SourceFormatError("the file is empty", where=file_name, expected="a header and rows", to_do=_ANOTHER)
        ends = boundaries.line_ends[:SEARCHED_LINES]
        lines = [data[start:end] for start, end in pairwise([0, *map(int, ends)])]
        self._take_header(lines)
        return data[ends[self.layout.header_lines - 1] :]

    def _take_header(self, lines: Sequence[bytes]) -> None:
        texts = [line.decode("utf-8", "surrogateescape") for line in lines]
        self.layout = find_layout(texts, self.contract.delimiters, self.contract.columns)
        self.dialect = Dialect(self.layout.delimiter, self.contract.escape)
        if self.layout.left_out:
            logger.info("columns that the contract does not name are left out: %s", ", ".join(self.layout.left_out))
        stream = self.source.stream
        packed = f", {stream.compression}" if stream.compression else ""
        logger.info(
            "header in line %d, delimiter %r, %s%s",
            self.layout.header_lines,
            self.layout.delimiter,
            stream.encoding,
            packed,
        )
        self.count.layout = {
            "delimiter": self.layout.delimiter,
            "encoding": stream.encoding,
            "width": self.layout.width,
            "positions": self.layout.positions,
        }
        rejected = [
            RejectedRow(index + 1, 1, "above-header", _ABOVE, stream.restore(lines[index]))
            for index in self.layout.rows_above
        ]
        self.count.header_lines = self.layout.header_lines - len(rejected)
        self._reject(rejected)

    def take(self, block: Block) -> None:
        """Type the columns; write the rows of which every value has its type, and reject the others."""
        has_wrong_type = np.zeros(block.places.shape[1], np.bool_)
        arrays: dict[str, pa.Array] = {}
        rejected = list(block.rejected)
        for column in self.contract.columns if block.columns else ():
            values = block.columns[column.name]
            arrays[column.name], wrong = self._typed(values, column)
            for index in np.flatnonzero(wrong & ~has_wrong_type):
                rejected.append(_of_wrong_type(block, int(index), column, values[int(index)].as_py()))
            has_wrong_type |= wrong
        self.count.blank_lines += block.blank_lines
        self._reject(rejected)
        if len(has_wrong_type):
            self._write(arrays, block, ~has_wrong_type)

    def _typed(self, values: pa.Array, column: Column) -> tuple[pa.Array, BoolArray]:
        return typed(with_aliases(values, self.contract.class_aliases.get(column.name, {})), column)

    def _write(self, arrays: dict[str, pa.Array], block: Block, is_good: BoolArray) -> None:
        rows, lines, _, _ = block.places
        if self.contract.group_column:
            arrays["group"] = arrays[self.contract.group_column]
        arrays["row"] = pa.array(rows)
        arrays["lines"] = pa.array(lines.astype(np.int32))
        arrays["example_id"] = arrays["row"].cast(pa.string())
        self.count.kept_lines += int(lines[is_good].sum())
        self.records += int(is_good.sum())
        mask = pa.array(is_good)
        self.sink.keep(arrays if is_good.all() else {name: array.filter(mask) for name, array in arrays.items()})

    def _reject(self, rejected: list[RejectedRow]) -> None:
        self.records += len(rejected)
        self.count.rejected_lines += sum(row.lines for row in rejected)
        self.sink.reject(sorted(rejected, key=lambda row: row.row))


def _of_wrong_type(block: Block, index: int, column: Column, value: str) -> RejectedRow:
    row, lines, _, _ = map(int, block.places[:, index])
    return RejectedRow(row, lines, f"type:{column.name}", reason(value, column), block.raw(index), column.name)
