"""Readers by name: what turns the files of a source into rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.delimited.reading import read_delimited, text_and_labels
from text_classifier.corpus.imdb.npz import WORD_INDEX, read_npz
from text_classifier.corpus.imdb.tar import read_tar
from text_classifier.corpus.rows import RowSink
from text_classifier.corpus.sources.raw import main_file
from text_classifier.records import RawSource

Reader = Callable[[RawSource, Contract, RowSink], Mapping[str, Any]]
"""Reads a source into a sink; returns further facts, such as counts of lines."""

DELIMITED, IMDB_TAR, IMDB_NPZ, IMDB_CSV = "delimited", "imdb-tar", "imdb-npz", "imdb-csv"
COMPANIONS: Mapping[str, tuple[str, ...]] = {IMDB_NPZ: (WORD_INDEX,)}
"""Form -> further files that it needs, which stand beside the first."""

FOLDER_NAMES: Mapping[str, tuple[str, ...]] = {"imdb": ("aclImdb_v1.tar.gz", "imdb.npz", "IMDB Dataset.csv", "*.csv")}
"""Reader -> names that are looked for in a folder, the richest form first; a pattern must fit one file only."""


def form_of(reader: str, file_name: str) -> str:
    """The case of the reader that a file of that name is."""
    if reader == DELIMITED:
        return DELIMITED
    name = file_name.lower()
    if name.endswith((".tar.gz", ".tgz")):
        return IMDB_TAR
    return IMDB_NPZ if name.endswith(".npz") else IMDB_CSV


def _read_delimited(source: RawSource, contract: Contract, sink: RowSink) -> Mapping[str, Any]:
    return asdict(read_delimited(main_file(source), contract, sink))


def _read_imdb(source: RawSource, contract: Contract, sink: RowSink) -> Mapping[str, Any]:
    if source.form == IMDB_CSV:
        return asdict(read_delimited(main_file(source), text_and_labels(contract), sink))
    if source.form == IMDB_NPZ:
        read_npz(main_file(source), source.folder / WORD_INDEX, contract, sink)
    else:
        read_tar(main_file(source), contract, sink)
    return {}


READERS: Mapping[str, Reader] = {"delimited": _read_delimited, "imdb": _read_imdb}
