"""report.html: one file with its style, script and plots in it, that asks the network for nothing.

Text from outside is shown letter by letter: the template escapes everything, `showable` takes what escaping leaves, and
the page's own policy lets no script run but the one whose digest it names.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Literal

from markupsafe import Markup

from text_classifier.evaluation import percent
from text_classifier.report.cells import one_line
from text_classifier.report.excerpts import SHOWN_ERRORS, pieces
from text_classifier.report.figures import Figures, minute
from text_classifier.report.plots import Bar, Line, curve_svg, intervals_svg
from text_classifier.report.templates import template

LOSS, ACCURACY = "mean loss, nats", "right answers on val, %"


def render(figures: Figures, errors: Sequence[Mapping[str, Any]]) -> str:
    """The page as HTML text, valid UTF-8.

    Args:
        figures: the content of metrics.json.
        errors: rows of errors.parquet, the most confident first; those beyond SHOWN_ERRORS are only counted.
    """
    filters: dict[str, Callable[..., Any]] = {
        "line": one_line,
        "pieces": pieces,
        "percent": percent,
        "minute": minute,
        "duration": _duration,
        "number": _number,
    }
    script = files("text_classifier.report").joinpath("page.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return template("page.html", filters).render(
        figures=figures,
        test=figures["test"],
        errors=errors[:SHOWN_ERRORS],
        intervals=Markup(_intervals(figures)),  # noqa: S704
        curves=[Markup(svg) for svg in _curves(figures)],  # noqa: S704
        script=Markup(script),  # noqa: S704
        script_digest=digest,
    )


def loss_lines(figures: Figures) -> list[Line]:
    """The mean losses over the epochs, of the splits that have one."""
    return [*_line(figures, "train", "train_loss", 1), *_line(figures, "val", "val_loss", 1)]


def accuracy_lines(figures: Figures) -> list[Line]:
    """The accuracy on val over the epochs as a percentage; empty where nothing was watched."""
    return _line(figures, "val", "val_accuracy_rate", 100)


def _line(figures: Figures, split: Literal["train", "val"], column: str, factor: float) -> list[Line]:
    values = [row[column] for row in figures["curve"]]
    scaled = tuple(None if value is None else factor * value for value in values)
    return [Line(split, scaled)] if any(value is not None for value in values) else []


def _curves(figures: Figures) -> list[str]:
    drawn = ((LOSS, loss_lines(figures)), (ACCURACY, accuracy_lines(figures)))
    return [curve_svg(lines, unit, _told(lines, unit)) for unit, lines in drawn if lines]


def _told(lines: Sequence[Line], unit: str) -> str:
    """A plot in words, for those who do not see it."""
    told = (f"{line.name}: " + ", ".join("none" if v is None else f"{v:.4g}" for v in line.values) for line in lines)
    return f"{unit} by epoch. " + "; ".join(told)


def _intervals(figures: Figures) -> str:
    test = figures["test"]
    named = {"this model": test["accuracy"], f"always '{test['majority_class']}'": test["majority"]}
    bars = [Bar(name, one["rate"], one["low_rate"], one["high_rate"]) for name, one in named.items()]
    told = (f"{b.name} {percent(b.rate)}, interval {percent(b.low_rate)} to {percent(b.high_rate)}" for b in bars)
    return intervals_svg(bars, "Right answers on test: " + "; ".join(told))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s" if minutes else f"{seconds:.1f} s"
