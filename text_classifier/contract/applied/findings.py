"""What applying a contract brought to light: a verdict on every rule, the copies, the classes of each split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.contract.applied.verdicts import Verdict, read_verdicts, write_verdicts
from text_classifier.contract.copies import CopyCount, read_copies, write_copies
from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.row_keys import RowKeys
from text_classifier.records import PARQUET_COMPRESSION, SPLITS

ClassRows = dict[str, dict[str, dict[str, int]]]
"""Label column -> split that has rows -> class -> rows; the class "" stands for rows without one."""

CLASSES = "splits.parquet"
_SCHEMA = pa.schema([("column", pa.string()), ("split", pa.string()), ("class", pa.string()), ("rows", pa.int64())])


@dataclass(frozen=True, slots=True)
class Findings:
    """What is published of a contract's application, also when the data set is refused or an earlier one reused."""

    verdicts: tuple[Verdict, ...]
    copies: tuple[CopyCount, ...]
    class_rows: ClassRows


def write_findings(folder: Path, findings: Findings) -> None:
    """Write `rules.parquet`, `copies.parquet` and `splits.parquet` into the folder."""
    write_verdicts(folder, findings.verdicts)
    write_copies(folder, findings.copies)
    lines = [
        {"column": column, "split": split, "class": name, "rows": rows}
        for column, by_split in findings.class_rows.items()
        for split, counts in by_split.items()
        for name, rows in counts.items()
    ]
    pq.write_table(pa.Table.from_pylist(lines, schema=_SCHEMA), folder / CLASSES, compression=PARQUET_COMPRESSION)


def read_findings(folder: Path) -> Findings:
    """The findings that stand in a data set's folder."""
    class_rows: ClassRows = {}
    for line in pq.read_table(folder / CLASSES).to_pylist():
        class_rows.setdefault(line["column"], {}).setdefault(line["split"], {})[line["class"]] = line["rows"]
    return Findings(read_verdicts(folder), read_copies(folder), class_rows)


def count_classes(keys: RowKeys, splits: np.ndarray, contract: Contract) -> ClassRows:
    """The rows of every class in every split that has rows. `splits`: (N,) int8, index in `SPLITS`."""
    present = {split: splits == index for index, split in enumerate(SPLITS) if (splits == index).any()}
    return {
        column: {split: _rows(labels[rows], contract.class_names[column]) for split, rows in present.items()}
        for column, labels in keys.labels.items()
    }


def _rows(labels: np.ndarray, classes: tuple[str, ...]) -> dict[str, int]:
    unlabelled, *counts = np.bincount(labels + 1, minlength=len(classes) + 1).tolist()
    return ({"": unlabelled} if unlabelled else {}) | dict(zip(classes, counts, strict=True))
