"""What two reports have different values for: figures, classes, and how both models were made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from text_classifier.evaluation.figures import Figures
from text_classifier.report.side_by_side.reported import Reported

LOG_LOSS = "log loss"
BETTER_LOW = (LOG_LOSS, "calibration error")
"""Figures of which the lower is the better."""
CLASS_FIGURES = ("f1", "recall", "precision")

Row = dict[str, Any]


def figure_rows(first: Figures, second: Figures) -> list[Row]:
    """Each figure that both have, with its interval of each and the first's value minus the second's.

    `unit` is "%" for rates of 0 to 1, whose `difference` is a rate as well, and "nats" for the log loss. Figures of
    different labels have no `difference`.
    """
    is_one_label = first["label"] == second["label"]
    theirs = dict(_figures(second["test"]))
    return [
        {
            "name": name,
            "unit": "nats" if name == LOG_LOSS else "%",
            "is_better_low": name in BETTER_LOW,
            "first": mine,
            "second": theirs[name],
            "difference": mine["value"] - theirs[name]["value"] if is_one_label else None,
        }
        for name, mine in _figures(first["test"])
        if name in theirs
    ]


def class_rows(first: Figures, second: Figures) -> list[Row]:
    """Precision, recall and F1 of each class of either, None where one model does not know it; in the first's order."""
    mine, theirs = ({one["name"]: one for one in figures["test"]["per_class"]} for figures in (first, second))
    return [
        {
            "name": name,
            "support_rows": [_support(mine, name), _support(theirs, name)],
            **{figure: _both(mine.get(name), theirs.get(name), f"{figure}_rate") for figure in CLASS_FIGURES},
        }
        for name in dict.fromkeys([*mine, *theirs])
    ]


def made_rows(first: Reported, second: Reported) -> dict[str, list[Row]]:
    """Group -> what differs in it: name, value of the first, value of the second."""
    mine, theirs = _made(first), _made(second)
    return {group: _differing(mine[group], theirs[group]) for group in mine}


def _figures(test: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    accuracy = test["accuracy"]
    yield "accuracy", {"value": accuracy["rate"], "low": accuracy["low_rate"], "high": accuracy["high_rate"]}
    yield "balanced accuracy", test["balanced_accuracy_rate"]
    yield "macro F1", test["macro_f1_rate"]
    yield LOG_LOSS, test["log_loss"]
    yield "calibration error", test["calibration"]["error_rate"]
    if ranking := test["ranking"]:
        yield f"area under the ROC curve of '{ranking['positive_class']}'", ranking["roc_area"]
        yield f"area under precision and recall of '{ranking['positive_class']}'", ranking["pr_area"]


def _support(classes: Mapping[str, Any], name: str) -> int:
    return int(classes[name]["support_rows"]) if name in classes else 0


def _both(first: Mapping[str, Any] | None, second: Mapping[str, Any] | None, name: str) -> Row:
    mine, theirs = (None if one is None else float(one[name]["value"]) for one in (first, second))
    difference = None if mine is None or theirs is None else mine - theirs
    return {"first": mine, "second": theirs, "difference": difference}


def _made(reported: Reported) -> dict[str, dict[str, Any]]:
    figures, manifest = reported.figures, reported.manifest
    made, data = figures["made"], figures["data"]
    return {
        "parameters": {name.removeprefix("options."): value for name, value in made["parameters"].items()},
        "data": {
            **{name.replace("_", " "): value for name, value in data.items() if name != "split_rows"},
            **{f"rows of {split}": rows for split, rows in data["split_rows"].items()},
            **{f"fingerprint: {name.replace('_', ' ')}": made["fingerprints"].get(name) for name in manifest.inputs},
        },
        "code": {"SHA-256 of the training code": manifest.code, "text-classifier": made["package_version"]},
        "environment": {"computed with": made["computed_with"], **manifest.made_with},
        "training": {"epochs": made["epochs"], "weights": f"{made['weights']:,}", "time": f"{made['seconds']:,.1f} s"},
    }


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Row]:
    names = dict.fromkeys([*first, *second])
    rows = ({"name": name, "first": first.get(name, "none"), "second": second.get(name, "none")} for name in names)
    return [row for row in rows if row["first"] != row["second"]]
