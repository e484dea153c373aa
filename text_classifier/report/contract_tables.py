"""What a contract's application found, as rows of tables: verdicts, copies, shares of the splits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from text_classifier.contract.applied.findings import ClassRows
from text_classifier.contract.applied.verdicts import Verdict
from text_classifier.contract.copies import CopyCount

ALL_CLASSES, NO_CLASS = "all rows", "(none)"

Row = dict[str, object]


def verdict_row(shown: str, verdict: Verdict) -> Row:
    """The verdict on data of the name `shown`, which holds the mark of GENERATED or SAMPLE data."""
    return {
        "data": shown,
        "rule": verdict.rule_id,
        "severity": verdict.severity,
        "rows failing": verdict.failing_rows,
        "verdict": verdict.verdict,
        "consequence": verdict.consequence,
        "column": verdict.column,
        "rows checked": verdict.rows_checked,
        "seen": verdict.seen,
        "expected": verdict.expected,
        "description": verdict.description,
    }


def copy_row(shown: str, count: CopyCount) -> Row:
    """A figure about copies in data of the name `shown`."""
    return {
        "data": shown,
        "counted": told_copies(count),
        "exact": count.exact,
        "normalised": count.normalised,
        "left out": count.left_out_rows,
    }


def told_copies(count: CopyCount) -> str:
    """What a figure about copies counts, in words."""
    told = {
        "extra copies": f"extra copies within {count.split}",
        "also in": f"rows of {count.split} whose text also stands in {count.other}",
        "another label": f"labelled rows whose text also stands with another {count.column}",
        "shared groups": f"groups that stand in {count.split} and in {count.other}",
    }
    return told[count.kind]


def share_rows(shown: str, class_rows: ClassRows) -> list[Row]:
    """Of each label column, all rows and then each class: rows and percent by split.

    A class's percentage is that of the split, that of all rows together is the split's share of the data set.
    """
    return [
        {"data": shown, "label": column, "class": name, **_cells(rows, of)}
        for column, by_split in class_rows.items()
        for name, rows, of in _lines(by_split)
    ]


def _lines(by_split: Mapping[str, Mapping[str, int]]) -> Iterable[tuple[str, dict[str, int], dict[str, int]]]:
    sizes = {split: sum(rows.values()) for split, rows in by_split.items()}
    yield ALL_CLASSES, sizes, dict.fromkeys(sizes, sum(sizes.values()))
    for name in dict.fromkeys(name for rows in by_split.values() for name in rows):
        yield name or NO_CLASS, {split: rows.get(name, 0) for split, rows in by_split.items()}, sizes


def _cells(rows: Mapping[str, int], of: Mapping[str, int]) -> Row:
    cells: Row = {}
    for split, count in rows.items():
        cells |= {split: count, f"{split} %": round(100 * count / max(of[split], 1), 2)}
    return cells
