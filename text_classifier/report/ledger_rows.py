"""The ledger of comparisons as the rows of a table, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from text_classifier.comparison import Comparison
from text_classifier.evaluation.figures import minute
from text_classifier.evaluation.words import percent, points


def ledger_rows(ledger: Sequence[Comparison], shown_name: str) -> list[dict[str, object]]:
    """One row for each line; `shown_name` is that of the data set, with its mark."""
    return [_row(line, shown_name) for line in reversed(ledger)]


def _row(line: Comparison, shown_name: str) -> dict[str, object]:
    return {
        "data": shown_name,
        "at": minute(line.compared_at),
        "run": line.run,
        "decision": line.decision,
        "because": line.rule,
        "kind": line.kind,
        "signal": line.signal,
        "against baseline": line.against_baseline,
        "against champion": line.against_champion,
        "in words": line.reason,
        "champion before": line.champion,
        "gain": _told(line.gain_rate),
        "low": _told(line.low_rate),
        "high": _told(line.high_rate),
        "p (two-sided)": line.p_value,
        "level (one-sided)": line.level,
        "level spent": line.spent,
        "detectable gain": None if line.detectable_gain_rate is None else percent(line.detectable_gain_rate),
        "rows": line.rows,
        "worse slices": ", ".join(line.worse_slices),
        "by": line.compared_by,
    }


def _told(rate: float | None) -> str | None:
    return None if rate is None else points(rate)
