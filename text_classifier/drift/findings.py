"""What was measured between two deliveries, and what the contract's rules make of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from text_classifier import storage
from text_classifier.contract.declared.rules import Rule, Severity

FINDINGS = "drift.json"
LEVEL = 0.01
"""A rule is broken by a change above its maximum that chance alone brings in less than one of a hundred deliveries.

Of many rows any change has a small p-value, so that it decides nothing alone; of few rows chance makes large changes.
"""

TITLES = {
    "labelShares": "shares of the label",
    "textLength": "length of the texts",
    "outOfVocabulary": "tokens outside the champion's vocabulary",
    "missingValues": "missing values",
    "columnShares": "shares of the values",
    "newTexts": "new texts told from old",
}
"""Measure -> what people read."""

VerdictName = Literal["passed", "warning", "failed", "no rule", "not measured"]


@dataclass(frozen=True, slots=True)
class Shares:
    """How often each of K values occurs in the old and in the new rows, 0 to 1."""

    names: tuple[str, ...]
    old: tuple[float, ...]
    new: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The 0 %, 1 %, ... 100 % quantiles of the old and of the new rows."""

    old: tuple[float, ...]
    new: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measure of one column, or of the texts.

    Attributes:
        measure: see `LOWEST_OF_MEASURES`.
        column: of the measures of single columns, and the label's.
        value: how large the change is; None: it cannot be measured, and `told` says why.
        p_value: how often chance alone would bring one as large.
        told: what was seen, old and new.
        words: those that tell old texts from new.
    """

    measure: str
    column: str | None
    value: float | None
    p_value: float | None
    told: str
    shares: Shares | None = None
    quantiles: Quantiles | None = None
    words: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What was measured, as people read it."""
        return f"{TITLES[self.measure]} ({self.column})" if self.column else TITLES[self.measure]


@dataclass(frozen=True, slots=True)
class Finding:
    """A measurement under one rule; `rule_id`, `severity` and `maximum` are None where no rule is about it."""

    measurement: Measurement
    verdict: VerdictName
    rule_id: str | None = None
    severity: Severity | None = None
    maximum: float | None = None

    @property
    def is_broken(self) -> bool:
        return self.verdict in {"warning", "failed"}


@dataclass(frozen=True, slots=True)
class _Found:
    findings: tuple[Finding, ...] = field(default=())


_ADAPTER = TypeAdapter(_Found)


def judged(measurements: Iterable[Measurement], rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """Every measurement under each rule about it; a rule of the table is about each column without one of its own."""
    return tuple(
        finding
        for one in measurements
        for finding in [_judged(one, rule) for rule in _about(one, rules)]
        or [Finding(one, "not measured" if one.value is None else "no rule")]
    )


def to_json(findings: Sequence[Finding]) -> str:
    """The content of `drift.json`."""
    return _ADAPTER.dump_json(_Found(tuple(findings)), indent=1).decode() + "\n"


def read_findings(folder: Path) -> tuple[Finding, ...]:
    """The findings that stand in a folder of drift.

    Raises:
        DamagedOutputError: they are missing, or not those that were written.
    """
    return _ADAPTER.validate_json(storage.checked_output(folder, FINDINGS).read_bytes()).findings


def described(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """The rules as JSON values."""
    return [asdict(rule) for rule in rules]


def _about(one: Measurement, rules: Sequence[Rule]) -> list[Rule]:
    same = [rule for rule in rules if rule.kwargs["measure"] == one.measure]
    own = [rule for rule in same if rule.column is not None and rule.column == one.column]
    return own or [rule for rule in same if rule.column is None]


def _judged(one: Measurement, rule: Rule) -> Finding:
    maximum = rule.kwargs["maximum"]
    verdict: VerdictName = "passed"
    if one.value is None or one.p_value is None:
        verdict = "not measured"
    elif one.value > maximum and one.p_value < LEVEL:
        verdict = "failed" if rule.severity == "error" else "warning"
    return Finding(one, verdict, rule.rule_id, rule.severity, maximum)
