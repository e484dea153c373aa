"""Reader of Stanford's `aclImdb_v1.tar.gz`, streamed: no member is unpacked to a file.

A review is a member `aclImdb/<split>/<label>/<number>_<rating>.txt`. Line n (from 0) of
`aclImdb/<split>/urls_<label>.txt` names the film of review n; those files may come after the reviews, so the
reviews wait in a file of their own until all films are known.

Source: Maas et al., Learning Word Vectors for Sentiment Analysis, ACL 2011, and the README in the archive.
"""

from __future__ import annotations

import gzip
import logging
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.rows import RejectedRow, RowSink
from text_classifier.errors import SourceFormatError
from text_classifier.progress import ProgressLog
from text_classifier.records import RAW_BYTES_KEPT

logger = logging.getLogger(__name__)

ROOT = "aclImdb"
REVIEW = re.compile(ROOT + r"/((train|test)/(pos|neg|unsup)/([0-9]{1,7})_([0-9]{1,2})\.txt)")
FILMS = re.compile(ROOT + r"/((train|test)/urls_(pos|neg|unsup)\.txt)")
_FILM = re.compile(rb"/title/(tt[0-9]{1,12})(?:/|$)")
_MAX_REVIEW_BYTES = 1 << 20
_MAX_FILMS_BYTES = 64 << 20
_ROWS_PER_CHUNK = 5_000
_REST_BYTES = 1 << 20
_WAITING = ".reviews.parquet"
_REVIEW_SCHEMA = pa.schema(
    {
        "row": pa.int64(),
        "path": pa.string(),
        "part": pa.string(),
        "label": pa.string(),
        "number": pa.int64(),
        "rating": pa.int64(),
        "text": pa.string(),
    }
)
_Review = dict[str, str | int | None]
_Films = dict[tuple[str, str], list[str | None]]


def read_tar(path: Path, contract: Contract, sink: RowSink) -> None:
    """Read all reviews into `sink`, with film (`group`), split, label and rating (null where it has none).

    Raises:
        SourceFormatError: the file is no whole archive, or holds no review.
        DamagedOutputError: a review was lost or doubled.
    """
    waiting = sink.folder / _WAITING
    reading = _Pass(sink)
    try:
        with pq.ParquetWriter(waiting, _REVIEW_SCHEMA, compression="lz4") as writer:
            for reviews in _chunks(reading.reviews(path)):
                writer.write_table(pa.Table.from_pylist(reviews, schema=_REVIEW_SCHEMA))
        for batch in pq.ParquetFile(waiting).iter_batches(_ROWS_PER_CHUNK):
            sink.keep(_columns(pa.Table.from_batches([batch]), reading.films, contract))
    finally:
        waiting.unlink(missing_ok=True)
    if not reading.matched:
        raise _wrong(path, "an archive without reviews")
    sink.account_for(reading.matched, path.name)
    if not reading.films:
        logger.warning("%s names no films (urls_*.txt): its reviews are divided by their text alone", path.name)


