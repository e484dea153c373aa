"""Rejected rows as a CSV that a person edits: one line per row, with what was wrong and what could be read of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.parts import parts
from text_classifier.corpus.delimited.boundaries import Boundaries, Dialect
from text_classifier.corpus.delimited.parsing import RecordReader
from text_classifier.corpus.ingested import KIND, demand_read_so, folder_of, unrepaired
from text_classifier.errors import ConfigError
from text_classifier.records import REJECTED, ROWS, DataSet

REPAIRS = "repairs"
FROM, ROW = "rejected_from", "rejected_row"
PLACE_COLUMNS = (FROM, ROW, "rejected_lines", "rejected_by", "rejected_because", "rejected_text")
REPAIRABLE_STAGES = frozenset({"parse", "contract"})

Rejected = dict[str, Any]
"""A row of `rejected.parquet`."""


def ingested_of(data_set: DataSet, data_dir: Path) -> Path:
    """The folder of the ingested rows that a data set was made of."""
    return folder_of(data_dir, data_set.data_set, storage.read_manifest(data_set.folder).inputs[KIND])


def export_rejected(data_set: DataSet, contract: Contract, data_dir: Path) -> tuple[Path, int]:
    """Write the rejected rows of a data set to a CSV (UTF-8 with its mark, as spreadsheets want it), and count them.

    The contract's columns hold what could be read of a row, so that only what is wrong needs to be changed. An
    earlier export of the same data set, which somebody may be editing, is not overwritten.

    Raises:
        ConfigError: the source is not delimited, so that its rows cannot be readmitted.
        SourceFormatError: the contract reads otherwise than when they were rejected.
    """
    if contract.reader != "delimited":
        raise ConfigError(
            "only rows of delimited files can be repaired",
            where=str(contract.path),
            seen=f"reader: {contract.reader}",
            expected="reader: delimited",
            to_do="correct the source itself",
        )
    ingested_dir = ingested_of(data_set, data_dir)
    demand_read_so(unrepaired(ingested_dir), contract)
    layout = storage.read_manifest(ingested_dir).facts["layout"]
    version = data_set.fingerprint[: storage.DIGEST_CHARACTERS]
    path = _free(data_dir / REPAIRS / contract.data_set, f"rejected-{version}")
    names = [column.name for column in contract.columns]
    written = 0
    with storage.output_file(path) as partial, partial.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, [*PLACE_COLUMNS, *names])
        writer.writeheader()
        for row, known in _rows(data_set.folder, ingested_dir, layout, contract):
            writer.writerow({name: known.get(name, "") for name in names} | _place(row, version, layout["encoding"]))
            written += 1
    return path, written


def _free(folder: Path, stem: str) -> Path:
    """The first of stem.csv, stem-2.csv ... that nothing stands at."""
    names = chain([f"{stem}.csv"], (f"{stem}-{number}.csv" for number in count(2)))
    return next(folder / name for name in names if not (folder / name).exists())


def repairable(data_set_dir: Path) -> frozenset[int]:
    """The rows of a data set that were rejected and may be repaired, by the line they begin with."""
    may_be = pc.field("stage").isin(sorted(REPAIRABLE_STAGES))
    return frozenset(pq.read_table(data_set_dir / REJECTED, columns=["row"], filters=may_be)["row"].to_pylist())


def _rows(
    data_set_dir: Path, ingested_dir: Path, layout: Mapping[str, Any], contract: Contract
) -> Iterator[tuple[Rejected, dict[str, str]]]:
    """Each rejected row with the columns that could be read."""
    for _, part in parts(data_set_dir / REJECTED):
        rows = [row for row in part.to_pylist() if row["stage"] in REPAIRABLE_STAGES]
        read = _as_ingested(ingested_dir, [row["row"] for row in rows if row["stage"] == "contract"], contract)
        for row in rows:
            yield row, read.get(row["row"]) or _as_parsed(row, layout, contract)


def _as_ingested(ingested_dir: Path, wanted: list[int], contract: Contract) -> dict[int, dict[str, str]]:
    """The typed values of rows that a rule rejected, as text."""
    if not wanted:
        return {}
    names = [column.name for column in contract.columns]
    table = pq.read_table(ingested_dir / ROWS, columns=["row", *names], filters=pc.field("row").isin(wanted))
    return {row.pop("row"): {name: _text(value) for name, value in row.items()} for row in table.to_pylist()}


def _as_parsed(row: Rejected, layout: Mapping[str, Any], contract: Contract) -> dict[str, str]:
    """The fields of a row that the reader rejected, where there are as many as there should be."""
    if row["raw_bytes"] > len(row["raw"]) or row["rule"] == "encoding":
        return {}
    text = row["raw"].decode(layout["encoding"], "replace").encode()
    boundaries = Boundaries(text, Dialect(layout["delimiter"], contract.escape), is_last=True)
    record = RecordReader(boundaries, layout["width"], layout["encoding"]).read(0)
    if record is None or not record.fields:
        return {}
    return {name: record.fields[position] for name, position in layout["positions"].items()}


def _place(row: Rejected, version: str, encoding: str) -> dict[str, object]:
    cut = "" if row["raw_bytes"] == len(row["raw"]) else f" [cut: {row['raw_bytes']:,} bytes in the source]"
    return {
        FROM: version,
        ROW: row["row"],
        "rejected_lines": row["lines"],
        "rejected_by": row["rule"],
        "rejected_because": row["reason"],
        "rejected_text": row["raw"].decode(encoding, "replace") + cut,
    }


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
