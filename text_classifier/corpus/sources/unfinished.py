"""The beginning of a download that was cut off, and how the server is asked for the rest of it.

It outlives the process: a run that is killed, or that ends without a network, leaves it for the next one. What has
arrived counts only as long as the server says that its file is still the same one (RFC 9110, If-Range).
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

from text_classifier.storage import sha256_text

FOLDER = ".unfinished"
_BODY, _STATE = "body", "validator"
_CERTAIN_SECONDS = 60  # a file changed less than that before the answer may have changed again in the same second
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class AnotherPartError(ValueError):
    """A server sends another part of a file than it was asked for."""


class Unfinished:
    """A file that is arriving from an address.

    Attributes:
        size_bytes: what has arrived.
        total_bytes: of the whole file, 0 where the server has not said.
    """

    def __init__(self, file: BinaryIO, folder: Path) -> None:
        self._file, self._folder = file, folder
        self._validator = _recorded(folder / _STATE)
        self.size_bytes = file.seek(0, 2) if self._validator else 0
        self.total_bytes = 0

    @property
    def headers(self) -> dict[str, str]:
        """What asks for the rest, or for all where it is not known of what the beginning is."""
        if not (self.size_bytes and self._validator):
            return {}
        return {"Range": f"bytes={self.size_bytes}-", "If-Range": self._validator}

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Take in what the server says of its answer: the rest of the file, or all of it anew.

        Raises:
            AnotherPartError: it is not what was asked for; the next attempt asks for all.
        """
        told = headers.get("Content-Range", "")
        part = _RANGE.fullmatch(told) if status == 206 else None
        is_encoded = headers.get("Content-Encoding", "identity") != "identity"  # then bytes are counted otherwise
        fits = part is not None and int(part[1]) == self.size_bytes and not is_encoded and self._is_same(headers)
        if status == 416 or (status == 206 and not fits):
            asked, self.size_bytes, self._validator = self.size_bytes, 0, ""
            raise AnotherPartError(f"HTTP status {status}, {told[:80]!r}, asked for the bytes from {asked:,} on")
        if part is None:
            self.size_bytes = 0
        length = part[2] if part else headers.get("Content-Length", "")
        self.total_bytes = int(length) if length.isdecimal() and not is_encoded else 0
        self._file.seek(self.size_bytes)
        self._file.truncate()
        self._validator = "" if is_encoded else _validator(headers)
        (self._folder / _STATE).write_text(self._validator, "utf-8")

    def add(self, data: bytes) -> None:
        self._file.write(data)
        self.size_bytes += len(data)

    def demand_whole(self) -> None:
        """Raises AnotherPartError: less or more has arrived than the server announced."""
        if self.total_bytes and self.size_bytes != self.total_bytes:
            raise AnotherPartError(f"{self.size_bytes:,} of {self.total_bytes:,} bytes")

    def _is_same(self, headers: Mapping[str, str]) -> bool:
        """Whether the server speaks of the file that has begun to arrive, as far as it says."""
        name = "ETag" if self._validator.startswith('"') else "Last-Modified"
        return headers.get(name, self._validator) == self._validator

    def finish(self, target: Path) -> None:
        """Move the whole file to its place."""
        self._file.flush()
        Path(self._file.name).replace(target)
        self._validator = ""

    def leave(self) -> None:
        """Keep what a later attempt can go on from, and nothing else."""
        self._file.flush()
        if not (self.size_bytes and self._validator):
            for name in (_BODY, _STATE):
                (self._folder / name).unlink(missing_ok=True)
            with suppress(OSError):  # somebody else has begun there
                self._folder.rmdir()
                self._folder.parent.rmdir()


@contextmanager
def unfinished(place: Path, address: str) -> Iterator[Unfinished]:
    """The file from `address` as far as it has arrived below `place`.

    Where another process is at work on it, this one begins anew in a folder of its own.
    """
    folder = place / FOLDER / sha256_text(address)[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _BODY).open("a+b") as file:
        if not _is_alone(file):
            with (
                tempfile.TemporaryDirectory(prefix=".incoming-", dir=place) as own,
                Path(own, _BODY).open("w+b") as new,
            ):
                yield Unfinished(new, Path(own))
            return
        arriving = Unfinished(file, folder)
        try:
            yield arriving
        finally:
            arriving.leave()


def _is_alone(file: BinaryIO) -> bool:
    """Whether this process alone works on the file; not on one that another has moved away meanwhile."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(file.fileno()).st_ino == Path(file.name).stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def _recorded(path: Path) -> str:
    """What the file is known by of which the beginning has arrived; "" where that is not known."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""


def _validator(headers: Mapping[str, str]) -> str:
    """What tells one state of a file from another for certain; "" where the server gives nothing of the kind."""
    etag = headers.get("ETag", "")
    if etag.startswith('"'):
        return etag
    try:
        modified, now = (parsedate_to_datetime(headers.get(name, "")) for name in ("Last-Modified", "Date"))
        is_certain = (now - modified).total_seconds() >= _CERTAIN_SECONDS
    except (ValueError, TypeError):
        return ""
    return headers["Last-Modified"] if is_certain else ""
