"""Files of other machines through fsspec, such as s3://bucket/news-*.csv: found, told apart and streamed to disk."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import fsspec
from fsspec.core import url_to_fs

from text_classifier.corpus.sources.download import PATIENCE_SECONDS, SLOWEST_BYTES_PER_SECOND
from text_classifier.corpus.sources.globs import Choice, choose, is_pattern, names_in_short, nothing_fits
from text_classifier.corpus.sources.marks import Mark, shown
from text_classifier.corpus.sources.refusals import classes_of_refusal, refused
from text_classifier.errors import SourceNotFoundError, SourceUnavailableError
from text_classifier.progress import ProgressLog

_BLOCK_BYTES = 1 << 23  # of one request
_CHUNK_BYTES = 1 << 20
_HERE = frozenset({"file", "local", "dir", "data"})
_HAS_PASSWORD = re.compile(r"(?!arn:)[^/]*:(?!\d+/)[^@]*@")
_MODIFIED = ("LastModified", "last_modified", "modified", "mtime", "updated", "modify", "created")
_VERSION = ("ETag", "etag", "version_id", "VersionId", "md5Hash", "content_md5", "checksum")


@dataclass(frozen=True, slots=True)
class Remote:
    """A filesystem, and the address whose files are meant."""

    data_set: str
    address: str
    filesystem: Any
    path: str

    def address_of(self, path: str) -> str:
        """The address of a path that the filesystem named: host and scheme stand in the first address only."""
        if self.address.endswith(self.path):
            return self.address.removesuffix(self.path) + path
        return str(self.filesystem.unstrip_protocol(path))


def connect(data_set: str, address: str, timeout_seconds: float) -> Remote:
    """The filesystem of an address, with credentials from the environment or from its own configuration files.

    Raises:
        SourceNotFoundError: nobody knows the scheme, it is one of this machine, or the address holds a password.
        SourceError: the package for the scheme is missing, or its configuration is wrong.
        SourceUnavailableError: the network or the server refused.
    """
    _demand_address(data_set, address)
    with _told(data_set, address):
        address.encode()
        # what an earlier run saw of a folder, or with other credentials, says nothing about now
        options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
        if address.startswith(("s3://", "s3a://")):
            waits = {"connect_timeout": timeout_seconds, "read_timeout": timeout_seconds}
            options["config_kwargs"] = {**waits, "retries": {"total_max_attempts": 2}}  # s3fs repeats that by itself
        filesystem, path = url_to_fs(address, **options)
        return Remote(data_set, address, filesystem, path)


def remote_choice(remote: Remote) -> Choice:
    """The file that the address names: itself, else the newest that fits.

    Raises:
        SourceNotFoundError: there is none.
        SourceError: the credentials are refused, or the address cannot be used.
        SourceUnavailableError: the network or the server refused.
    """
    try:
        return Choice(_mark(remote, remote.path))
    except SourceNotFoundError:
        if not is_pattern(remote.path):
            raise
    with _told(remote.data_set, remote.address):
        found: Mapping[str, Any] = remote.filesystem.glob(remote.path, detail=True)
    marks = [_mark_from(remote, path, facts) for path, facts in found.items() if facts["type"] == "file"]
    return choose(remote.address, marks) if marks else _none_fits(remote)


def file_name_in(address: str) -> str:
    """The name of the file at an address; characters that stand for something in http do not here."""
    name = address.rpartition("/")[2].replace("\0", "")
    return name if name not in {"", ".", ".."} else "download"


def copy_from_afar(remote: Remote, mark: Mark, folder: Path, names: Sequence[str]) -> None:
    """Stream a file and its companions, which stand beside it, to `folder`.

    Raises:
        SourceUnavailableError: a file changed meanwhile, came incomplete or too slowly, or the network refused.
        SourceNotFoundError: one is missing.
        SourceError: the credentials are refused.
    """
    first = _path_of(remote, mark.address)
    for name in names:
        path = first if name == names[0] else f"{first.rpartition('/')[0]}/{name}"
        before = _mark(remote, path)
        arrived_bytes = _stream(remote, path, folder / name, before.size_bytes or 0)
        _demand_same(before, _mark(remote, path), arrived_bytes)


def _path_of(remote: Remote, address: str) -> str:
    prefix = remote.address_of("")
    return address.removeprefix(prefix) if prefix else str(remote.filesystem._strip_protocol(address))


def _mark(remote: Remote, path: str) -> Mark:
    address = remote.address_of(path)
    with _told(remote.data_set, address):
        facts = remote.filesystem.info(path)
        if facts["type"] != "file":
            raise IsADirectoryError("a folder")
    return _mark_from(remote, path, facts)


def _mark_from(remote: Remote, path: str, facts: Mapping[str, Any]) -> Mark:
    modified = next((facts[key] for key in _MODIFIED if facts.get(key)), None)
    version = next((str(facts[key]) for key in _VERSION if facts.get(key)), "")
    size = facts.get("size")
    return Mark(remote.address_of(path), size if isinstance(size, int) else None, _seconds(modified), version)


def _seconds(modified: Any) -> float:
    """Since 1970, from a time, seconds or text such as "2026-11-22T03:00:00Z" or FTP's "20261122030000"."""
    if isinstance(modified, str):
        text = f"{modified[:8]}T{modified[8:]}Z" if modified.isdigit() else modified
        try:
            modified = datetime.fromisoformat(text)
        except ValueError:
            return 0.0
    if isinstance(modified, datetime):
        return modified.timestamp()
    return float(modified) if isinstance(modified, int | float) else 0.0


