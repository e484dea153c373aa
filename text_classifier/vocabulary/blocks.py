"""The rows of Parquet files a block at a time, and work done on blocks by a few threads at once.

A block is what one machine needs to hold to do its share; which rows form one depends on the file alone.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.progress import ProgressLog
from text_classifier.records import Split

_BLOCK_BYTES = 16 << 20  # of text in a block, on average
_WORK_BYTES = 8 * _BLOCK_BYTES  # that a block at work takes; reading, merging and writing take as much as two more
_READ_BYTES = 1 << 20  # of a column read from disk at a time

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows of one row group of a split's file."""

    split: Split
    rows: pa.RecordBatch


def read_blocks(files: Mapping[Split, Path], columns: Sequence[str], what: str) -> Iterator[Block]:
    """The blocks of all files in order, with the column `text` and the named ones; `what` names the work in the log."""
    progress = ProgressLog(what, sum(pq.read_metadata(path).num_rows for path in files.values()), "rows")
    for split, path in files.items():
        with pq.ParquetFile(path, buffer_size=_READ_BYTES, pre_buffer=False) as file:
            for group in range(file.num_row_groups):
                rows = _block_rows(file.metadata.row_group(group))
                for batch in file.iter_batches(rows, [group], [*columns, "text"], use_threads=False):
                    yield Block(split, batch)
                    progress.update(len(batch))


def threads_within(memory_bytes: int) -> int:
    """How many blocks can be worked on at a time: one at least, one for each core at most."""
    return max(1, min(os.cpu_count() or 1, memory_bytes // _WORK_BYTES - 2))


def in_order(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """The result of every item, in their order, while at most `threads` + 1 of them are in hand."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _block_rows(group: pq.RowGroupMetaData) -> int:
    columns = (group.column(index) for index in range(group.num_columns))
    text_bytes = next(column.total_uncompressed_size for column in columns if column.path_in_schema == "text")
    blocks = -(-text_bytes // _BLOCK_BYTES) or 1
    return max(1, int(-(-group.num_rows // blocks)))
