"""Where a source comes from: a file, a folder, an address, a generator or the official download."""

from __future__ import annotations

import logging
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urljoin

from text_classifier.contract.odcs import Contract, SourcePin
from text_classifier.corpus.download import (
    AGAIN_AFTER_SECONDS,
    demand_address,
    download,
    file_name_of,
    is_address,
    shown_address,
)
from text_classifier.corpus.generators import GENERATORS
from text_classifier.corpus.lines import is_decodable
from text_classifier.corpus.raw import FileDigest, Known, digest_of, incoming, keep, kept, kept_from
from text_classifier.corpus.readers import COMPANIONS, FOLDER_NAMES, form_of
from text_classifier.errors import (
    SourceError,
    SourceFormatError,
    SourceNotFoundError,
    SourceUnavailableError,
    UnknownNameError,
)
from text_classifier.records import Origin, RawSource, shown_name
from text_classifier.storage import code_digest

logger = logging.getLogger(__name__)

_MAX_NAME_BYTES = 255  # of a file's name on common file systems
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
)


def fetch(
    contract: Contract,
    source: str | None,
    data_dir: Path,
    timeout_seconds: float,
    again_after_seconds: Sequence[float] = AGAIN_AFTER_SECONDS,
) -> RawSource:
    """The source of a data set, whole, under `data_dir`/raw.

    Args:
        source: a file, a folder or an http(s) address; None: the contract's generator or official download.
        again_after_seconds: wait before each further attempt at the official download. A named address is tried once:
            nothing else could be used in its place, so whoever asked for it has time to try again.

    Raises:
        SourceNotFoundError: what `source` names does not exist, or is neither a file, a folder nor an http(s) address.
        SourceUnavailableError: the network or a server refused.
        SourceFormatError: a download differs from its pin, or its name cannot be recorded.
        SourceError: a file cannot be read.
    """
    if source is None:
        if contract.generator:
            return _generated(contract, contract.generator, data_dir)
        return _official(contract, data_dir, timeout_seconds, again_after_seconds)
    if is_address(source):
        demand_address(source)
        return _downloaded(contract, source, data_dir, timeout_seconds)
    return _copied(contract, _file(contract, source), data_dir)


def _known(contract: Contract, address: str, file_name: str, origin: Origin | None = None) -> Known:
    _demand_recordable(address, file_name)
    form = form_of(contract.reader, file_name)
    names = (file_name, *COMPANIONS.get(form, ()))
    return Known(contract.data_set, origin or contract.origin, form, address, names)


def _demand_recordable(address: str, file_name: str) -> None:
    name_bytes = len(os.fsencode(file_name))
    if name_bytes > _MAX_NAME_BYTES:
        seen, expected = f"{name_bytes} bytes", f"at most {_MAX_NAME_BYTES}"
    elif not is_decodable(address + file_name):
        seen, expected = "bytes that are not UTF-8", "UTF-8"
    else:
        return
    raise SourceFormatError(
        "the name of the source cannot be recorded",
        where=ascii(address[:200]),
        seen=seen,
        expected=expected,
        to_do="rename the file or its folder, or copy it to one with a plain name",
    )


def _file(contract: Contract, source: str) -> Path:
    """The file that `source` names: itself, or the richest form in the folder that it is."""
    path = _existing(contract, source)
    if not path.is_dir():
        return path
    names = FOLDER_NAMES.get(contract.reader, ())
    for name in names:
        companions = COMPANIONS.get(form_of(contract.reader, name), ())
        found = sorted(file for file in path.glob(name) if file.is_file())
        if len(found) > 1:
            raise _several(path, found)
        if found and all((path / needed).is_file() for needed in companions):
            return found[0]
    raise SourceNotFoundError(
        "the folder does not hold the source" if names else "a folder stands where a file is expected",
        where=str(path),
        seen=", ".join(sorted(entry.name for entry in path.iterdir())[:20]) or "an empty folder",
        expected=" or ".join(names) or "a file",
        to_do="name the file itself",
    )


def _existing(contract: Contract, source: str) -> Path:
    try:
        path = Path(source).expanduser()
        path.stat()
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceNotFoundError(
            "the source does not exist",
            where=source[:200] if source.isprintable() else ascii(source[:200]),
            seen=(error.strerror if isinstance(error, OSError) else str(error)) or "nothing",
            expected="a file, a folder or an http(s) address",
            to_do=f"correct the parameter `source` or TEXT_CLASSIFIER_{contract.data_set.upper()}",
        ) from error
    return path


def _several(folder: Path, found: Sequence[Path]) -> SourceNotFoundError:
    return SourceNotFoundError(
        "several files in the folder could be the source",
        where=str(folder),
        seen=", ".join(file.name for file in found[:20]),
        expected="one of them",
        to_do="name the file itself",
    )


