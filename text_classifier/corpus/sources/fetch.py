"""Where a source comes from: a file, a folder, a pattern, an address, a generator or the official download."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urljoin

from text_classifier.code_version import code_digest
from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.declared.servers import SourcePin
from text_classifier.corpus.delimited.parsing import is_decodable
from text_classifier.corpus.generators import GENERATORS
from text_classifier.corpus.readers import COMPANIONS, form_of
from text_classifier.corpus.sources.download import (
    AGAIN_AFTER_SECONDS,
    demand_address,
    download,
    file_name_of,
    is_address,
    is_http,
    shown_address,
)
from text_classifier.corpus.sources.globs import warn_of_left_out
from text_classifier.corpus.sources.local import copy, digests_of, local_choice
from text_classifier.corpus.sources.marks import Fetched, shown
from text_classifier.corpus.sources.raw import FileDigest, Known, digest_of, incoming, keep, kept, kept_from
from text_classifier.corpus.sources.remote import connect, copy_from_afar, file_name_in, remote_choice
from text_classifier.errors import SourceFormatError, SourceNotFoundError, UnknownNameError
from text_classifier.records import Origin, RawSource, shown_name

logger = logging.getLogger(__name__)

_MAX_NAME_BYTES = 255  # of a file's name on common file systems


def fetch(
    contract: Contract,
    source: str | None,
    data_dir: Path,
    timeout_seconds: float,
    again_after_seconds: Sequence[float] = AGAIN_AFTER_SECONDS,
) -> RawSource:
    """The source of a data set, whole, under `data_dir`/raw.

    Args:
        source: a file, a folder, a pattern (the newest file that fits is taken), an http(s) address or another that
            fsspec knows, also with a pattern; None: the contract's generator or official download.
        again_after_seconds: wait before each further attempt at the official download. A named address is tried once:
            nothing else could be used in its place, so whoever asked for it has time to try again.

    Raises:
        SourceNotFoundError: what `source` names does not exist, nothing fits it, or nobody knows such addresses.
        SourceUnavailableError: the network or a server refused, or the source changed while it was read.
        SourceFormatError: a download differs from its pin, or its name cannot be recorded.
        SourceError: a file cannot be read, credentials are refused, or a package for the address is missing.
    """
    if source is None:
        if contract.generator:
            return _generated(contract, contract.generator, data_dir)
        return _official(contract, data_dir, timeout_seconds, again_after_seconds)
    if is_http(source):
        demand_address(source)
        return _downloaded(contract, source, data_dir, timeout_seconds)
    if is_address(source):
        return _copied_from_afar(contract, source, data_dir, timeout_seconds)
    return _copied(contract, source, data_dir)


def official_address(contract: Contract) -> str:
    """Where the official file is.

    Raises:
        SourceNotFoundError: the contract names none.
    """
    address = next((pin.address for pin in contract.pins if pin.address), None)
    if address is None:
        raise SourceNotFoundError(
            "no source is named, and the contract knows neither a generator nor an official address",
            where=str(contract.path),
            to_do=f"set the parameter `source` or TEXT_CLASSIFIER_{contract.data_set.upper()}",
        )
    return address


def _known(contract: Contract, address: str, file_name: str, origin: Origin | None = None) -> Known:
    demand_recordable(address, file_name)
    form = form_of(contract.reader, file_name)
    names = (file_name, *COMPANIONS.get(form, ()))
    return Known(contract.data_set, origin or contract.origin, form, address, names)


def demand_recordable(address: str, file_name: str) -> None:
    """Raises SourceFormatError: the address is no text, or the file could not be stored under its name."""
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


def _copied(contract: Contract, source: str, data_dir: Path) -> RawSource:
    choice = local_choice(contract, source)
    path = choice.chosen.path or Path(choice.chosen.address)
    known = _known(contract, choice.chosen.address, path.name)
    digests = digests_of(path, known.names)
    _warn_of_differences(contract, known, digests)
    found = kept(data_dir, known, digests)
    if found:
        logger.info("%s: %s is unchanged, SHA-256 %s", _shown(found), shown(str(path)), found.digest)
    else:
        with incoming(data_dir, contract.data_set) as folder:
            copy(known, path, digests, folder)
            found = keep(data_dir, known, folder, digests)
    warn_of_left_out(_shown(found), source, choice.others, Fetched(data_dir, contract.data_set))
    return found


def _copied_from_afar(contract: Contract, source: str, data_dir: Path, timeout_seconds: float) -> RawSource:
    remote = connect(contract.data_set, source, timeout_seconds)
    choice = remote_choice(remote)
    known = _known(contract, choice.chosen.address, file_name_in(choice.chosen.address))
    logger.info("%s: downloading %s", known.shown, shown(choice.chosen.address))
    with incoming(data_dir, contract.data_set) as folder:
        copy_from_afar(remote, choice.chosen, folder, known.names)
        digests = [digest_of(folder / name) for name in known.names]
        _warn_of_differences(contract, known, digests)
        found = keep(data_dir, known, folder, digests)
    warn_of_left_out(_shown(found), source, choice.others, Fetched(data_dir, contract.data_set))
    return found


def _shown(source: RawSource) -> str:
    return shown_name(source.data_set, source.origin)


def _downloaded(contract: Contract, address: str, data_dir: Path, timeout_seconds: float) -> RawSource:
    known = _known(contract, shown_address(address), file_name_of(address))
    with incoming(data_dir, contract.data_set) as folder:
        digests = _arrived(known, address, folder, timeout_seconds)
        _warn_of_differences(contract, known, digests)
        return keep(data_dir, known, folder, digests)


def _official(
    contract: Contract, data_dir: Path, timeout_seconds: float, again_after_seconds: Sequence[float]
) -> RawSource:
    address = official_address(contract)
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
