"""What one rule found, summed over the parts of a file, and the verdict that follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from text_classifier.contract.applied.expectations import Outcome
from text_classifier.contract.applied.verdicts import Consequence, Verdict, VerdictName
from text_classifier.contract.declared.rules import COMPARING, Rule

_SHOWN_ROWS = 3


@dataclass(slots=True)
class Tally:
    """The outcomes of one rule so far. `failing`: positions in the file, a block per part."""

    rows: int = 0
    holds: bool = True
    failing: list[np.ndarray] = field(default_factory=list)
    counts_rows: bool = True
    values: list[str] = field(default_factory=list)
    observed: str = ""
    error: str = ""

    def add(self, outcome: Outcome, positions: np.ndarray) -> None:
        """Take in the outcome on rows that stand at these `positions` in the file."""
        self.rows += outcome.rows
        self.holds &= outcome.holds
        self.error = self.error or outcome.error
        self.observed = outcome.observed
        self.counts_rows &= outcome.failing is not None
        if outcome.failing is not None:
            self.failing.append(positions[outcome.failing])
            self.values = [*self.values, *outcome.values][:_SHOWN_ROWS]

    def failing_positions(self) -> np.ndarray:
        """All of them, int64, ascending."""
        return np.concatenate(self.failing) if self.failing else np.empty(0, np.int64)

    def verdict(self, rule: Rule, row_numbers: np.ndarray) -> Verdict:
        """The verdict on everything taken in; `row_numbers` says which row of the source stands at a position."""
        failing = self.failing_positions()
        holds = self.holds
        if rule.limit and self.counts_rows:
            holds = rule.limit.holds(len(failing), self.rows)
        name, consequence = _consequence(rule, holds, self.error)
        return Verdict(
            rule.rule_id,
            rule.description,
            rule.severity,
            rule.column,
            self.rows,
            len(failing) if self.counts_rows else None,
            name,
            consequence,
            self.error or self.observed or self._shown(row_numbers[failing], rule),
            rule.expected,
        )

    def _shown(self, numbers: np.ndarray, rule: Rule) -> str:
        shown = [f"row {number}" for number in numbers[:_SHOWN_ROWS]]
        if rule.name not in COMPARING:  # whose values may be keys of texts
            shown = [f"{row}: {value!r}" for row, value in zip(shown, self.values, strict=True)]
        more = len(numbers) - len(shown)
        return ", ".join(shown + ([f"{more:,} more"] if more else [])) or "nothing amiss"


def rejecting_rule(rules: Iterable[Rule], tallies: Mapping[str, Tally], rows: int) -> np.ndarray:
    """Per row the index of the first rule that rejects it, -1 where none does: (rows,) int16."""
    first = np.full(rows, -1, np.int16)
    for index, rule in enumerate(rules):
        if rule.rejects_rows:
            failing = tallies[rule.rule_id].failing_positions()
            first[failing[first[failing] < 0]] = index
    return first


def _consequence(rule: Rule, holds: bool, error: str) -> tuple[VerdictName, Consequence]:
    if error:
        return "error", "data set refused"
    if holds:
        return "passed", "none"
    if rule.severity == "warning":
        return "warning", "reported"
    return "failed", "rows rejected" if rule.rejects_rows else "data set refused"
