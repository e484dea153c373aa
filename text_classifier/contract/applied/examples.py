"""The files of a data set: `examples/<split>.parquet` and `rejected.parquet`, written a part at a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.contract.applied.judging import Judgement
from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.declared.rules import shown
from text_classifier.contract.parts import parts
from text_classifier.records import PARQUET_COMPRESSION, RAW_BYTES_KEPT, REJECTED, ROWS, SPLITS
from text_classifier.storage import sha256_text

_PLACE_COLUMNS = ("example_id", "row", "group")
_LEFT_OUT = {*_PLACE_COLUMNS, "lines", "split"}

LEAK = "leak"
"""Stage of a row of train or `unsup` that is left out because its text also stands in val or test."""

RawRows = Callable[[Iterable[tuple[int, int]]], Iterator[bytes | None]]
"""Gives rows as they stand in the source, by the line that each begins with (ascending) and how many lines it takes;
None where that is not known."""

SetAside = Counter[tuple[str, str]]
"""(stage, rule) -> rows that did not become examples."""


def write_examples(folder: Path, rows_path: Path, contract: Contract, judgement: Judgement) -> dict[str, int]:
    """Write `<split>.parquet` of every split that has rows, in the order of the source; rows written by split."""
    folder.mkdir()
    written: Counter[str] = Counter()
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for places, part in parts(rows_path):
            examples = _examples(part, contract)
            for index, split in enumerate(SPLITS):
                chosen = judgement.is_kept[places] & (judgement.splits[places] == index)
                rows = examples.filter(pa.array(chosen))
                if split not in writers and len(rows):
                    writer = pq.ParquetWriter(folder / f"{split}.parquet", rows.schema, compression=PARQUET_COMPRESSION)
                    writers[split] = stack.enter_context(writer)
                if len(rows):
                    writers[split].write_table(rows)
                    written[split] += len(rows)
    return dict(written)


def write_rejected(
    path: Path, ingested_dir: Path, contract: Contract, judgement: Judgement, raw_rows: RawRows | None
) -> SetAside:
    """Write the rows that the reader rejected, then those that a rule rejects or that are left out as copies.

    Args:
        raw_rows: gives the rows as they stand in the source; those that it has not are kept as JSON objects (UTF-8).
    """
    parsed = ingested_dir / REJECTED
    schema, written = pq.read_schema(parsed), SetAside()
    raws = _raws(ingested_dir / ROWS, judgement, raw_rows)
    with pq.ParquetWriter(path, schema, compression=PARQUET_COMPRESSION) as writer:
        for _, part in parts(parsed):
            writer.write_table(part)
            written.update(zip(part["stage"].to_pylist(), part["rule"].to_pylist(), strict=True))
        for places, part in parts(ingested_dir / ROWS):
            positions = np.flatnonzero(~judgement.is_kept[places])
            rows = part.take(positions).to_pylist()
            records = [
                _place(row, next(raws)) | _cause(row, at, contract, judgement)
                for row, at in zip(rows, positions + places.start, strict=True)
            ]
            writer.write_table(pa.Table.from_pylist(records, schema=schema))
            written.update((record["stage"], record["rule"]) for record in records)
    return written


def _examples(part: pa.Table, contract: Contract) -> pa.Table:
    texts = part[contract.text_column]
    others = [name for name in part.column_names if name not in {*_LEFT_OUT, contract.text_column}]
    columns: list[pa.Array[Any] | pa.ChunkedArray[Any]] = [part[name] for name in _PLACE_COLUMNS]
    columns += [_digests(texts), texts, *(part[name] for name in others)]
    return pa.Table.from_arrays(columns, names=[*_PLACE_COLUMNS, "text_digest", "text", *others])


def _raws(rows_path: Path, judgement: Judgement, raw_rows: RawRows | None) -> Iterator[bytes | None]:
    """The bytes of the rows that are not kept, in order."""
    if raw_rows is None or judgement.is_kept.all():
        return repeat(None)
    lines = pq.read_table(rows_path, columns=["lines"])["lines"].to_numpy()
    numbers = judgement.row_numbers[~judgement.is_kept].tolist()
    return raw_rows(zip(numbers, lines[~judgement.is_kept].tolist(), strict=True))


def _place(row: Mapping[str, Any], raw: bytes | None) -> dict[str, Any]:
    if raw is None:
        raw = json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
    return {"row": row["row"], "lines": row["lines"], "raw": raw[:RAW_BYTES_KEPT], "raw_bytes": len(raw)}


def _cause(row: Mapping[str, Any], at: int, contract: Contract, judgement: Judgement) -> dict[str, Any]:
    """Why the row that stands `at` this position is set aside."""
    if judgement.rejected_by[at] < 0:
        original = judgement.copy_of[at]
        split, number = SPLITS[judgement.splits[original]], judgement.row_numbers[original]
        reason = f"The same text, case and punctuation aside, stands in {split}: row {number}."
        return {"stage": LEAK, "rule": f"copy-in-{split}", "column": contract.text_column, "reason": reason}
    rule = contract.rules[judgement.rejected_by[at]]
    value = "" if rule.column is None else f"; seen: {shown(row[rule.column])!r}"
    reason = f"{rule.description} Expected: {rule.expected}{value}"
    return {"stage": "contract", "rule": rule.rule_id, "column": rule.column, "reason": reason}


def _digests(texts: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    """SHA-256 of each text, hexadecimal; null of null."""
    return pa.array([None if text is None else sha256_text(text) for text in texts.to_pylist()], pa.string())