def _copied(contract: Contract, path: Path, data_dir: Path) -> RawSource:
    known = _known(contract, str(path.resolve()), path.name)
    digests = [_digest(path.with_name(name)) for name in known.names]
    _warn_of_differences(contract, known, digests)
    already = kept(data_dir, known, digests)
    if already:
        shown = shown_name(already.data_set, already.origin)
        logger.info("%s: %s is unchanged, SHA-256 %s", shown, path, already.digest)
        return already
    logger.info("%s: copying %s", known.shown, path)
    with incoming(data_dir, contract.data_set) as folder:
        for name in known.names:
            shutil.copyfile(path.with_name(name), folder / name)
        arrived = [digest_of(folder / name) for name in known.names]
        if arrived != digests:
            raise SourceUnavailableError(
                "the source changed while it was read",
                where=str(path),
                to_do="wait until it is written, then try again",
            )
        return keep(data_dir, known, folder, arrived)


def _digest(path: Path) -> FileDigest:
    try:
        _demand_file(path)
        return digest_of(path)
    except FileNotFoundError as error:
        raise SourceNotFoundError(
            "a file of the source is missing", where=str(path), to_do="put it beside the other file of the source"
        ) from error
    except OSError as error:
        raise SourceError(
            "the source cannot be read",
            where=str(path),
            seen=error.strerror or str(error),
            expected="a file that this user may read",
            to_do="correct its permissions, or name another file",
        ) from error


def _demand_file(path: Path) -> None:
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise SourceNotFoundError(
            "the source is no file",
            where=str(path),
            seen=next((kind for is_kind, kind in _KINDS if is_kind(mode)), "a folder"),
            expected="a regular file, which can be read twice and has an end",
            to_do="write what it gives to a file, then name that",
        )


def _downloaded(contract: Contract, address: str, data_dir: Path, timeout_seconds: float) -> RawSource:
    known = _known(contract, shown_address(address), file_name_of(address))
    with incoming(data_dir, contract.data_set) as folder:
        digests = _arrived(known, address, folder, timeout_seconds)
        _warn_of_differences(contract, known, digests)
        return keep(data_dir, known, folder, digests)


def _official(
    contract: Contract, data_dir: Path, timeout_seconds: float, again_after_seconds: Sequence[float]
) -> RawSource:
    address = next((pin.address for pin in contract.pins if pin.address), None)
    if address is None:
        raise SourceNotFoundError(
            "no source is named, and the contract knows neither a generator nor an official address",
            where=str(contract.path),
            to_do=f"set the parameter `source` or TEXT_CLASSIFIER_{contract.data_set.upper()}",
        )
    known = _known(contract, address, file_name_of(address))
    earlier = kept_from(data_dir, known)
    if earlier and not _differences(contract, earlier[1]):
        logger.info("%s: downloaded before, stands in %s", known.shown, earlier[0].folder)
        return earlier[0]
    with incoming(data_dir, contract.data_set) as folder:
        digests = _arrived(known, address, folder, timeout_seconds, again_after_seconds)
        differences = _differences(contract, digests)
        if differences:
            raise SourceFormatError(
                "the official download is not the file that the contract pins",
                where=address,
                seen="; ".join(differences),
                expected="the pinned digest and size",
                to_do="try again; if it stays so, check the file and change the pin in the contract",
            )
        return keep(data_dir, known, folder, digests)


def _arrived(
    known: Known, address: str, folder: Path, timeout_seconds: float, again_after_seconds: Sequence[float] = ()
) -> list[FileDigest]:
    addresses = [address, *(urljoin(address, name) for name in known.names[1:])]
    for name, each in zip(known.names, addresses, strict=True):
        logger.info("%s: downloading %s", known.shown, shown_address(each))
        download(each, folder / name, timeout_seconds, again_after_seconds)
    return [digest_of(folder / name) for name in known.names]


def _generated(contract: Contract, name: str, data_dir: Path) -> RawSource:
    if name not in GENERATORS:
        raise UnknownNameError.of("generator", name, GENERATORS)
    generator = GENERATORS[name]
    address = f"generator:{name}@{code_digest(generator.module)[:8]}"
    origin: Origin = "generated" if contract.origin == "source" else contract.origin
    known = _known(contract, address, generator.file_name, origin)
    earlier = kept_from(data_dir, known)
    if earlier:
        logger.info("%s: generated before, stands in %s", known.shown, earlier[0].folder)
        return earlier[0]
    logger.info("%s: no source is named; generating %s", known.shown, generator.file_name)
    with incoming(data_dir, contract.data_set) as folder:
        generator.write(folder / generator.file_name)
        return keep(data_dir, known, folder, [digest_of(folder / generator.file_name)])


def _warn_of_differences(contract: Contract, known: Known, digests: list[FileDigest]) -> None:
    for difference in _differences(contract, digests):
        logger.warning("%s: not the official file; going on with it: %s", known.shown, difference)


def _differences(contract: Contract, digests: list[FileDigest]) -> list[str]:
    """How files differ from the pins of official files of the same name."""
    pins = {file_name_of(pin.address): pin for pin in contract.pins if pin.address}
    return [text for file in digests if file.name in pins and (text := _difference(file, pins[file.name]))]


def _difference(file: FileDigest, pin: SourcePin) -> str:
    compared = {
        "SHA-256": (file.sha256, pin.sha256),
        "MD5": (file.md5, pin.md5),
        "bytes": (file.size_bytes, pin.size_bytes),
    }
    parts = [
        f"{what} {seen} instead of {pinned}"
        for what, (seen, pinned) in compared.items()
        if pinned is not None and seen != pinned
    ]
    return f"{file.name}: {', '.join(parts)}" if parts else ""
