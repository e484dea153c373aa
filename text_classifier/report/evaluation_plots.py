"""Pictures of an evaluation: scores on shuffled labels, confidence against accuracy, curves over the threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from text_classifier.evaluation.words import percent
from text_classifier.report.plots import PAGE, PAPER, Palette, drawing, png, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE, _SQUARE = (4.6, 2.4), (3.4, 3.2)  # inches
_BINS = 30


def signal_svg(signal: Mapping[str, Any]) -> str:
    """How often each score was reached on shuffled labels, and the score on the true ones."""
    scores = signal["null_rates"]
    told = (
        f"{signal['score_name']} on the true labels {percent(signal['score_rate'])}; on shuffled labels "
        f"{percent(min(scores))} to {percent(max(scores))}, mean {percent(signal['chance_rate'])}, {len(scores)} refits"
    )
    with drawing(*_WIDE, PAGE) as (figure, axes):
        _draw_signal(axes, signal, PAGE)
        return svg(figure, "signal", told)


def signal_png(signal: Mapping[str, Any]) -> str:
    """The same as a data URI."""
    with drawing(5.5, 2.8, PAPER) as (figure, axes):
        _draw_signal(axes, signal, PAPER)
        return png(figure)


def reliability_svg(bins: Sequence[Mapping[str, Any]]) -> str:
    """Accuracy over confidence by bin, with intervals; the diagonal is a model that knows how sure it may be."""
    told = (f"{percent(one['confidence_rate'])} sure: {percent(one['accuracy']['rate'])} right" for one in bins)
    with drawing(*_SQUARE, PAGE) as (figure, axes):
        _draw_reliability(axes, bins, PAGE)
        return svg(figure, "reliability", "Right answers by confidence. " + "; ".join(told))


def reliability_png(bins: Sequence[Mapping[str, Any]]) -> str:
    """The same as a data URI."""
    with drawing(4.2, 3.9, PAPER) as (figure, axes):
        _draw_reliability(axes, bins, PAPER)
        return png(figure)


def threshold_svg(points: Sequence[tuple[float, float]], name: str, axis_names: tuple[str, str]) -> str:
    """One rate over another (0 to 1 both) as the threshold moves."""
    x, y = axis_names
    middle = points[len(points) // 2]
    told = f"{y} over {x}; half-way at {100 * middle[0]:.1f}, {100 * middle[1]:.1f}"
    with drawing(*_SQUARE, PAGE) as (figure, axes):
        axes.plot([100 * point[0] for point in points], [100 * point[1] for point in points], color=PAGE.first)
        axes.set(xlabel=x, ylabel=y, xlim=(-2, 102), ylim=(-2, 102))
        return svg(figure, name, told)


def _draw_signal(axes: Axes, signal: Mapping[str, Any], palette: Palette) -> None:
    axes.hist([100 * score for score in signal["null_rates"]], bins=_BINS, color=palette.muted, alpha=0.6)
    axes.axvline(100 * signal["score_rate"], color=palette.first, linewidth=2.5)
    axes.text(100 * signal["score_rate"], 1.02, "true labels", color=palette.first, ha="center", transform=_above(axes))
    axes.set(xlabel=f"{signal['score_name']}, %", ylabel="shuffles")


def _above(axes: Axes) -> Any:
    """Data along x, the height of the axes along y."""
    return axes.get_xaxis_transform()


def _draw_reliability(axes: Axes, bins: Sequence[Mapping[str, Any]], palette: Palette) -> None:
    axes.plot([0, 100], [0, 100], color=palette.muted, linewidth=1, linestyle="--")
    for one in bins:
        middle, accuracy = 100 * one["confidence_rate"], one["accuracy"]
        axes.plot(
            [middle] * 2, [100 * accuracy["low_rate"], 100 * accuracy["high_rate"]], color=palette.first, alpha=0.4
        )
        axes.plot([middle], [100 * accuracy["rate"]], "o", color=palette.first, markersize=5)
    axes.set(xlabel="confidence, %", ylabel="right answers, %", ylim=(-2, 102))
