"""A comparison in the dashboard's form: Markdown whose pictures are data URIs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from text_classifier.evaluation.words import percent, points
from text_classifier.report.side_by_side.page import pictures, told_difference, told_value
from text_classifier.showable import markdown_text

_VERDICT = ("signal", "against_baseline", "against_champion", "decision", "rule")


def comparison_markdown(tree: Mapping[str, Any], page: Path) -> str:
    """Opens with the sentence; figures, who was right, parts that differ, verdicts, differences; ends with the page."""
    name = markdown_text(tree["name"])
    told = [
        f"**{markdown_text(tree['sentence'], 2_000)}**",
        _table(["", "A", "B", "A minus B"], _figures(tree)),
        *_paired(tree["paired"], name),
        f"## Verdicts, {name}",
        _table(["", "A", "B"], _verdicts(tree)),
        *(f"![{markdown_text(words, 1_000)}]({picture})" for words, picture in pictures(tree)),
        f"## What differs, {name}",
        _table(["", "A", "B"], _made(tree)),
        f"Page: `{page}`",
    ]
    return "\n\n".join(told) + "\n"


def _figures(tree: Mapping[str, Any]) -> Iterator[list[str]]:
    for one in tree["figures"]:
        unit, values = one["unit"], (one["first"]["value"], one["second"]["value"])
        yield [f"{one['name']}, {unit}", *(told_value(value, unit) for value in values), told_difference(one)]


def _paired(paired: Mapping[str, Any] | None, name: str) -> list[str]:
    if paired is None:
        return []
    right, rows = paired["right_rows"], paired["pairing"]["rows"]
    shares = ([who, f"{count:,}", percent(count / rows)] for who, count in right.items())
    changed = [one for one in paired["slices"] if one["separation"] != "not separable"]
    parts = (
        [f"{one['dimension']} {one['name']}".replace("_", " "), one["separation"], points(one["pairing"]["gain_rate"])]
        for one in changed
    )
    told = _table(["part", "A is", "points"], parts) if changed else "On no part of the test split do the two differ."
    rights = _table(["", "examples", "share"], shares)
    return [f"## Who was right, {name}", rights, f"## Parts of the test split of {name}", told]


def _verdicts(tree: Mapping[str, Any]) -> Iterator[list[str]]:
    yield ["run", tree["first"]["run"], tree["second"]["run"]]
    for name in _VERDICT:
        yield [name.replace("_", " "), tree["first"]["verdict"][name], tree["second"]["verdict"][name]]


def _made(tree: Mapping[str, Any]) -> Iterator[list[str]]:
    for group, rows in tree["made"].items():
        for row in rows:
            yield [f"{group}: {row['name']}", str(row["first"]), str(row["second"])]


def _table(head: list[str], rows: Iterator[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *([markdown_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
