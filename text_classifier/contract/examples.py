"""The files of a data set: `examples/<split>.parquet` and `rejected.parquet`, written a part at a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.contract.judging import Judgement
from text_classifier.contract.odcs import Contract
from text_classifier.contract.parts import parts, text_digests
from text_classifier.contract.rules import shown
from text_classifier.records import PARQUET_COMPRESSION, RAW_BYTES_KEPT, SPLITS

_PLACE = ("example_id", "row", "group")
_LEFT_OUT = {*_PLACE, "lines", "split"}

LEAK = "leak"
"""Stage of a row of train or `unsup` that is left out because its text also stands in val or test."""

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


def write_rejected(path: Path, ingested_dir: Path, contract: Contract, judgement: Judgement) -> SetAside:
    """Write the rows that the reader rejected, then those that a rule rejects or that are left out as copies.

    What a reader had made a row of is kept as a JSON object of its columns (UTF-8), not as it stood in the source.
    """
    parsed = ingested_dir / "rejected.parquet"
    schema, written = pq.read_schema(parsed), SetAside()
    with pq.ParquetWriter(path, schema, compression=PARQUET_COMPRESSION) as writer:
        for _, part in parts(parsed):
            writer.write_table(part)
            written.update(zip(part["stage"].to_pylist(), part["rule"].to_pylist(), strict=True))
        for places, part in parts(ingested_dir / "rows.parquet"):
            positions = np.flatnonzero(~judgement.is_kept[places])
            rows = zip(part.take(positions).to_pylist(), positions + places.start, strict=True)
            records = [_record(row) | _cause(row, at, contract, judgement) for row, at in rows]
            writer.write_table(pa.Table.from_pylist(records, schema=schema))
            written.update((record["stage"], record["rule"]) for record in records)
    return written


def _examples(part: pa.Table, contract: Contract) -> pa.Table:
    texts = part[contract.text_column]
    others = [name for name in part.column_names if name not in {*_LEFT_OUT, contract.text_column}]
    columns: list[pa.Array[Any] | pa.ChunkedArray[Any]] = [part[name] for name in _PLACE]
    columns += [text_digests(texts), texts, *(part[name] for name in others)]
    return pa.Table.from_arrays(columns, names=[*_PLACE, "text_digest", "text", *others])


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    raw = json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
    return {"row": row["row"], "lines": row["lines"], "raw": raw[:RAW_BYTES_KEPT], "raw_bytes": len(raw)}


def _cause(row: Mapping[str, Any], at: int, contract: Contract, judgement: Judgement) -> dict[str, Any]:
    """Why the row that stands `at` this position is set aside."""
    if judgement.rejected_by[at] < 0:
        original = judgement.copy_of[at]
        split, number = SPLITS[judgement.splits[original]], judgement.row_numbers[original]
        reason = f"Its text stands in {split} as well, but for case and punctuation: row {number}."
        return {"stage": LEAK, "rule": f"copy-in-{split}", "column": contract.text_column, "reason": reason}
    rule = contract.rules[judgement.rejected_by[at]]
    value = "" if rule.column is None else f"; seen: {shown(row[rule.column])!r}"
    reason = f"{rule.description} Expected: {rule.expected}{value}"
    return {"stage": "contract", "rule": rule.rule_id, "column": rule.column, "reason": reason}
