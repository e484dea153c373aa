"""What came of each rule, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.contract.declared.rules import Severity
from text_classifier.errors import ContractError, ContractFileError, ContractViolationError
from text_classifier.records import PARQUET_COMPRESSION

VerdictName = Literal["passed", "failed", "warning", "error"]
Consequence = Literal["none", "reported", "rows rejected", "data set refused"]

VERDICTS = "rules.parquet"
SCHEMA = pa.schema(
    [
        ("rule_id", pa.string()),
        ("description", pa.string()),
        ("severity", pa.string()),
        ("column", pa.string()),
        ("rows_checked", pa.int64()),
        ("failing_rows", pa.int64()),
        ("verdict", pa.string()),
        ("consequence", pa.string()),
        ("seen", pa.string()),
        ("expected", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one rule.

    Attributes:
        rows_checked: rows that the rule was applied to.
        failing_rows: None where the rule speaks of all rows together.
        verdict: "passed"; "warning" or "failed" after the rule's severity; "error" where it could not be evaluated.
        consequence: a failing row is set aside, or the whole data set is refused, or it is only reported.
        seen: the first failing rows with their values, or the figure observed.
    """

    rule_id: str
    description: str
    severity: Severity
    column: str | None
    rows_checked: int
    failing_rows: int | None
    verdict: VerdictName
    consequence: Consequence
    seen: str
    expected: str


def write_verdicts(folder: Path, verdicts: Sequence[Verdict]) -> None:
    """Write `rules.parquet`, one row per verdict."""
    table = pa.Table.from_pylist([asdict(verdict) for verdict in verdicts], schema=SCHEMA)
    pq.write_table(table, folder / VERDICTS, compression=PARQUET_COMPRESSION)


def read_verdicts(folder: Path) -> tuple[Verdict, ...]:
    """The verdicts that stand in a data set's folder."""
    return tuple(Verdict(**entry) for entry in pq.read_table(folder / VERDICTS).to_pylist())


def is_refused(verdicts: Sequence[Verdict]) -> bool:
    """Whether the data set is refused after these verdicts."""
    return any(verdict.consequence == "data set refused" for verdict in verdicts)


def refusal(verdicts: Sequence[Verdict], where: str, page: Path) -> ContractError:
    """The error of a refused data set: of the contract where a rule could not be evaluated, else of the data.

    Args:
        page: where the whole outcome is told.
    """
    broken = [verdict for verdict in verdicts if verdict.consequence == "data set refused"]
    impossible = [verdict for verdict in broken if verdict.verdict == "error"]
    kind: type[ContractError] = ContractFileError if impossible else ContractViolationError
    what = "a rule of the contract could not be evaluated" if impossible else "the data break their contract"
    told = impossible or broken
    advice = "correct the contract" if impossible else "correct the source, or the contract where the data are right"
    return kind(
        what,
        where=where,
        seen="; ".join(f"{verdict.rule_id}: {verdict.seen}" for verdict in told),
        expected="; ".join(f"{verdict.description.rstrip('.')} ({verdict.expected})" for verdict in told),
        to_do=f"{advice}; every rule and the rejected rows: {page}",
    )
