"""The folder of a source as it came: `raw/<data set>/<digest>/`, with `source.json` and a manifest."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from text_classifier import storage
from text_classifier.errors import DamagedOutputError
from text_classifier.progress import ProgressLog
from text_classifier.records import Origin, RawSource, shown_name

logger = logging.getLogger(__name__)

SOURCE = "source.json"
PLACE = "raw"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What a file is known by."""

    name: str
    sha256: str
    md5: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a source before its files are in hand. The first of `names` is the one that is read."""

    data_set: str
    origin: Origin
    form: str
    address: str
    names: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The data set's name with its mark."""
        return shown_name(self.data_set, self.origin)


def digest_of(path: Path) -> FileDigest:
    """Digests and size of a file, in one pass, with progress in the log."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    size = path.stat().st_size
    progress = ProgressLog(f"digesting {path.name}", size)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            sha256.update(chunk)
            md5.update(chunk)
            progress.update(len(chunk))
    return FileDigest(path.name, sha256.hexdigest(), md5.hexdigest(), size)


@contextmanager
def incoming(data_dir: Path, data_set: str) -> Iterator[Path]:
    """A folder for files that are on their way, beside the place where they will stand; always removed."""
    place = data_dir / PLACE / data_set
    with storage.writing(place):
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=place) as folder:
            yield Path(folder)


def kept(data_dir: Path, known: Known, digests: list[FileDigest]) -> RawSource | None:
    """The source of these digests, where it already stands whole. What once was generated stays so."""
    folder = _folder(data_dir, known.data_set, _digest(digests))
    recorded = _recorded(folder)
    if recorded is None:
        return None
    origin = recorded["origin"] if known.origin == "source" else known.origin
    return RawSource(known.data_set, origin, known.form, known.address, _digest(digests), folder)


def standing(data_dir: Path, data_set: str, digest: str) -> RawSource | None:
    """The source of that digest, where it stands whole."""
    folder = _folder(data_dir, data_set, digest)
    recorded = _recorded(folder)
    if recorded is None:
        return None
    return RawSource(data_set, recorded["origin"], recorded["form"], recorded["address"], digest, folder)


def kept_from(data_dir: Path, known: Known) -> tuple[RawSource, list[FileDigest]] | None:
    """The newest source that came from `known.address`, where one stands whole."""
    found = []
    for path in (data_dir / PLACE / known.data_set).glob(f"[!.]*/{SOURCE}"):
        recorded = _recorded(path.parent, known.address)
        if recorded is not None:
            found.append((recorded["fetched_at"], path.parent, recorded))
    if not found:
        return None
    _, folder, recorded = max(found, key=lambda entry: entry[:2])
    digests = [FileDigest(**file) for file in recorded["files"]]
    return RawSource(known.data_set, known.origin, known.form, known.address, recorded["digest"], folder), digests


def keep(data_dir: Path, known: Known, arrived: Path, digests: list[FileDigest]) -> RawSource:
    """Move the files that `arrived` into their place, unless the same ones stand there whole."""
    digest = _digest(digests)
    already = kept(data_dir, known, digests)
    if already:
        logger.info(
            "%s: the same %s stands in %s", shown_name(already.data_set, already.origin), known.names[0], already.folder
        )
        return already
    stored = [replace(file, name=_stored_name(file.name)) for file in digests]
    planned = storage.plan(PLACE, inputs={file.name: file.sha256 for file in stored}, parameters={}, modules=())
    folder = _folder(data_dir, known.data_set, digest)
    facts: dict[str, Any] = {
        "data_set": known.data_set,
        "address": known.address,
        "form": known.form,
        "origin": known.origin,
        "digest": digest,
        "size_bytes": sum(file.size_bytes for file in digests),
        "files": [asdict(file) for file in stored],
        "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with storage.output_folder(folder, planned, facts) as partial:
        for file, kept_as in zip(digests, stored, strict=True):
            (arrived / file.name).replace(partial / kept_as.name)
        (partial / SOURCE).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", "utf-8")
    logger.info("%s: kept %s bytes, SHA-256 %s, in %s", known.shown, f"{facts['size_bytes']:,}", digest, folder)
    return RawSource(known.data_set, known.origin, known.form, known.address, digest, folder)


def main_file(source: RawSource) -> Path:
    """The file of a source that its reader opens first."""
    return source.folder / str(storage.read_manifest(source.folder).facts["files"][0]["name"])


def _recorded(folder: Path, address: str | None = None) -> dict[str, Any] | None:
    """The source.json of a whole folder (from `address` if given); None where nothing stands, or it is damaged."""
    try:
        recorded: dict[str, Any] = storage.read_manifest(folder).facts
        if address is not None and recorded.get("address") != address:
            return None
        return storage.verify(folder).facts
    except DamagedOutputError as error:
        if folder.exists():
            logger.warning("the source that stands is not used: %s", error)
        return None


def _stored_name(name: str) -> str:
    """The name under which a file is kept: never that of a record that stands beside it."""
    return f"source-{name}" if name.casefold() in {SOURCE, storage.MANIFEST} else name


def _digest(digests: list[FileDigest]) -> str:
    """SHA-256 of the file; of the files' digests where there are several."""
    if len(digests) == 1:
        return digests[0].sha256
    return storage.sha256_text("".join(f"{file.sha256}  {file.name}\n" for file in digests))


def _folder(data_dir: Path, data_set: str, digest: str) -> Path:
    return data_dir / PLACE / data_set / digest[: storage.DIGEST_CHARACTERS]
