"""What came of each rule, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from text_classifier.contract.rules import Severity
from text_classifier.errors import ContractError, ContractFileError, ContractViolationError

VerdictName = Literal["passed", "failed", "warning", "error"]
Consequence = Literal["none", "reported", "rows rejected", "data set refused"]


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


def demand_kept(verdicts: Sequence[Verdict], where: str) -> None:
    """Raise for the rules after which the data set is refused.

    Raises:
        ContractFileError: a rule could not be evaluated.
        ContractViolationError: the data broke a rule of severity `error` that speaks of more than single rows.
    """
    broken = [verdict for verdict in verdicts if verdict.consequence == "data set refused"]
    if not broken:
        return
    impossible = [verdict for verdict in broken if verdict.verdict == "error"]
    kind: type[ContractError] = ContractFileError if impossible else ContractViolationError
    what = "a rule of the contract could not be evaluated" if impossible else "the data break their contract"
    told = impossible or broken
    raise kind(
        what,
        where=where,
        seen="; ".join(f"{verdict.rule_id}: {verdict.seen}" for verdict in told),
        expected="; ".join(f"{verdict.description.rstrip('.')} ({verdict.expected})" for verdict in told),
        to_do="correct the contract" if impossible else "correct the source, or the contract where the data are right",
    )