class _Member(tarfile.TarInfo):
    """A member of which a damaged header is an error, not the end of the archive as tarfile takes it to be."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # a block of zeros: the true end
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"damaged at byte {archive.offset:,}: {error}") from error


class _Pass:
    """One pass over the archive: yields reviews, remembers films, sets aside what is no review though named so.

    `matched`: members named as a review is, so far; also the row of the last one.
    """

    def __init__(self, sink: RowSink) -> None:
        self.films: _Films = {}
        self._sink = sink
        self._seen: set[str] = set()
        self.matched = 0

    def reviews(self, path: Path) -> Iterator[_Review]:
        progress = ProgressLog(f"reading {path.name}, unpacked")
        with _archive(path) as archive:
            while member := archive.next():
                archive.members = []  # type: ignore[attr-defined]  # or 100,000 members stay in memory
                name = member.name.removeprefix("./")
                progress.update(member.size)
                if found := REVIEW.fullmatch(name):
                    self.matched += 1
                    if review := self._review(archive, member, found):
                        yield review
                elif (found := FILMS.fullmatch(name)) and member.isreg():
                    if (found[2], found[3]) in self.films:
                        raise tarfile.ReadError(f"{name} stands twice")
                    addresses = _content(archive, member, _MAX_FILMS_BYTES)
                    self.films[found[2], found[3]] = [_film(line) for line in addresses.splitlines()]

    def _review(self, archive: tarfile.TarFile, member: tarfile.TarInfo, found: re.Match[str]) -> _Review | None:
        if not member.isreg():
            self._reject("not-a-file", "a link or a special file in the place of a review", b"", 0)
            return None
        if found[1] in self._seen:
            raw = _content(archive, member, RAW_BYTES_KEPT)
            self._reject("twice", f"another member named {found[1]}", raw, member.size)
            return None
        self._seen.add(found[1])
        if member.size > _MAX_REVIEW_BYTES:
            raw = _content(archive, member, RAW_BYTES_KEPT)
            self._reject("size", f"more than {_MAX_REVIEW_BYTES:,} bytes", raw, member.size)
            return None
        raw = _content(archive, member, _MAX_REVIEW_BYTES)
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            self._reject("encoding", f"not UTF-8: {error.reason} at byte {error.start}", raw, len(raw))
            return None
        return {
            "row": self.matched,
            "path": found[1],
            "part": found[2],
            "label": found[3],
            "number": int(found[4]),
            "rating": int(found[5]) or None,
            "text": text,
        }

    def _reject(self, rule: str, reason: str, raw: bytes, raw_bytes: int) -> None:
        self._sink.reject([RejectedRow(self.matched, 1, rule, reason, raw, raw_bytes=raw_bytes)])


def _columns(reviews: pa.Table, films: _Films, contract: Contract) -> dict[str, pa.Array]:
    rows = reviews.select(["part", "label", "number"]).to_pylist()
    is_unlabelled = np.array([row["label"] == "unsup" for row in rows])
    return {
        "example_id": reviews["path"],
        "row": reviews["row"],
        "lines": pa.array(np.ones(len(rows), dtype=np.int32)),
        "split": pa.array([row["label" if row["label"] == "unsup" else "part"] for row in rows]),
        "group": pa.array([_film_of(films.get((row["part"], row["label"]), []), row["number"]) for row in rows]),
        contract.text_column: reviews["text"],
        contract.label_columns[0]: pa.array([row["label"] for row in rows], mask=is_unlabelled),
        "rating": reviews["rating"],
    }


def _film_of(films: list[str | None], number: int) -> str | None:
    return films[number] if number < len(films) else None


def _film(address: bytes) -> str | None:
    found = _FILM.search(address)
    return found[1].decode() if found else None


def _chunks(reviews: Iterator[_Review]) -> Iterator[list[_Review]]:
    while chunk := list(islice(reviews, _ROWS_PER_CHUNK)):
        yield chunk


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, most_bytes: int) -> bytes:
    stream = archive.extractfile(member)
    return stream.read(most_bytes) if stream else b""


@contextmanager
def _archive(path: Path) -> Iterator[tarfile.TarFile]:
    """The archive as a stream. On leaving, the rest is read too, so that a cut or damaged end is noticed.

    Only zeros may follow the last member: a header lost in them would hide all reviews after it.
    """
    try:
        with (
            path.open("rb") as file,
            gzip.open(file) as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Member) as archive,
        ):
            yield archive
            while archive.fileobj and (rest := archive.fileobj.read(_REST_BYTES)):
                if rest.strip(b"\0"):
                    raise tarfile.ReadError(f"more than zeros after the end at byte {archive.offset:,}")
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:  # ValueError: sparse maps
        raise _wrong(path, str(error)) from error


def _wrong(path: Path, seen: str) -> SourceFormatError:
    return SourceFormatError(
        "the archive of reviews cannot be read",
        where=path.name,
        seen=seen,
        expected=f"a whole .tar.gz with {ROOT}/train/pos/0_9.txt and the like",
        to_do="get the file anew from its official address",
    )
