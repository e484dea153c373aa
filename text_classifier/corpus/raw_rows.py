"""Rows of a delimited file as they stand in it, found again by their physical lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path

from text_classifier import storage
from text_classifier.contract.odcs import Contract
from text_classifier.contract.parts import RawRows
from text_classifier.corpus.blocks import BLOCK_BYTES
from text_classifier.corpus.boundaries import Boundaries, Dialect
from text_classifier.corpus.raw import main_file, standing
from text_classifier.corpus.streams import TextStream, open_text
from text_classifier.records import Ingested


def raw_rows(ingested: Ingested, contract: Contract, data_dir: Path) -> RawRows:
    """What gives the bytes of ingested rows; None for each where the source is not delimited or no longer stands."""

    def given(places: Iterable[tuple[int, int]]) -> Iterator[bytes | None]:
        facts = storage.read_manifest(ingested.folder).facts
        source = standing(data_dir, contract.data_set, facts["source_digest"]) if "layout" in facts else None
        if source is None:
            return repeat(None)
        return rows_of(main_file(source), contract.encoding, places)

    return given


def rows_of(
    path: Path, declared_encoding: str, places: Iterable[tuple[int, int]], block_bytes: int = BLOCK_BYTES
) -> Iterator[bytes]:
    """The bytes of rows, line ends included, in one pass over the file.

    Args:
        places: the line that each begins with, ascending, and how many lines it takes.
    """
    wanted = iter(places)
    place = next(wanted, None)
    with open_text(path, declared_encoding) as stream:
        lines = _Lines(stream, block_bytes)
        while place is not None:
            yield lines.take(*place)
            place = next(wanted, None)


class _Lines:
    """A window of whole lines that moves down a file."""

    def __init__(self, stream: TextStream, block_bytes: int) -> None:
        self.stream, self.block_bytes = stream, block_bytes
        self._data, self._first, self._ends = b"", 1, Boundaries(b"", Dialect(","), is_last=False).line_ends

    def take(self, row: int, lines: int) -> bytes:
        """The bytes of `lines` lines from line `row` on."""
        while len(self._ends) < row + lines - self._first and self._move(row):
            pass
        start, end = self._position(row - self._first), self._position(row + lines - self._first)
        return self.stream.restore(self._data[start:end])

    def _position(self, lines: int) -> int:
        """Where the window's first `lines` lines end."""
        return int(self._ends[lines - 1]) if lines else 0

    def _move(self, row: int) -> bool:
        """Drop the lines above `row`, read on; whether there was more."""
        dropped = min(row - self._first, len(self._ends))
        chunk = self.stream.read(self.block_bytes)
        self._data = self._data[self._position(dropped) :] + chunk
        self._first += dropped
        self._ends = Boundaries(self._data, Dialect(","), is_last=not chunk).line_ends
        return bool(chunk)
