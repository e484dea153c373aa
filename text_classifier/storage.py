"""Outputs on disk: written whole or not at all, named by a fingerprint, accounted for by a manifest.

A folder is filled beside its place and renamed into it; `manifest.json` is its last file and names every
input and output with its SHA-256. What is not in a manifest, or differs from it, is not trusted.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from text_classifier.circumstances import circumstances
from text_classifier.code_version import code_digest
from text_classifier.errors import DamagedOutputError, OutputUnwritableError

logger = logging.getLogger(__name__)

MANIFEST = "manifest.json"
DIGEST_CHARACTERS = 16  # of 64: enough for a folder's name, 2**64 values
_CHUNK_BYTES = 1 << 20
_REFUSALS = frozenset({"EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR", "EISDIR", "EEXIST", "EFBIG"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands in a folder, and what it was made of.

    Attributes:
        kind: the step that wrote the folder, such as "ingested".
        fingerprint: SHA-256 (hexadecimal) over `inputs`, `parameters` and `code`.
        inputs: name -> SHA-256 or fingerprint of what was read.
        parameters: what the step was asked for, as JSON values.
        code: SHA-256 over the source text of the modules that decide the content.
        run: the run that made the folder.
        facts: counts and names that the next step reads instead of the data.
        outputs: path relative to the folder -> {"sha256": ..., "bytes": ...}.
        created_at: ISO 8601 in UTC.
        package_version: of text_classifier.
        made_with: environment, lock and hardware, see `circumstances`; empty in manifests from before they were noted.
    """

    kind: str
    fingerprint: str
    inputs: dict[str, str]
    parameters: dict[str, Any]
    code: str
    facts: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    run: str = ""
    created_at: str = ""
    package_version: str = ""
    made_with: dict[str, str] = field(default_factory=dict)


_MANIFEST = TypeAdapter(Manifest)


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_text(text: str) -> str:
    """SHA-256 of the text's UTF-8 bytes (lone surrogates pass as they are), hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def plan(kind: str, *, inputs: Mapping[str, str], parameters: Mapping[str, Any], modules: tuple[str, ...]) -> Manifest:
    """The manifest of a folder that is still to be made: its fingerprint is known before its content.

    `modules` are those where the step begins; what they import counts with them.
    """
    described = Manifest(kind, "", dict(inputs), dict(parameters), code_digest(*modules))
    return replace(described, fingerprint=fingerprint_of(described))


def fingerprint_of(manifest: Manifest) -> str:
    """What the fingerprint of a manifest is, whatever stands in its field."""
    deciding = {name: getattr(manifest, name) for name in ("kind", "inputs", "parameters", "code")}
    return sha256_text(json.dumps(deciding, sort_keys=True, ensure_ascii=True))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns the operating system's refusals while writing at `path` into an `OutputUnwritableError`."""
    try:
        yield
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "")
        if reason not in _REFUSALS or not _concerns(error, path):
            raise
        raise OutputUnwritableError(
            "cannot write an output",
            where=str(path),
            seen=f"{error.strerror} ({reason})",
            expected="a folder that can be written, with free space",
            to_do="free space or set TEXT_CLASSIFIER_DATA_DIR to another folder; nothing half-written was kept",
        ) from error


