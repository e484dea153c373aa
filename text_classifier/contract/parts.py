"""Ingested rows a part at a time, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.storage import sha256_text

PART_ROWS = 20_000
"""Rows that are in memory at a time; 100,000 reviews of 1,300 characters were judged within 0.6 GB of memory."""

RawRows = Callable[[Iterable[tuple[int, int]]], Iterator[bytes | None]]
"""Gives rows as they stand in the source, by the line that each begins with (ascending) and how many lines it takes;
None where that is not known."""

REJECTED_PART_ROWS = 1_000
"""The same for rejected rows: of each, up to 64 KiB are kept as they came."""


def parts(path: Path, columns: list[str] | None = None, rows: int = PART_ROWS) -> Iterator[tuple[slice, pa.Table]]:
    """The rows of a Parquet file in order: (their places in the file, at most `rows` of them)."""
    start = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(rows, columns=columns):
            yield slice(start, start + len(batch)), pa.Table.from_batches([batch])
            start += len(batch)


def text_digests(texts: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    """SHA-256 of each text, hexadecimal; null of null."""
    return pa.array([None if text is None else sha256_text(text) for text in texts.to_pylist()], pa.string())
