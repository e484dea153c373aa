"""Repaired rows: taken from an edited CSV, kept beside the source they belong to, and put in their places.

The CSV stays as it was edited, in `repairs/<data set>/<source>/<number>-<digest>.csv`. Whoever reads that source again
gets the repaired rows with it; of several repairs of a row the last counts.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.contract.declared.columns import Column
from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.parts import parts
from text_classifier.corpus.delimited.reading import LineCount, read_delimited
from text_classifier.corpus.ingested import KIND, demand_read_so, folder_of, record_of, unrepaired
from text_classifier.corpus.rejected_rows import FROM, REPAIRS, ROW, ingested_of, repairable
from text_classifier.corpus.rows import REJECTED_SCHEMA, RowSink
from text_classifier.errors import SourceFormatError, SourceNotFoundError
from text_classifier.records import PARQUET_COMPRESSION, REJECTED, ROWS, DataSet, Ingested
from text_classifier.store import Store

logger = logging.getLogger(__name__)

_SPREADSHEETS = (",", ";", "\t")


def repaired(ingested: Ingested, contract: Contract, store: Store) -> Ingested:
    """The ingested rows, those that people have repaired in their places; as they are where there are none."""
    digest = storage.read_manifest(ingested.folder).facts["source_digest"]
    repairs = _kept(_place(store.data_dir, contract.data_set, digest))
    if not repairs:
        return ingested
    inputs = {f"{REPAIRS}/{path.name}": storage.sha256_file(path) for path in repairs}
    planned = storage.plan(
        KIND,
        inputs={KIND: ingested.fingerprint, **inputs},
        parameters={"origin": ingested.origin},
        modules=("text_classifier.corpus.repairs",),
    )
    folder = folder_of(store.data_dir, contract.data_set, planned.fingerprint)
    making = store.make(folder, planned, lambda partial: _fill(partial, ingested.folder, repairs, contract))
    found = replace(record_of(folder, ingested.address, making), origin=ingested.origin)
    logger.info("%s: %s", found.data_set, found.told_rows)
    return found


def readmit(path: Path, data_set: DataSet, contract: Contract, store: Store) -> tuple[Ingested, int]:
    """Take the repaired rows of an edited CSV: the ingested rows with them in their places, and how many there are.

    The CSV is kept beside the source's other repairs, for every later run that reads this source.

    Raises:
        SourceNotFoundError: there is no such file.
        SourceFormatError: it cannot be read whole, or names a row that was not rejected; or the contract reads
            otherwise than when they were rejected. Nothing is kept.
    """
    if not path.is_file():
        raise SourceNotFoundError(
            "the repaired rows are not there", where=str(path), expected="the edited CSV", to_do="name its path"
        )
    rows = _read(path, contract)
    _demand_rejected(rows, path, data_set)
    base = record_of(unrepaired(ingested_of(data_set, store.data_dir)), data_set.address)
    demand_read_so(base.folder, contract)
    place = _place(store.data_dir, contract.data_set, storage.read_manifest(base.folder).facts["source_digest"])
    number = max(map(_number, _kept(place)), default=0) + 1
    kept = place / f"{number:04}-{storage.sha256_file(path)[:8]}.csv"
    with storage.output_file(kept) as partial:
        shutil.copyfile(path, partial)
    with ExitStack() as undoing:
        undoing.callback(kept.unlink)
        ingested = repaired(base, contract, store)
        undoing.pop_all()
    logger.info("%s repaired rows kept as %s", f"{len(rows):,}", kept)
    return ingested, len(rows)


def _fill(folder: Path, ingested_dir: Path, repairs: Sequence[Path], contract: Contract) -> dict[str, Any]:
    """Fill a folder with the ingested rows, the repaired ones in their places; the facts for its manifest."""
    facts = dict(storage.verify(ingested_dir).facts)
    repaired = _merged(repairs, contract, _rows_of(ingested_dir))
    by_rule, lines = _write_rejected(ingested_dir, folder, repaired["row"])
    kept_rows = _write_rows(ingested_dir, folder, repaired, lines)
    count = LineCount(
        facts["lines"], facts["header_lines"], facts["blank_lines"], _sum(folder / ROWS), _sum(folder / REJECTED)
    )
    count.demand_balance(facts["address"])
    return facts | {
        "kept_lines": count.kept_lines,
        "rejected_lines": count.rejected_lines,
        "kept_rows": kept_rows,
        "rejected_rows": by_rule.total(),
        "lacking": [name for name in facts.get("lacking", ()) if repaired[name].null_count == len(repaired)],
        "rejected_by_rule": dict(by_rule),
        "repaired_rows": len(repaired),
    }


def _place(data_dir: Path, data_set: str, source_digest: str) -> Path:
    return data_dir / REPAIRS / data_set / source_digest[: storage.DIGEST_CHARACTERS]


def _kept(place: Path) -> list[Path]:
    """The repairs of a source, in the order in which they were taken."""
    return sorted(place.glob("*.csv"), key=lambda path: (_number(path), path.name))


def _number(path: Path) -> int:
    number = path.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def _sum(rows: Path) -> int:
    """Physical lines of the rows in a Parquet file."""
    return pc.sum(pq.read_table(rows, columns=["lines"])["lines"]).as_py() or 0


def _read(path: Path, contract: Contract) -> pa.Table:
    """The rows of an edited CSV in the form of ingested ones, and the data set that each was exported from.

    Raises:
        SourceFormatError: one of them cannot be read.
    """
    columns = (Column(FROM, "string"), Column(ROW, "integer"), *contract.columns)
    edited = replace(contract, columns=columns, delimiters=_SPREADSHEETS, encoding="utf-8", escape="")
    with tempfile.TemporaryDirectory() as place:
        with RowSink(Path(place), columns) as sink:
            read_delimited(path, edited, sink)
        rows = pq.read_table(Path(place) / ROWS)
    if sink.first_rejected or not len(rows):
        first = sink.first_rejected
        raise SourceFormatError(
            "a repaired row cannot be read" if first else "there are no repaired rows",
            where=f"{path}, line {first.row}" if first else str(path),
            seen=f"{sink.rejected_rows} rejected of {sink.read_rows}" + (f"; {first.reason}" if first else ""),
            expected="rows of the exported columns, every value of its type",
            to_do="correct it, or take the row out; nothing of the file was taken",
        )
    row = rows[ROW]
    rows = rows.set_column(rows.column_names.index("row"), "row", row)
    rows = rows.set_column(rows.column_names.index("example_id"), "example_id", row.cast(pa.string()))
    return rows.drop_columns([ROW])


def _demand_rejected(rows: pa.Table, path: Path, data_set: DataSet) -> None:
    version = data_set.fingerprint[: storage.DIGEST_CHARACTERS]
    known = repairable(data_set.folder)
    named = rows.select(["row", FROM]).to_pylist()
    wrong = next((row for row in named if row["row"] not in known or row[FROM] != version), None)
    twice = next((row for row, count in Counter(row["row"] for row in named).items() if count > 1), None)
    if wrong is not None or twice is not None:
        raise SourceFormatError(
            "a repaired row was not rejected from this data set" if wrong else "a repaired row stands twice",
            where=str(path),
            seen=f"row {wrong['row']} of {wrong[FROM]}" if wrong else f"row {twice}",
            expected=f"rejected rows of {version}, each once",
            to_do=f"export the rejected rows anew, and leave {FROM} and {ROW} as they are",
        )


def _rows_of(ingested_dir: Path) -> pa.ChunkedArray[Any]:
    """The numbers of all rows, kept and rejected."""
    tables = [pq.read_table(ingested_dir / name, columns=["row"]) for name in (ROWS, REJECTED)]
    return pa.concat_tables(tables)["row"]


def _merged(repairs: Sequence[Path], contract: Contract, known: pa.ChunkedArray[Any]) -> pa.Table:
    """The repaired rows in order of their numbers; of a row that was repaired twice the last counts.

    Args:
        known: the numbers of the source's rows.

    Raises:
        SourceFormatError: the contract has changed since, so that one of the files no longer fits it.
    """
    tables = []
    for path in repairs:
        try:
            tables.append(_read(path, contract).drop_columns([FROM]))
        except SourceFormatError as error:
            raise _outdated(path, str(error), contract) from error
        strange = tables[-1].filter(pc.invert(pc.is_in(tables[-1]["row"], known)))["row"].to_pylist()
        if strange:
            raise _outdated(path, f"no row begins with line {strange[0]}", contract)
    rows = pa.concat_tables(tables)
    last = {number: index for index, number in enumerate(rows["row"].to_pylist())}
    return rows.take([last[number] for number in sorted(last)])


def _write_rejected(
    ingested_dir: Path, folder: Path, repaired: pa.ChunkedArray[Any]
) -> tuple[Counter[str], dict[int, int]]:
    """Write the rows that stay rejected; counts by rule, and how many lines each of the others takes."""
    by_rule: Counter[str] = Counter()
    lines: dict[int, int] = {}
    with pq.ParquetWriter(folder / REJECTED, REJECTED_SCHEMA, compression=PARQUET_COMPRESSION) as writer:
        for _, part in parts(ingested_dir / REJECTED):
            is_repaired = pc.is_in(part["row"], repaired)
            lines |= _lines(part.filter(is_repaired))
            stays = part.filter(pc.invert(is_repaired))
            by_rule.update(stays["rule"].to_pylist())
            writer.write_table(stays)
    return by_rule, lines


def _write_rows(ingested_dir: Path, folder: Path, repaired: pa.Table, lines: dict[int, int]) -> int:
    """Write the ingested rows with the repaired ones in their places, also in those that a rule had rejected."""
    numbers, written, kept_rows = repaired["row"].to_numpy(), 0, 0
    schema = pq.read_schema(ingested_dir / ROWS)
    with pq.ParquetWriter(folder / ROWS, schema, compression=PARQUET_COMPRESSION) as writer:
        for _, part in parts(ingested_dir / ROWS):
            is_repaired = pc.is_in(part["row"], repaired["row"])
            lines |= _lines(part.filter(is_repaired))
            until = int(np.searchsorted(numbers, part["row"][-1].as_py(), side="right"))
            merged = [part.filter(pc.invert(is_repaired)), _placed(repaired[written:until], lines, schema)]
            writer.write_table(pa.concat_tables(merged).sort_by("row"))
            kept_rows += sum(map(len, merged))
            written = until
        writer.write_table(_placed(repaired[written:], lines, schema))
    return kept_rows + len(repaired) - written


def _outdated(path: Path, seen: str, contract: Contract) -> SourceFormatError:
    return SourceFormatError(
        "rows that were repaired earlier do not fit the contract any more",
        where=str(path),
        seen=seen,
        expected=f"rows of {contract.path.name}, version {contract.version}, under the lines that they begin with",
        to_do="correct this file, or move it away: its rows are then rejected again, and can be exported anew",
    )


def _lines(rows: pa.Table) -> dict[int, int]:
    return dict(zip(rows["row"].to_pylist(), rows["lines"].to_pylist(), strict=True))


def _placed(repaired: pa.Table, lines: dict[int, int], schema: pa.Schema) -> pa.Table:
    """Repaired rows with as many lines as they take in the source."""
    taken = pa.array([lines[row] for row in repaired["row"].to_pylist()], pa.int32())
    return repaired.set_column(repaired.column_names.index("lines"), "lines", taken).select(schema.names).cast(schema)
