"""The report's plots by matplotlib's object interface: SVG that follows the page's colours, PNG for the dashboard.

matplotlib is imported here only, and only when something is drawn. The same figures give the same bytes: SVG ids
come from a fixed salt, and no file bears a date.
"""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from text_classifier.showable import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABEL_CHARACTERS = 18
_MOST_COUNTED_CLASSES = 20  # above, the cells are too small for their numbers


Role = Literal["muted", "first", "second"]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by role. Those of `PAGE` stand for the page's CSS variables, see `_VARIABLES`."""

    ink: str
    muted: str
    first: str
    second: str

    def of(self, role: Role) -> str:
        return str(getattr(self, role))


PAGE = Palette(ink="#010101", muted="#020202", first="#030303", second="#040404")
PAPER = Palette(ink="#1c2330", muted="#667085", first="#2563c9", second="#c2570c")
_VARIABLES = {
    PAGE.ink: "var(--ink)",
    PAGE.muted: "var(--muted)",
    PAGE.first: "var(--first)",
    PAGE.second: "var(--second)",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: values by epoch; None where there is none."""

    name: str
    values: tuple[float | None, ...]
    colour: Role
    style: Literal["solid", "dotted"] = "solid"


@dataclass(frozen=True, slots=True)
class Pair:
    """A rate before and now, 0 to 1."""

    name: str
    old_rate: float
    new_rate: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A rate with its interval, all 0 to 1."""

    name: str
    rate: float
    low_rate: float
    high_rate: float


def intervals_svg(bars: Sequence[Bar], text_alternative: str, others: Role = "muted") -> str:
    """Rates as points with their intervals, one line each: the first in its colour, the `others` in theirs."""
    with drawing(4.6, 0.55 + 0.42 * len(bars), PAGE) as (figure, axes):
        _draw_intervals(axes, bars, PAGE, others)
        return svg(figure, "intervals", text_alternative)


def intervals_png(bars: Sequence[Bar], others: Role = "muted") -> str:
    """The same as a data URI."""
    with drawing(5.5, 0.7 + 0.5 * len(bars), PAPER) as (figure, axes):
        _draw_intervals(axes, bars, PAPER, others)
        return png(figure)


def curve_svg(lines: Sequence[Line], unit: str, text_alternative: str) -> str:
    """Curves over the epochs."""
    with drawing(4.6, 2.7, PAGE) as (figure, axes):
        _draw_lines(axes, lines, PAGE)
        axes.set_ylabel(unit)
        return svg(figure, re.sub(r"\W+", "-", unit), text_alternative)


def curve_png(lines: Sequence[Line], unit: str) -> str:
    """Curves over the epochs as a data URI."""
    with drawing(5.5, 3.0, PAPER) as (figure, axes):
        _draw_lines(axes, lines, PAPER)
        axes.set_ylabel(unit)
        return png(figure)


def confusion_png(class_names: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    """Counts by true and predicted class as a data URI; the shade is the share of the true class."""
    size = 2.4 + 0.45 * min(len(class_names), _MOST_COUNTED_CLASSES)
    with drawing(size + 0.8, size, PAPER) as (figure, axes):
        shares = [[count / max(sum(row), 1) for count in row] for row in confusion]
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        names = [one_line(name, _LABEL_CHARACTERS) for name in class_names]
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="predicted", ylabel="true")
        axes.grid(visible=False)
        if len(names) <= _MOST_COUNTED_CLASSES:
            _write_counts(axes, confusion, shares)
        return png(figure)


def pairs_png(pairs: Sequence[Pair]) -> str:
    """Rates before and now, two bars a line, as a data URI."""
    lines = range(len(pairs))
    with drawing(5.5, 0.9 + 0.42 * len(pairs), PAPER) as (figure, axes):
        for name, colour, offset in (("before", PAPER.muted, 0.2), ("now", PAPER.first, -0.2)):
            rates = [100 * (pair.old_rate if name == "before" else pair.new_rate) for pair in pairs]
            axes.barh([offset - line for line in lines], rates, height=0.36, color=colour, label=name)
        axes.set_yticks([-line for line in lines], [one_line(pair.name, 24) for pair in pairs])
        axes.set_xlabel("share of the rows, %")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.legend(frameon=False, labelcolor=PAPER.ink, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        return png(figure)


def distributions_png(old: Sequence[float], new: Sequence[float], unit: str) -> str:
    """Two cumulative distributions, each by its evenly spaced quantiles, the smallest first, as a data URI."""
    with drawing(5.5, 3.0, PAPER) as (figure, axes):
        for name, colour, quantiles in (("before", PAPER.muted, old), ("now", PAPER.first, new)):
            steps = [100 * place / (len(quantiles) - 1) for place in range(len(quantiles))]
            axes.plot(quantiles, steps, linewidth=2, color=colour, label=name)
        if min(*old, *new) > 0 and max(*old, *new) > 20 * min(*old, *new):
            axes.set_xscale("log")
        axes.set(xlabel=unit, ylabel="share of the texts, %", ylim=(0, 100))
        axes.grid(visible=True, color=PAPER.muted, alpha=0.25, linewidth=0.8)
        axes.legend(frameon=False, labelcolor=PAPER.ink)
        return png(figure)


def _draw_intervals(axes: Axes, bars: Sequence[Bar], palette: Palette, others: Role) -> None:
    for height, bar in enumerate(bars):
        colour = palette.of(others if height else "first")
        axes.plot([100 * bar.low_rate, 100 * bar.high_rate], [-height, -height], color=colour, linewidth=8, alpha=0.4)
        axes.plot([100 * bar.rate], [-height], "|", color=colour, markersize=15, markeredgewidth=2.5)
    axes.set_yticks([-height for height in range(len(bars))], [one_line(bar.name, 30) for bar in bars])
    axes.set_ylim(-len(bars) + 0.4, 0.6)
    axes.set_xlabel("right answers, %")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _draw_lines(axes: Axes, lines: Sequence[Line], palette: Palette) -> None:
    from matplotlib.ticker import MaxNLocator

    for line in lines:
        points = [(epoch, value) for epoch, value in enumerate(line.values, start=1) if value is not None]
        axes.plot(
            *zip(*points, strict=True),
            marker="o",
            linestyle=line.style,
            markersize=5,
            linewidth=2,
            color=palette.of(line.colour),
            label=line.name,
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("epoch")
    _widen(axes)
    axes.grid(visible=True, axis="y", color=palette.muted, alpha=0.25, linewidth=0.8)
    if len(lines) > 1:
        axes.legend(frameon=False, labelcolor=palette.ink)


def _widen(axes: Axes) -> None:
    """Let the axis span at least a twentieth of its values, so that noise does not look like a trend."""
    low, high = axes.get_ylim()
    middle = (low + high) / 2
    half = max((high - low) / 2, abs(middle) / 40)
    axes.set_ylim(middle - half, middle + half)


def _write_counts(axes: Axes, confusion: Sequence[Sequence[int]], shares: Sequence[Sequence[float]]) -> None:
    for true, row in enumerate(confusion):
        for predicted, count in enumerate(row):
            colour = "white" if shares[true][predicted] > 0.55 else PAPER.ink
            axes.text(predicted, true, f"{count:,}", ha="center", va="center", color=colour)


@contextmanager
def drawing(width_inches: float, height_inches: float, palette: Palette) -> Iterator[tuple[Figure, Axes]]:
    """A figure of that size with one axes in it, in the colours of the palette."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    style: Any = {
        "text.parse_math": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "text-classifier",
        "font.size": 10,
        "text.color": palette.ink,
        "axes.labelcolor": palette.ink,
        "axes.edgecolor": palette.muted,
        "xtick.color": palette.muted,
        "ytick.color": palette.muted,
        "xtick.labelcolor": palette.ink,
        "ytick.labelcolor": palette.ink,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "axes.formatter.useoffset": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with rc_context(style):
        figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
        yield figure, figure.add_subplot()


def svg(figure: Figure, name: str, text_alternative: str) -> str:
    """The figure as inline SVG in the page's colours; `name` makes its ids its own."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    drawn = stream.getvalue()
    box = re.search(r'viewBox="[^"]*"', drawn)
    assert box is not None
    inner = drawn[drawn.index(">", box.end()) + 1 :]
    inner = re.sub(r"<style.*?</style>| font-family: [^;]*;", "", inner, flags=re.DOTALL)
    inner = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{name}-", inner)
    for colour, variable in _VARIABLES.items():
        inner = inner.replace(colour, variable)
    return f'<svg {box.group()} role="img" aria-label="{html.escape(text_alternative)}">{inner}'


def png(figure: Figure) -> str:
    """The figure as a data URI."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=120, facecolor="white", metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
