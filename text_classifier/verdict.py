"""The verdict of a run: what the figures and the champion's challenge come to, in four fields and one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from text_classifier.comparison import Comparison
from text_classifier.evaluation.figures import deciding_baseline
from text_classifier.evaluation.words import interval, percent, points
from text_classifier.records import SignalTest, Verdict

COLLAPSE_RATE = 0.95  # of the predictions in one class: worth a word


def verdict_of(figures: Mapping[str, Any], comparison: Comparison) -> Verdict:
    """The verdict on a model: `figures` are its metrics.json, `comparison` its challenge."""
    clauses = [
        _told_signal(figures["signal"], figures["label"], figures["name"]),
        _told_accuracy(figures),
        *_told_champion(comparison),
        f"{comparison.decision}: {comparison.rule}",
    ]
    return Verdict(
        signal="found" if figures["signal"]["is_found"] else "not found",
        against_baseline=figures["against_baseline"],
        against_champion=comparison.against_champion or "not comparable",
        decision=comparison.decision,
        rule=comparison.rule,
        sentence="; ".join(clauses) + ".",
    )


def verdict_without_model(signal: SignalTest) -> Verdict:
    """The verdict where no model is trained because the data say nothing about the label."""
    figures = {**asdict(signal), "is_found": signal.is_found}
    told = _told_signal(figures, signal.label, signal.name)
    rule = "no signal, so no model was trained"
    return Verdict("not found", "no model", "no model", "not promoted", rule, f"{told}; not promoted: {rule}.")


def _told_signal(signal: Mapping[str, Any], label: str, name: str) -> str:
    p_value, as_good = f"p = {signal['p_value']:.2g}", round(signal["p_value"] * (signal["refits"] + 1)) - 1
    if signal["is_found"]:
        return f"Signal found in the {label} of {name} ({p_value})"
    return (
        f"No signal found in the {label} of {name}: of {signal['refits']} classifiers fitted to shuffled labels "
        f"{as_good} did as well as the one fitted to the true labels, or better ({p_value})"
    )


def _told_accuracy(figures: Mapping[str, Any]) -> str:
    test, best = figures["test"], deciding_baseline(figures)
    accuracy = test["accuracy"]
    which = "the best" if best["name"] == figures["baselines"][0]["name"] else "a"
    return (
        f"of {accuracy['rows']:,} test examples the model gets {percent(accuracy['rate'])} right "
        f"(95 % interval {interval(accuracy)}), {_AGAINST[figures['against_baseline']]} {which} baseline, "
        f"{best['name']}, with {percent(best['accuracy']['rate'])}{_told_collapse(test)}"
    )


_AGAINST = {"better": "better than", "not separable": "not separable from", "worse": "worse than"}


def _told_collapse(test: Mapping[str, Any]) -> str:
    commonest = max(test["per_class"], key=lambda one: one["predicted_rows"])
    predicted, rows = commonest["predicted_rows"], test["accuracy"]["rows"]
    if predicted == rows:
        return f" (every prediction is '{commonest['name']}')"
    return f" ({predicted:,} predictions are '{commonest['name']}')" if predicted >= COLLAPSE_RATE * rows else ""


def _told_champion(comparison: Comparison) -> list[str]:
    if comparison.against_champion in (None, "first"):
        return []
    if comparison.against_champion == "not comparable":
        return [f"not comparable with the champion: {comparison.reason}"]
    gain, low, high = (points(rate or 0) for rate in (comparison.gain_rate, comparison.low_rate, comparison.high_rate))
    tested = f"one-sided p = {(comparison.p_value or 0) / 2:.2g} where up to {comparison.level:.2g} counts as better"
    return [
        f"{_AGAINST[comparison.against_champion]} the champion on {comparison.rows:,} common test examples "
        f"({gain} points, 95 % interval {low} to {high}, {tested})"
    ]
