"""Lines that the first promotion rule wrote (docs/decisions/0004), in the form of today's."""

from __future__ import annotations

from typing import Any, get_args

from text_classifier.comparison import AgainstChampion, Signal

_PROMOTED = {"first", "better"}


def converted(line: dict[str, Any]) -> dict[str, Any]:
    """A line as today's ledger has it.

    An earlier one had an `outcome`. It spent nothing of the budget, which begins with today's rule, and has no basis:
    the same model is compared anew.

    Raises:
        KeyError: it is neither.
    """
    if "outcome" not in line:
        return line
    outcome = line["outcome"]
    gain_pct = line.get("gain_pct")
    return {
        "run": line["run"],
        "champion": line["champion"],
        "decision": "promoted" if outcome in _PROMOTED else "not promoted",
        "rule": line["reason"] if outcome == "not eligible" else f"{outcome}, by the first promotion rule",
        "signal": _signal(outcome),
        "against_champion": outcome if outcome in get_args(AgainstChampion) else None,
        "reason": line["reason"],
        "rows": line.get("common_rows", 0),
        "gain_rate": None if gain_pct is None else gain_pct / 100,
        "p_value": line.get("p_value"),
        "compared_at": line.get("compared_at", ""),
        "compared_by": line.get("compared_by", ""),
    }


def _signal(outcome: str) -> Signal | None:
    if outcome == "not eligible":
        return None
    return "not found" if outcome == "no signal" else "found"