def _stream(remote: Remote, path: str, target: Path, total_bytes: int) -> int:
    progress = ProgressLog(f"downloading {shown(target.name)}", total_bytes)
    arrived_bytes = 0
    with target.open("wb") as out:
        for chunk in _chunks(remote, path):
            out.write(chunk)
            arrived_bytes += len(chunk)
            progress.update(len(chunk))
    return arrived_bytes


def _chunks(remote: Remote, path: str) -> Iterator[bytes]:
    """A file in pieces. What the disk refuses where they are written is not told as if the storage had."""
    began, read_bytes = time.monotonic(), 0
    with (
        _told(remote.data_set, remote.address_of(path)),
        remote.filesystem.open(path, "rb", block_size=_BLOCK_BYTES) as source,
    ):
        while chunk := source.read(_CHUNK_BYTES):
            read_bytes += len(chunk)
            seconds = time.monotonic() - began
            if seconds > PATIENCE_SECONDS and read_bytes < seconds * SLOWEST_BYTES_PER_SECOND:
                raise TimeoutError(f"{read_bytes:,} bytes in {seconds:.0f} s")
            yield chunk


def _demand_same(before: Mark, after: Mark, arrived_bytes: int) -> None:
    if before == after and before.size_bytes in {None, arrived_bytes}:
        return
    raise SourceUnavailableError(
        "the source changed while it was read",
        where=shown(before.address),
        seen=f"{arrived_bytes:,} bytes; now {_facts(after)}",
        expected=_facts(before),
        to_do="wait until it is written, then try again",
    )


def _facts(mark: Mark) -> str:
    size = "an unknown size" if mark.size_bytes is None else f"{mark.size_bytes:,} bytes"
    return f"{size}, modified {mark.modified:.3f}, version {mark.version or 'unknown'}"


def _none_fits(remote: Remote) -> Choice:
    """Raises: glob hides what went wrong, listing the folder does not."""
    parts = remote.path.split("/")
    folder = "/".join(parts[: next(index for index, part in enumerate(parts) if is_pattern(part))])
    with _told(remote.data_set, remote.address):
        names = [str(entry).rpartition("/")[2] for entry in remote.filesystem.ls(folder, detail=False)]
    seen = names_in_short(sorted(names), len(names))
    raise nothing_fits(remote.data_set, remote.address, seen, remote.address_of(folder))


def _demand_address(data_set: str, address: str) -> None:
    scheme, _, rest = address.partition("://")
    has_password = _HAS_PASSWORD.match(rest) is not None
    if has_password:
        what, seen = "the address holds a password", "<user>:<password>@"
        to_do = "take it out, and change the password; credentials belong in the environment"
    elif scheme.lower() in _HERE or "::" in address:
        what, seen = "the scheme of the address is not supported", f"the scheme {scheme!a}"
        to_do = "name the file by its path, or by the address where it stands"
    elif scheme not in fsspec.available_protocols():
        what, seen = "the scheme of the address is not supported", f"the scheme {scheme[:80]!a}"
        to_do = f"correct the parameter `source` or TEXT_CLASSIFIER_{data_set.upper()}"
    else:
        return
    where = f"{scheme}://...@{rest.rpartition('@')[2]}" if has_password else address
    raise SourceNotFoundError(
        what,
        where=ascii(where[:200]),
        seen=seen,
        expected="https://<server>/<file>, s3://<bucket>/<key> or another address that fsspec knows; else a path",
        to_do=to_do,
    )


@contextmanager
def _told(data_set: str, address: str) -> Iterator[None]:
    """Turns what fsspec and the libraries behind it raise into errors of the domain."""
    try:
        yield
    except classes_of_refusal() as error:
        raise refused(data_set, shown(address), error) from error
