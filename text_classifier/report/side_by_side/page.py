"""comparison.html: one file with its style, script and plots in it, that asks the network for nothing.

It keeps the rules of report.html: everything is escaped, and no script runs but the one whose digest the policy names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from text_classifier.evaluation.words import percent, points
from text_classifier.report.page import ACCURACY, FILTERS, LOSS, TONES, told_lines
from text_classifier.report.plots import Bar, Line, Role, curve_png, curve_svg, intervals_png, intervals_svg
from text_classifier.report.side_by_side.differences import CLASS_FIGURES
from text_classifier.report.templates import page_script, template

_CURVES = {
    LOSS: (("train_loss", "dotted", 1), ("val_loss", "solid", 1)),
    ACCURACY: (("val_accuracy_rate", "solid", 100),),
}
_BOTH: dict[str, Role] = {"A": "first", "B": "second"}
_TONES = {"better": "good", "worse": "bad", "not separable": "warn"}


def render(tree: Mapping[str, Any], disagreements: Sequence[Mapping[str, Any]], written_at: str) -> str:
    """The page as HTML text, valid UTF-8.

    Args:
        tree: the content of comparison.json.
        disagreements: the rows that are shown, the surest answer first.
        written_at: ISO 8601 in UTC.
    """
    script = page_script()
    paired = tree["paired"]
    filters: dict[str, Callable[..., Any]] = {**FILTERS, "difference": told_difference, "value": told_value}
    return template("side_by_side/page.html", filters).render(
        tree=tree,
        paired=paired,
        runs={letter: tree[name] for letter, name in _BOTH.items()},
        disagreements=disagreements,
        class_figures=CLASS_FIGURES,
        tone=_TONES[paired["separation"]] if paired else "warn",
        tones=TONES,
        slice_tones=_TONES,
        written_at=written_at,
        intervals=Markup(intervals_svg(bars(tree), _told(bars(tree)), "second")),  # noqa: S704
        curves=[Markup(curve_svg(lines, unit, told_lines(lines, unit))) for unit, lines in curves(tree)],  # noqa: S704
        script=script.text,
        script_digest=script.digest,
    )


def bars(tree: Mapping[str, Any]) -> list[Bar]:
    """The accuracy of both on the whole test split of each."""
    both = {letter: tree[name]["accuracy"] for letter, name in _BOTH.items()}
    return [Bar(letter, one["rate"], one["low_rate"], one["high_rate"]) for letter, one in both.items()]


def curves(tree: Mapping[str, Any]) -> list[tuple[str, list[Line]]]:
    """Unit and lines of every plot of the training that has any: A in the first colour, B in the second."""
    drawn = (
        (unit, [line for column in columns for line in _lines(tree, *column)]) for unit, columns in _CURVES.items()
    )
    return [(unit, lines) for unit, lines in drawn if lines]


def told_value(value: float, unit: str) -> str:
    """A figure for a column that names its unit."""
    return f"{100 * value:.2f}" if unit == "%" else f"{value:.4f}"


def told_difference(figure: Mapping[str, Any]) -> str:
    """A figure of A minus that of B: percentage points, or nats."""
    difference = figure["difference"]
    if difference is None:
        return "–"
    return points(difference) if figure["unit"] == "%" else f"{difference:+z.4f}"


def pictures(tree: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Text alternative and data URI of every picture for the dashboard."""
    shown = [(_told(bars(tree)), intervals_png(bars(tree), "second"))]
    return shown + [(f"{unit} by epoch of A and B", curve_png(lines, unit)) for unit, lines in curves(tree)]


def _lines(tree: Mapping[str, Any], column: str, style: Any, factor: int) -> list[Line]:
    lines = []
    for letter, name in _BOTH.items():
        values = tuple(None if row[column] is None else factor * row[column] for row in tree[name]["curve"])
        if any(value is not None for value in values):
            lines.append(Line(f"{letter}, {column.partition('_')[0]}", values, name, style))
    return lines


def _told(both: Sequence[Bar]) -> str:
    told = (f"{b.name} {percent(b.rate)}, interval {percent(b.low_rate)} to {percent(b.high_rate)}" for b in both)
    return "Right answers on test: " + "; ".join(told)
