"""report.html: one file with its style, script and plots in it, that asks the network for nothing.

Text from outside is shown letter by letter: the template escapes everything, `showable` takes what escaping leaves, and
the page's own policy lets no script run but the one whose digest it names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from text_classifier.evaluation.excerpts import pieces
from text_classifier.evaluation.figures import Figures, deciding_baseline, minute
from text_classifier.evaluation.words import interval, percent, points
from text_classifier.report.evaluation_plots import reliability_svg, signal_svg, threshold_svg
from text_classifier.report.plots import Bar, Line, Role, curve_svg, intervals_svg
from text_classifier.report.templates import page_script, template
from text_classifier.showable import one_line

TONES = {
    **{"better": "good", "promoted": "good", "found": "good"},
    **{"not separable": "warn", "not comparable": "warn", "not promoted": "warn", "not found": "warn"},
    "worse": "bad",
}
"""How a field of the verdict is coloured; its words say the same."""
LOSS, ACCURACY = "mean loss, nats", "right answers on val, %"


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a page shows.

    Attributes:
        figures: the content of metrics.json.
        verdict: the content of verdict.json.
        errors: the first SHOWN_ERRORS rows of errors.parquet, the most confident first.
        card: the model card, Markdown.
        digest: see `report_digest`.
        written_at: ISO 8601 in UTC.
    """

    figures: Figures
    verdict: Mapping[str, Any]
    errors: Sequence[Mapping[str, Any]]
    card: str
    digest: str
    written_at: str


def render(contents: Contents) -> str:
    """The page as HTML text, valid UTF-8."""
    figures = contents.figures
    script = page_script()
    return template("page.html", FILTERS).render(
        figures=figures,
        verdict=contents.verdict,
        test=figures["test"],
        best=deciding_baseline(figures),
        tones=TONES,
        tone=_tone(contents.verdict),
        errors=contents.errors,
        card=contents.card,
        digest=contents.digest,
        written_at=contents.written_at,
        plots={name: Markup(svg) for name, svg in _plots(figures).items()},  # noqa: S704
        curves=[Markup(svg) for svg in _curves(figures)],  # noqa: S704
        script=script.text,
        script_digest=script.digest,
    )


def loss_lines(figures: Figures) -> list[Line]:
    """The mean losses over the epochs, of the splits that have one."""
    return [*_line(figures, "train", "train_loss", 1), *_line(figures, "val", "val_loss", 1)]


def accuracy_lines(figures: Figures) -> list[Line]:
    """The accuracy on val over the epochs as a percentage; empty where nothing was watched."""
    return _line(figures, "val", "val_accuracy_rate", 100)


def told_lines(lines: Sequence[Line], unit: str) -> str:
    """A plot in words, for those who do not see it."""
    told = (f"{line.name}: " + ", ".join("none" if v is None else f"{v:.4g}" for v in line.values) for line in lines)
    return f"{unit} by epoch. " + "; ".join(told)


def _line(figures: Figures, split: Literal["train", "val"], column: str, factor: float) -> list[Line]:
    values = [row[column] for row in figures["curve"]]
    scaled = tuple(None if value is None else factor * value for value in values)
    colour: Role = "first" if split == "train" else "second"
    return [Line(split, scaled, colour)] if any(value is not None for value in values) else []


def _curves(figures: Figures) -> list[str]:
    drawn = ((LOSS, loss_lines(figures)), (ACCURACY, accuracy_lines(figures)))
    return [curve_svg(lines, unit, told_lines(lines, unit)) for unit, lines in drawn if lines]


def _tone(verdict: Mapping[str, Any]) -> str:
    if verdict["decision"] == "promoted":
        return "good"
    return "bad" if "worse" in (verdict["against_baseline"], verdict["against_champion"]) else "warn"


def _plots(figures: Figures) -> dict[str, str]:
    test = figures["test"]
    plots = {
        "intervals": _intervals(figures),
        "signal": signal_svg(figures["signal"]),
        "reliability": reliability_svg(test["calibration"]["bins"]),
    }
    ranking = test["ranking"]
    if ranking:
        plots["roc"] = threshold_svg(ranking["roc_curve"], "roc", ("false alarms, %", "recall, %"))
        plots["precision_recall"] = threshold_svg(ranking["pr_curve"], "pr", ("recall, %", "precision, %"))
    return plots


def _intervals(figures: Figures) -> str:
    named = {"this model": figures["test"]["accuracy"]} | {one["name"]: one["accuracy"] for one in figures["baselines"]}
    bars = [Bar(name, one["rate"], one["low_rate"], one["high_rate"]) for name, one in named.items()]
    told = (f"{b.name} {percent(b.rate)}, interval {percent(b.low_rate)} to {percent(b.high_rate)}" for b in bars)
    return intervals_svg(bars, "Right answers on test: " + "; ".join(told))


def _ends(figure: Mapping[str, float]) -> str:
    return f"{100 * figure['low']:.2f} to {percent(figure['high'])}"


def _bare(rate: float) -> str:
    """A rate as a percentage for a column whose heading has the sign."""
    return f"{100 * rate:.2f}"


def _bare_interval(figure: Mapping[str, float]) -> str:
    return f"{_bare(figure['low_rate'])} to {_bare(figure['high_rate'])}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _loss(nats: float) -> str:
    return f"{nats:.4f}"


def _p_value(p_value: float) -> str:
    return f"{p_value:.2g}" if p_value >= 0.0001 else "< 0.0001"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s" if minutes else f"{seconds:.1f} s"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "line": one_line,
    "pieces": pieces,
    "percent": percent,
    "interval": interval,
    "ends": _ends,
    "bare": _bare,
    "bare_interval": _bare_interval,
    "points": points,
    "minute": minute,
    "duration": _duration,
    "number": _number,
    "loss": _loss,
    "p": _p_value,
}
"""How templates show figures."""
