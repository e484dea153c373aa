"""Pictures of an evaluation: told in words, the same bytes each time, drawn from whatever a run may bring."""

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from text_classifier.report.evaluation_plots import (
    reliability_png,
    reliability_svg,
    signal_png,
    signal_svg,
    threshold_svg,
)

SIGNAL = {
    "score_name": "balanced accuracy",
    "score_rate": 0.8,
    "chance_rate": 0.5,
    "null_rates": [0.45, 0.5, 0.55],
}
BINS = [
    {"confidence_rate": 0.62, "accuracy": {"rate": 0.5, "low_rate": 0.3, "high_rate": 0.7}},
    {"confidence_rate": 0.97, "accuracy": {"rate": 0.9, "low_rate": 0.8, "high_rate": 0.95}},
]
CURVE = [(0.0, 0.0), (0.1, 0.8), (1.0, 1.0)]
SVGS: dict[str, Callable[[], str]] = {
    "signal": lambda: signal_svg(SIGNAL),
    "reliability": lambda: reliability_svg(BINS),
    "threshold": lambda: threshold_svg(CURVE, "roc", ("false alarms, %", "recall, %")),
}


def told(svg: str) -> str:
    root = ET.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))
    assert root.get("role") == "img"
    return str(root.get("aria-label"))


def test_the_signal_is_told_with_the_scores_on_both_kinds_of_labels() -> None:
    assert told(signal_svg(SIGNAL)) == (
        "balanced accuracy on the true labels 80.00 %; on shuffled labels 45.00 % to 55.00 %, mean 50.00 %, 3 refits"
    )


def test_confidence_is_told_bin_by_bin() -> None:
    assert (
        told(reliability_svg(BINS))
        == "Right answers by confidence. 62.00 % sure: 50.00 % right; 97.00 % sure: 90.00 % right"
    )


def test_a_curve_over_the_threshold_is_told_by_its_middle() -> None:
    assert told(SVGS["threshold"]()) == "recall, % over false alarms, %; half-way at 10.0, 80.0"


@pytest.mark.parametrize("name", SVGS)
def test_an_svg_is_the_same_bytes_each_time_and_follows_the_page(name: str) -> None:
    svg = SVGS[name]()
    assert svg == SVGS[name]()
    assert "var(--first)" in svg
    assert not re.search(r"http|<style|<!DOCTYPE|#0[1-4]0[1-4]0[1-4]", svg)


def test_no_two_plots_share_an_id() -> None:
    ids = [set(re.findall(r'\bid="([^"]*)"', draw())) for draw in SVGS.values()]
    assert all(ids)
    assert len(set.union(*ids)) == sum(map(len, ids))


@pytest.mark.parametrize(("draw", "figures"), [(signal_png, SIGNAL), (reliability_png, BINS)])
def test_a_picture_is_the_same_bytes_each_time_and_small(draw: Callable[[Any], str], figures: Any) -> None:
    head, data = draw(figures).split(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert draw(figures) == f"{head},{data}"
    assert len(data) < 100_000


@pytest.mark.parametrize("scores", [[0.5], [0.5] * 200, [0.0, 1.0]])
def test_any_scores_on_shuffled_labels_are_drawn(scores: list[float]) -> None:
    assert told(signal_svg(SIGNAL | {"null_rates": scores})).endswith(f"{len(scores)} refits")
