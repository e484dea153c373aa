"""Rows of a delimited file as they stand in it, found again by their physical lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path

import numpy as np

from text_classifier import storage
from text_classifier.contract.applied.examples import RawRows
from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.delimited.blocks import BLOCK_BYTES
from text_classifier.corpus.delimited.boundaries import Boundaries, Dialect, IntArray
from text_classifier.corpus.delimited.streams import TextStream, open_text
from text_classifier.corpus.sources.raw import main_file, standing
from text_classifier.errors import DamagedOutputError
from text_classifier.records import Ingested


def raw_rows(ingested: Ingested, contract: Contract, data_dir: Path) -> RawRows:
    """What gives the bytes of ingested rows; None for each where the source is not delimited.

    Raises, when it is asked for some:
        DamagedOutputError: the source no longer stands whole under `raw/`.
    """

    def given(places: Iterable[tuple[int, int]]) -> Iterator[bytes | None]:
        facts = storage.read_manifest(ingested.folder).facts
        if "layout" not in facts:
            return repeat(None)
        source = standing(data_dir, contract.data_set, facts["source_digest"])
        if source is None:
            raise DamagedOutputError(
                "the source of ingested rows is gone, so that rejected ones cannot be kept as they stand in it",
                where=f"raw/{contract.data_set}/{facts['source_digest'][: storage.DIGEST_CHARACTERS]}",
                seen="no whole copy",
                expected=f"the file from {ingested.address}",
                to_do="run prepare-data with that file as its source: it is then copied again",
            )
        return rows_of(main_file(source), contract.encoding, places)

    return given


def rows_of(
    path: Path, declared_encoding: str, places: Iterable[tuple[int, int]], block_bytes: int = BLOCK_BYTES
) -> Iterator[bytes]:
    """The bytes of rows, line ends included, in one pass over the file that holds no more of it than a block and a row.

    Args:
        places: the line that each begins with, ascending, and how many lines it takes.
    """
    with open_text(path, declared_encoding) as stream:
        lines = _Lines(stream, block_bytes)
        for row, count in places:
            lines.skip(row - lines.next_line)
            yield stream.restore(b"".join(lines.take(count)))


class _Lines:
    """A file's physical lines from `next_line` on."""

    def __init__(self, stream: TextStream, block_bytes: int) -> None:
        self.next_line = 1
        self._stream, self._block_bytes = stream, block_bytes
        self._data, self._start = b"", 0
        self._ends: IntArray = np.empty(0, np.int64)
        self._taken = 0  # of the ends
        self._is_last = False

    def skip(self, count: int) -> None:
        for _ in self.take(count):
            pass

    def take(self, count: int) -> Iterator[bytes]:
        """The next `count` lines, in pieces."""
        while count:
            at_hand = min(count, len(self._ends) - self._taken)
            self._taken, self.next_line, count = self._taken + at_hand, self.next_line + at_hand, count - at_hand
            end = int(self._ends[self._taken - 1]) if at_hand else len(self._data) - self._data.endswith(b"\r")
            yield self._data[self._start : end]
            self._start = max(self._start, end)
            if count and not self._read():
                return

    def _read(self) -> bool:
        """Read on; whether there was more."""
        if self._is_last:
            return False
        chunk = self._stream.read(self._block_bytes)
        self._data, self._start, self._taken = self._data[self._start :] + chunk, 0, 0
        self._is_last = not chunk
        self._ends = Boundaries(self._data, Dialect(","), is_last=self._is_last).line_ends
        return bool(self._data)
