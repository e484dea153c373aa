"""What a file is told apart by without reading it, and whether its content was fetched before."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from text_classifier import storage
from text_classifier.corpus.sources.raw import PLACE, digest_of

_RECORDED_WITHIN_SECONDS = 1.0  # what source.json cuts off the time of fetching


@dataclass(frozen=True, slots=True)
class Mark:
    """The cheap facts of a file.

    Attributes:
        address: where it is, without what may be secret.
        size_bytes: None: nobody says.
        modified: seconds since 1970; 0: nobody says.
        version: such as an ETag; "": nobody says.
        path: where it is on this machine; None when it is elsewhere.
    """

    address: str
    size_bytes: int | None = None
    modified: float = 0.0
    version: str = ""
    path: Path | None = None

    @property
    def is_telling(self) -> bool:
        """Whether anything but the address could differ when the content does."""
        return bool(self.version or self.modified) or self.size_bytes is not None


class Fetched:
    """What stands under `raw/` for a data set: files that need not be announced or named again."""

    def __init__(self, data_dir: Path, data_set: str) -> None:
        self._fetched_at: dict[tuple[str, int], float] = {}
        self._digests: dict[int, set[str]] = {}
        for manifest in storage.readable_manifests(data_dir / PLACE / data_set).values():
            facts, main = manifest.facts, manifest.facts["files"][0]
            size, fetched_at = int(main["size_bytes"]), datetime.fromisoformat(facts["fetched_at"]).timestamp()
            before = self._fetched_at.get((facts["address"], size), fetched_at)
            self._fetched_at[facts["address"], size] = max(before, fetched_at)
            self._digests.setdefault(size, set()).add(main["sha256"])

    def holds(self, mark: Mark) -> bool:
        """Whether a file of that address and size was fetched after it was last modified, or has the same bytes.

        Only a file of this machine is read for that, and only when something of exactly its size was ingested.
        """
        if mark.size_bytes is None:
            return False
        fetched_at = self._fetched_at.get((mark.address, mark.size_bytes))
        if fetched_at is not None and mark.modified < fetched_at + _RECORDED_WITHIN_SECONDS:
            return True
        digests = self._digests.get(mark.size_bytes)
        if mark.path is None or not digests:
            return False
        try:
            return digest_of(mark.path).sha256 in digests
        except OSError:  # it cannot be read, so it was not
            return False


def mark_of(path: Path) -> Mark | None:
    """The mark of a regular file, at the address that it is recorded under; None: something else, or nothing."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            return None
        return Mark(str(path.resolve()), facts.st_size, facts.st_mtime, path=path)
    except (OSError, RuntimeError):  # a link to nothing, or to itself
        return None


def newest(marks: Iterable[Mark]) -> Mark:
    """The one that was modified last; of several, the last by its address."""
    return max(marks, key=lambda mark: (mark.modified, mark.address))


def shown(name: str) -> str:
    """A name as one line of plain characters, for the log and for messages."""
    return name if name.isprintable() else ascii(name)
