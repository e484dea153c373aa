"""The files of a data set: `examples/<split>.parquet` and `rejected.parquet`, written a part at a time."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.contract.judging import Judgement
from text_classifier.contract.odcs import Contract
from text_classifier.contract.parts import parts, text_digests
from text_classifier.contract.rules import Rule, shown
from text_classifier.records import PARQUET_COMPRESSION, RAW_BYTES_KEPT, SPLITS

_PLACE = ("example_id", "row", "group")
_LEFT_OUT = {*_PLACE, "lines", "split"}

ClassRows = dict[str, dict[str, dict[str, int]]]
"""Label column -> split -> class -> rows; the class "" stands for rows without one."""


def write_examples(folder: Path, rows_path: Path, contract: Contract, judgement: Judgement) -> ClassRows:
    """Write `<split>.parquet` of every split that has rows, in the order of the source, and count the classes."""
    folder.mkdir()
    counts: dict[str, dict[str, Counter[str]]] = {column: {} for column in contract.label_columns}
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
                    for column, of_split in counts.items():
                        of_split.setdefault(split, Counter()).update(label or "" for label in rows[column].to_pylist())
    return {
        column: {name: dict(sorted(rows.items())) for name, rows in found.items()} for column, found in counts.items()
    }


def write_rejected(path: Path, ingested_dir: Path, contract: Contract, judgement: Judgement) -> int:
    """Write the rows that the reader rejected, then those that a rule rejects; how many there are together.

    A row that a rule rejects is kept as a JSON object of its columns (UTF-8), not as it stood in the source: it
    had been parsed by then.
    """
    parsed = ingested_dir / "rejected.parquet"
    schema, written = pq.read_schema(parsed), 0
    with pq.ParquetWriter(path, schema, compression=PARQUET_COMPRESSION) as writer:
        for _, part in parts(parsed):
            writer.write_table(part)
            written += len(part)
        for places, part in parts(ingested_dir / "rows.parquet"):
            rules = judgement.rejected_by[places]
            broken = np.flatnonzero(rules >= 0)
            rows = part.take(broken).to_pylist()
            records = [_rejected(row, contract.rules[rules[at]]) for row, at in zip(rows, broken, strict=True)]
            writer.write_table(pa.Table.from_pylist(records, schema=schema))
            written += len(records)
    return written


def _examples(part: pa.Table, contract: Contract) -> pa.Table:
    texts = part[contract.text_column]
    others = [name for name in part.column_names if name not in {*_LEFT_OUT, contract.text_column}]
    columns: list[pa.Array[Any] | pa.ChunkedArray[Any]] = [part[name] for name in _PLACE]
    columns += [text_digests(texts), texts, *(part[name] for name in others)]
    return pa.Table.from_arrays(columns, names=[*_PLACE, "text_digest", "text", *others])


def _rejected(row: dict[str, Any], rule: Rule) -> dict[str, Any]:
    raw = json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
    value = "" if rule.column is None else f"; seen: {shown(row[rule.column])!r}"
    return {
        "row": row["row"],
        "lines": row["lines"],
        "stage": "contract",
        "rule": rule.rule_id,
        "column": rule.column,
        "reason": f"{rule.description} Expected: {rule.expected}{value}",
        "raw": raw[:RAW_BYTES_KEPT],
        "raw_bytes": len(raw),
    }
