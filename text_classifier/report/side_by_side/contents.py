"""All that a comparison comes to as one tree of JSON values: the content of comparison.json, most of what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pyarrow.compute as pc

from text_classifier.evaluation.figures import deciding_baseline
from text_classifier.evaluation.pairs import Pairing, compare, separation
from text_classifier.evaluation.slices import slice_changes
from text_classifier.evaluation.words import percent, points
from text_classifier.report.side_by_side.common_rows import RIGHT, CommonRows
from text_classifier.report.side_by_side.differences import class_rows, figure_rows, made_rows
from text_classifier.report.side_by_side.reported import Reported

SMALLEST_P = 0.0001  # that is shown
_FIELDS = ("sentence", "signal", "against_baseline", "against_champion", "decision", "rule")
_AGAINST = {"better": "is better than", "worse": "is worse than", "not separable": "is not separable from"}


def comparison_tree(first: Reported, second: Reported, rows: CommonRows) -> dict[str, Any]:
    """The same reports give the same tree; `paired` is null in it where there is no common row."""
    mine, theirs = first.figures, second.figures
    paired = _paired(rows) if rows.answers.num_rows else None
    return {
        "name": mine["name"],
        "data_set": mine["data_set"],
        "mark": mine["mark"] or theirs["mark"],
        "notes": _notes(mine["notes"], theirs["notes"]),
        "label": " and ".join(dict.fromkeys([mine["label"], theirs["label"]])),
        "sentence": _sentence(first, second, paired),
        "first": _run(first),
        "second": _run(second),
        "paired": paired,
        "figures": figure_rows(mine, theirs),
        "classes": class_rows(mine, theirs) if mine["label"] == theirs["label"] else [],
        "made": made_rows(first, second),
    }


def _notes(mine: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """What is said of both, then what is said of one of them."""
    both = [note for note in mine if note in theirs]
    alone = (("A", mine), ("B", theirs))
    return both + [f"{letter}: {note}" for letter, notes in alone for note in notes if note not in both]


def _paired(rows: CommonRows) -> dict[str, Any]:
    pairing = compare(rows.first_right, rows.second_right)
    answers, right = rows.answers, rows.who_was_right
    changes = slice_changes(rows.slices, rows.first_right, rows.second_right)
    differing = pc.sum(pc.not_equal(answers["first_prediction"], answers["second_prediction"])).as_py()
    return {
        "pairing": asdict(pairing),
        "separation": separation(pairing),
        "first_rate": float(rows.first_right.mean()),
        "second_rate": float(rows.second_right.mean()),
        "right_rows": {who: pc.sum(pc.equal(right, who)).as_py() for who in RIGHT},
        "differing_rows": differing,
        "slices": [asdict(change) for change in changes],
    }


def _run(reported: Reported) -> dict[str, Any]:
    figures = reported.figures
    best = deciding_baseline(figures)
    return {
        "run": reported.run,
        "preset": figures["preset"],
        "label": figures["label"],
        "trained_at": figures["made"]["trained_at"],
        "accuracy": figures["test"]["accuracy"],
        "best_baseline": {"name": best["name"], "rate": best["accuracy"]["rate"]},
        "verdict": {name: reported.verdict[name] for name in _FIELDS},
        "curve": figures["curve"],
    }


def _sentence(first: Reported, second: Reported, paired: dict[str, Any] | None) -> str:
    name = first.figures["name"]
    if paired is None:
        return f"{_unpaired(first, second)} {_alone('A', first)}; {_alone('B', second)}."
    pairing = Pairing(**paired["pairing"])
    gain, low, high = (points(rate) for rate in (pairing.gain_rate, pairing.low_rate, pairing.high_rate))
    return (
        f"A ({first.run}) {_AGAINST[paired['separation']]} B ({second.run}) on {pairing.rows:,} common test examples "
        f"of {name}, label {first.figures['label']}: {percent(paired['first_rate'])} against "
        f"{percent(paired['second_rate'])} right, {gain} points (95 % interval {low} to {high}), exact McNemar test "
        f"p {_told_p(pairing.p_value)}; a true difference of {100 * pairing.detectable_gain_rate:.2f} points would be "
        "seen in four of five such comparisons."
    )


def _told_p(p_value: float) -> str:
    return f"= {p_value:.2g}" if p_value >= SMALLEST_P else f"< {SMALLEST_P}"


def _unpaired(first: Reported, second: Reported) -> str:
    labels = first.figures["label"], second.figures["label"]
    told = (
        f"they answer different labels, {labels[0]} and {labels[1]}"
        if labels[0] != labels[1]
        else "no example stands in the test splits of both"
    )
    return f"A ({first.run}) and B ({second.run}) cannot be compared example by example: {told}."


def _alone(letter: str, reported: Reported) -> str:
    accuracy = reported.figures["test"]["accuracy"]
    return (
        f"{letter} gets {percent(accuracy['rate'])} of its {accuracy['rows']:,} test examples right, with "
        f"{percent(reported.figures['test']['majority']['rate'])} of them in the largest class"
    )
