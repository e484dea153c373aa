"""The file on this machine that a source names: by its path, its folder or a pattern."""

from __future__ import annotations

import logging
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.readers import COMPANIONS, FOLDER_NAMES, form_of
from text_classifier.corpus.sources.globs import Choice, chosen_file, is_pattern
from text_classifier.corpus.sources.marks import mark_of, shown
from text_classifier.corpus.sources.raw import FileDigest, Known, digest_of
from text_classifier.errors import SourceError, SourceNotFoundError, SourceUnavailableError

logger = logging.getLogger(__name__)

_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
)


def local_choice(contract: Contract, source: str) -> Choice:
    """The file that `source` names: itself, the richest form in the folder that it is, or the newest that fits.

    Raises:
        SourceNotFoundError: there is none, or it is no regular file.
    """
    try:
        path = Path(source).expanduser()
        path.stat()
    except (OSError, RuntimeError, ValueError) as error:
        if is_pattern(source) and isinstance(error, OSError):
            return chosen_file(contract.data_set, source)
        raise _missing(contract, source, error) from error
    if path.is_dir():
        path = _in_folder(contract, path)
    demand_file(path)
    mark = mark_of(path)
    if mark is None:  # it went away since
        raise _missing(contract, source, None)
    return Choice(mark)


def digests_of(path: Path, names: Sequence[str]) -> list[FileDigest]:
    """Of the files of those names that stand where `path` does.

    Raises:
        SourceNotFoundError: one is missing, or is no regular file.
        SourceError: one cannot be read.
    """
    return [_digest(path.with_name(name)) for name in names]


def copy(known: Known, path: Path, digests: list[FileDigest], folder: Path) -> None:
    """Copy the files of a source into `folder`.

    Raises:
        SourceUnavailableError: what arrived has not those `digests`.
    """
    logger.info("%s: copying %s", known.shown, shown(str(path)))
    for name in known.names:
        shutil.copyfile(path.with_name(name), folder / name)
    if [digest_of(folder / name) for name in known.names] != digests:
        raise SourceUnavailableError(
            "the source changed while it was read",
            where=shown(str(path)),
            to_do="wait until it is written, then try again",
        )


def demand_file(path: Path) -> None:
    """Raises SourceNotFoundError: the path is that of something else."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise SourceNotFoundError(
            "the source is no file",
            where=str(path),
            seen=next((kind for is_kind, kind in _KINDS if is_kind(mode)), "a folder"),
            expected="a regular file, which can be read twice and has an end",
            to_do="write what it gives to a file, then name that",
        )


def _in_folder(contract: Contract, folder: Path) -> Path:
    names = FOLDER_NAMES.get(contract.reader, ())
    for name in names:
        companions = COMPANIONS.get(form_of(contract.reader, name), ())
        found = sorted(file for file in folder.glob(name) if file.is_file())
        if len(found) > 1:
            raise _several(folder, found)
        if found and all((folder / needed).is_file() for needed in companions):
            return found[0]
    raise SourceNotFoundError(
        "the folder does not hold the source" if names else "a folder stands where a file is expected",
        where=str(folder),
        seen=", ".join(sorted(shown(entry.name) for entry in folder.iterdir())[:20]) or "an empty folder",
        expected=" or ".join(names) or "a file",
        to_do="name the file itself, or the newest of several as a pattern such as *.csv",
    )


def _missing(contract: Contract, source: str, error: Exception | None) -> SourceNotFoundError:
    return SourceNotFoundError(
        "the source does not exist",
        where=shown(source[:200]),
        seen=(error.strerror if isinstance(error, OSError) else str(error or "")) or "nothing",
        expected="a file, a folder, a pattern such as news-*.csv, or an address such as https://... or s3://...",
        to_do=f"correct the parameter `source` or TEXT_CLASSIFIER_{contract.data_set.upper()}",
    )


def _several(folder: Path, found: Sequence[Path]) -> SourceNotFoundError:
    return SourceNotFoundError(
        "several files in the folder could be the source",
        where=str(folder),
        seen=", ".join(shown(file.name) for file in found[:20]),
        expected="one of them",
        to_do="name the file itself, or the newest of them as a pattern such as *.csv",
    )


def _digest(path: Path) -> FileDigest:
    try:
        demand_file(path)
        return digest_of(path)
    except FileNotFoundError as error:
        raise SourceNotFoundError(
            "a file of the source is missing",
            where=shown(str(path)),
            to_do="put it beside the other file of the source",
        ) from error
    except OSError as error:
        raise SourceError(
            "the source cannot be read",
            where=shown(str(path)),
            seen=error.strerror or str(error),
            expected="a file that this user may read",
            to_do="correct its permissions, or name another file",
        ) from error