@contextmanager
def output_file(path: Path) -> Iterator[Path]:
    """A path to write to; on leaving without error it takes the place of `path`, otherwise it is removed."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            _flush(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def output_folder(path: Path, manifest: Manifest, facts: dict[str, Any]) -> Iterator[Path]:
    """A folder to fill; on leaving without error it gets its manifest and takes the place of `path`.

    `facts` may be filled while the folder is; they go into the manifest. A folder that stood at `path`
    before (damaged, or made by somebody else meanwhile) is moved aside first, so that no reader sees half of it.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    with writing(path):
        try:
            partial.mkdir(parents=True)
            yield partial
            write_manifest(partial, manifest, facts)
            _take_the_place(partial, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def write_manifest(folder: Path, manifest: Manifest, facts: Mapping[str, Any], but: Collection[str] = ()) -> Manifest:
    """Digest every file below `folder`, `but` those, and write `manifest.json` there.

    A manifest that was complete before keeps its time, its package version and its circumstances: its step is not
    done anew.
    """
    files = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    outputs = {
        name: {"sha256": sha256_file(file), "bytes": file.stat().st_size}
        for name, file in files.items()
        if file.name != MANIFEST and name not in but
    }
    complete = replace(
        manifest,
        facts=dict(facts),
        outputs=outputs,
        created_at=manifest.created_at or datetime.now(UTC).isoformat(timespec="seconds"),
        package_version=manifest.package_version or version("text-classifier"),
        made_with=manifest.made_with if manifest.created_at else dict(circumstances()),
    )
    with output_file(folder / MANIFEST) as partial:
        partial.write_text(json.dumps(asdict(complete), indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    return complete


def read_manifest(folder: Path) -> Manifest:
    """The manifest of `folder`.

    Raises:
        DamagedOutputError: there is none, or it cannot be read.
    """
    path = folder / MANIFEST
    try:
        return _MANIFEST.validate_json(path.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise DamagedOutputError(
            "an output has no readable manifest",
            where=str(path),
            seen=f"{type(error).__name__}: {error}",
            expected="the manifest.json that every finished step writes last",
            to_do="run the step again with refresh=true",
        ) from error


def verify(folder: Path, but: Collection[str] = ()) -> Manifest:
    """The manifest of `folder`, after every file it names, `but` those, was found and digested anew.

    Raises:
        DamagedOutputError: a file is missing or differs.
    """
    manifest = read_manifest(folder)
    for name in sorted(manifest.outputs.keys() - set(but)):
        checked_output(folder, name, manifest)
    return manifest


def checked_output(folder: Path, name: str, manifest: Manifest | None = None) -> Path:
    """The path of one output of `folder`, after it was digested anew.

    Raises:
        DamagedOutputError: the manifest does not name it, or it is missing or differs.
    """
    file = folder / name
    expected = (manifest or read_manifest(folder)).outputs.get(name, {"sha256": "an output that the manifest names"})
    seen = sha256_file(file) if file.is_file() else "no such file"
    if seen != expected["sha256"]:
        raise DamagedOutputError(
            "an output differs from its manifest",
            where=str(file),
            seen=seen,
            expected=str(expected["sha256"]),
            to_do="run the step again with refresh=true",
        )
    return file


def read_tree(folder: Path, name: str, to_do: str) -> dict[str, Any]:
    """The JSON object in one output of `folder`, after it was digested anew.

    Args:
        to_do: what makes the file anew, for the message.

    Raises:
        DamagedOutputError: it is missing, differs from its manifest, or is no JSON object.
    """
    path = checked_output(folder, name)
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise DamagedOutputError(
            "an output is no JSON object",
            where=str(path),
            seen=f"{type(error).__name__}: {error}",
            expected="the JSON that the step wrote",
            to_do=to_do,
        ) from error


def readable_manifests(parent: Path) -> dict[Path, Manifest]:
    """Manifest of every finished folder in `parent`; one that cannot be read is passed over with a warning."""
    found = {}
    for path in sorted(parent.glob(f"[!.]*/{MANIFEST}")):
        try:
            found[path.parent] = read_manifest(path.parent)
        except DamagedOutputError as error:
            logger.warning("passed over: %s", error)
    return found


def is_reusable(folder: Path, planned: Manifest, but: Collection[str] = ()) -> bool:
    """Whether `folder` holds the whole, undamaged output that `planned` describes, leaving out the files `but`."""
    try:
        return verify(folder, but).fingerprint == planned.fingerprint
    except DamagedOutputError:
        return False


def _take_the_place(partial: Path, path: Path) -> None:
    aside = partial.with_suffix(".replaced")
    with suppress(FileNotFoundError):
        path.rename(aside)
    try:
        partial.rename(path)
    except OSError as error:  # somebody else's folder came first: the same fingerprint, so the same content
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _concerns(error: OSError, path: Path) -> bool:
    """Whether the refusal was about `path`, its surroundings or nothing named, rather than about a file being read."""
    if error.filename is None:
        return True
    named = Path(os.fsdecode(error.filename2 or error.filename))
    return named.is_relative_to(path.parent) or path.is_relative_to(named)


def _flush(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
