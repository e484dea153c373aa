"""Where a reader puts its rows: the Parquet files of an ingested folder, written in chunks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.contract.declared.columns import Column
from text_classifier.errors import DamagedOutputError
from text_classifier.records import PARQUET_COMPRESSION, RAW_BYTES_KEPT, REJECTED, ROWS

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
PLACE_FIELDS = (
    pa.field("example_id", pa.string(), nullable=False),
    pa.field("row", pa.int64(), nullable=False),
    pa.field("lines", pa.int32(), nullable=False),
    pa.field("split", pa.string()),
    pa.field("group", pa.string()),
)
REJECTED_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("lines", pa.int32(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("column", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("raw", pa.binary(), nullable=False),
        pa.field("raw_bytes", pa.int64(), nullable=False),
    ]
)
_REJECTED_BUFFER_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row set aside. `row`: physical line number (or ordinal) from 1; `raw`: as it stood in the source."""

    row: int
    lines: int
    rule: str
    reason: str
    raw: bytes
    column: str | None = None
    raw_bytes: int | None = None  # where `raw` is not all of it

    def as_record(self) -> dict[str, object]:
        size = len(self.raw) if self.raw_bytes is None else self.raw_bytes
        return {
            "row": self.row,
            "lines": self.lines,
            "stage": "parse",
            "rule": self.rule,
            "column": self.column,
            "reason": self.reason,
            "raw": self.raw[:RAW_BYTES_KEPT],
            "raw_bytes": size,
        }


def rows_schema(columns: Sequence[Column]) -> pa.Schema:
    """Place of the row (`PLACE_FIELDS`), then the contract's columns under their own names."""
    return pa.schema([*PLACE_FIELDS, *(pa.field(column.name, ARROW_TYPES[column.logical_type]) for column in columns)])


class RowSink:
    """Writes `rows.parquet` and `rejected.parquet` into a folder and counts what went in.

    Use as a context manager. Memory stays bounded: kept rows are written as they come, one row group per table, by a
    thread of its own that is at most one table behind; rejected rows in buffers of about 8 MiB.

    Attributes:
        lacking: columns that no row so far has a value in.
    """

    def __init__(self, folder: Path, columns: Sequence[Column]) -> None:
        self.folder = folder
        self.schema = rows_schema(columns)
        self.kept_rows = 0
        self.rejected_by_rule: Counter[str] = Counter()
        self.first_rejected: RejectedRow | None = None
        self.lacking = {field.name for field in self.schema}
        self._rows = pq.ParquetWriter(folder / ROWS, self.schema, compression=PARQUET_COMPRESSION)
        self._rejected = pq.ParquetWriter(folder / REJECTED, REJECTED_SCHEMA, compression=PARQUET_COMPRESSION)
        self._buffer: list[RejectedRow] = []
        self._buffered_bytes = 0
        self._writer = ThreadPoolExecutor(1, "parquet")
        self._writing: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._writer.shutdown()
            if kind is None:
                self._demand_written()
                self._write_rejected()
        finally:
            self._rows.close()
            self._rejected.close()

    @property
    def rejected_rows(self) -> int:
        return self.rejected_by_rule.total()

    @property
    def read_rows(self) -> int:
        return self.kept_rows + self.rejected_rows

    def keep(self, columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> None:
        """Write rows. A column of the schema that is not given is null."""
        rows = len(columns["example_id"])
        if rows:
            arrays = [columns[f.name] if f.name in columns else pa.nulls(rows, f.type) for f in self.schema]
            table = pa.Table.from_arrays(arrays, schema=self.schema)
            self._demand_written()
            self._writing = self._writer.submit(self._rows.write_table, table)
            self.kept_rows += rows
            self.lacking -= {name for name in self.lacking if table[name].null_count < rows}

    def reject(self, rejected: Iterable[RejectedRow]) -> None:
        for row in rejected:
            self.first_rejected = self.first_rejected or row
            self.rejected_by_rule[row.rule] += 1
            self._buffer.append(row)
            self._buffered_bytes += min(len(row.raw), RAW_BYTES_KEPT) + 200
            if self._buffered_bytes > _REJECTED_BUFFER_BYTES:
                self._write_rejected()

    def account_for(self, rows: int, source_name: str) -> None:
        """Compare what went in with the `rows` that the reader counted in the source by itself.

        Raises:
            DamagedOutputError: a row was lost or doubled on the way.
        """
        if self.read_rows != rows:
            raise DamagedOutputError(
                "a row was lost or doubled while it was read",
                where=source_name,
                seen=f"{self.kept_rows:,} kept and {self.rejected_rows:,} rejected rows",
                expected=f"{rows:,} rows, as many as the source holds",
                to_do="report the reader as wrong; nothing of this run was kept",
            )

    def _demand_written(self) -> None:
        """Wait for the table in hand; raises what kept it from being written."""
        if self._writing is not None:
            self._writing.result()

    def _write_rejected(self) -> None:
        if self._buffer:
            records = [row.as_record() for row in self._buffer]
            self._rejected.write_table(pa.Table.from_pylist(records, schema=REJECTED_SCHEMA))
            self._buffer.clear()
            self._buffered_bytes = 0
