"""The step `ingest`: a source becomes typed Parquet, every row of it kept or rejected."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from text_classifier import storage
from text_classifier.contract.declared.odcs import Contract, load_contract
from text_classifier.corpus.generators import GENERATORS
from text_classifier.corpus.ingested import KIND, folder_of, reading_part, record_of
from text_classifier.corpus.readers import DELIMITED, READERS
from text_classifier.corpus.repairs import repaired
from text_classifier.corpus.rows import RowSink
from text_classifier.corpus.sources.download import AGAIN_AFTER_SECONDS
from text_classifier.corpus.sources.fetch import fetch
from text_classifier.errors import SourceFormatError, SourceNotFoundError, SourceUnavailableError, UnknownNameError
from text_classifier.records import Ingested, RawSource, shown_name
from text_classifier.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """Which data set, and from where.

    Attributes:
        source: None: the contract's generator or official download.
        timeout_seconds: longest wait for the answer of a download's server.
        again_after_seconds: wait before each further attempt at the official download.
    """

    data_set: str
    source: str | None
    timeout_seconds: float
    again_after_seconds: tuple[float, ...] = AGAIN_AFTER_SECONDS


def ingest(request: SourceRequest, contracts_dir: Path, store: Store) -> Ingested:
    """Fetch a source and read its rows into `ingested/<data set>/<fingerprint>/`.

    Where nobody names a source and the official download is refused, the contract's fallback data
    set is taken instead, under its own name. A refreshing store reads the rows anew; a source that stands whole under
    `raw/` is kept.

    Raises:
        SourceError: the source cannot be had, or holds no row.
        OutputUnwritableError: the data root cannot be written.
        DamagedOutputError: the reader lost or doubled a row.
    """
    contract = load_contract(contracts_dir, request.data_set)
    if contract.generator is not None and contract.generator not in GENERATORS:
        raise UnknownNameError.of("generator", contract.generator, GENERATORS)
    try:
        source = fetch(contract, request.source, store.data_dir, request.timeout_seconds, request.again_after_seconds)
    except (SourceNotFoundError, SourceUnavailableError) as error:
        if request.source is not None or contract.fallback is None:
            raise
        fallback = shown_name(contract.fallback, load_contract(contracts_dir, contract.fallback).origin)
        logger.warning("%s cannot be downloaded; going on with %s instead: %s", contract.data_set, fallback, error)
        return ingest(replace(request, data_set=contract.fallback), contracts_dir, store)
    return read(source, contract, store)


def read(source: RawSource, contract: Contract, store: Store) -> Ingested:
    """Read the rows of a source that is in hand, and put those in their places that people have repaired."""
    planned = storage.plan(
        KIND,
        inputs={"source": source.digest},
        parameters={**reading_part(contract), "form": source.form, "origin": source.origin},
        modules=("text_classifier.corpus.readers", "text_classifier.corpus.rows"),
    )
    folder = folder_of(store.data_dir, contract.data_set, planned.fingerprint)
    started = time.monotonic()
    making = store.make(folder, planned, lambda partial: _described(source) | _fill(partial, source, contract))
    ingested = replace(record_of(folder, source.address, making), origin=source.origin)
    logger.info(
        "%s: %s, %s in %.1f s",
        shown_name(ingested.data_set, ingested.origin),
        ingested.told_rows,
        "found" if making.is_reused else "made",
        time.monotonic() - started,
    )
    return repaired(ingested, contract, store)


def _described(source: RawSource) -> dict[str, Any]:
    return {
        "data_set": source.data_set,
        "origin": source.origin,
        "address": source.address,
        "form": source.form,
        "source_digest": source.digest,
    }


def _fill(folder: Path, source: RawSource, contract: Contract) -> dict[str, Any]:
    with RowSink(folder, contract.columns) as sink:
        counts = READERS[contract.reader](source, contract, sink)
    if not sink.read_rows:
        raise SourceFormatError(
            "the source has a header and no rows",
            where=source.address,
            seen="0 rows",
            expected="at least one",
            to_do="name another source",
        )
    return {
        "read_rows": sink.read_rows,
        "kept_rows": sink.kept_rows,
        "rejected_rows": sink.rejected_rows,
        "rejected_by_rule": dict(sink.rejected_by_rule),
        "lacking": _lacking(sink, contract),
        **counts,
    }


def _lacking(sink: RowSink, contract: Contract) -> list[str]:
    """What the contract or another form of the source has, and this one has not."""
    other = {"split": "split", "group": contract.group_column or "group"} if contract.reader != DELIMITED else {}
    names = {**other, **{column.name: column.name for column in contract.columns}}
    return [told for name, told in names.items() if name in sink.lacking]
