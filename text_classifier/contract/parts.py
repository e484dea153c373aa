"""Ingested rows a part at a time, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PART_ROWS = 20_000
PART_BYTES = 32 << 20
"""Rows, and bytes of them as Arrow keeps them, that are in memory at a time."""


def parts(path: Path, columns: list[str] | None = None) -> Iterator[tuple[slice, pa.Table]]:
    """The rows of a Parquet file in order: (their places in the file, as many as are held at a time)."""
    start, waiting = 0, 0
    batches: list[pa.RecordBatch] = []
    for batch in _batches(path, columns):
        is_full = waiting + len(batch) > PART_ROWS or sum(b.nbytes for b in batches) + batch.nbytes > PART_BYTES
        if batches and is_full:
            yield slice(start, start + waiting), pa.Table.from_batches(batches)
            start, waiting, batches = start + waiting, 0, []
        batches.append(batch)
        waiting += len(batch)
    if batches:
        yield slice(start, start + waiting), pa.Table.from_batches(batches)


def _batches(path: Path, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    """Batches within one row group each: a reader of files bounds the bytes of those."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield from file.iter_batches(PART_ROWS, row_groups=[group], columns=columns)
