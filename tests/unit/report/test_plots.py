import base64
import re
import xml.etree.ElementTree as ET

import pytest

from text_classifier.report.plots import (
    Bar,
    Line,
    Pair,
    confusion_png,
    curve_png,
    curve_svg,
    distributions_png,
    intervals_svg,
    pairs_png,
)

LINES = [Line("train", (0.7, 0.5, 0.4), "first"), Line("val", (0.6, None, 0.5), "second")]


@pytest.mark.parametrize("lines", [LINES, [Line("train", (0.7,), "first")]], ids=["three epochs", "one epoch"])
def test_a_curve_is_the_same_bytes_each_time(lines: list[Line]) -> None:
    assert curve_svg(lines, "loss", "told") == curve_svg(lines, "loss", "told")
    assert curve_png(lines, "loss") == curve_png(lines, "loss")


def test_an_svg_follows_the_page_and_names_nothing_outside() -> None:
    svg = curve_svg(LINES, "loss", "told")
    assert "var(--first)" in svg
    assert "var(--second)" in svg
    assert not re.search(r"http|<style|<!DOCTYPE|#0[1-4]0[1-4]0[1-4]", svg)


def test_an_svg_is_well_formed_and_told_in_words() -> None:
    bars = [Bar("this model", 0.9, 0.8, 0.95), Bar("always '<b>$x^2$'", 0.5, 0.4, 0.6)]
    svg = intervals_svg(bars, 'told "so" <b>')
    root = ET.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))
    assert root.get("aria-label") == 'told "so" <b>'
    assert root.get("role") == "img"
    assert "always '<b>$x^2$'" in "".join(root.itertext())


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_any_number_of_rates_is_drawn_and_named(count: int) -> None:
    bars = [Bar(f"rate {number}", 0.5, 0.4, 0.6) for number in range(count)]
    svg = intervals_svg(bars, "told")
    assert re.findall(r"rate \d", svg) == [f"rate {number}" for number in range(count)]
    assert svg.count("var(--first)") == intervals_svg(bars[:1], "told").count("var(--first)") > 0
    ET.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))


def test_the_ids_of_two_plots_do_not_meet() -> None:
    ids = [set(re.findall(r'\bid="([^"]*)"', curve_svg(LINES, unit, ""))) for unit in ("loss", "accuracy")]
    assert ids[0]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("classes", [2, 21])
def test_a_confusion_matrix_is_a_small_picture(classes: int) -> None:
    picture = confusion_png([f"class {n}" for n in range(classes)], [[n] * classes for n in range(classes)])
    head, data = picture.split(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert len(picture) < 150_000


@pytest.mark.parametrize("count", [1, 20])
def test_old_and_new_rates_are_a_small_picture_that_follows_them(count: int) -> None:
    pairs = [Pair(f"<i> class {number}", 0.2, 0.0) for number in range(count)]
    picture = pairs_png(pairs)
    assert picture.startswith("data:image/png;base64,")
    assert len(picture) < 150_000
    assert picture == pairs_png(pairs)
    assert picture != pairs_png([*pairs[:-1], Pair(pairs[-1].name, 0.2, 0.1)])


@pytest.mark.parametrize("quantiles", [(0.0, 1.0, 500.0), (3.0, 3.0, 3.0), (1.0, 20.0, 1000.0)])
def test_two_distributions_are_drawn_whatever_they_span(quantiles: tuple[float, ...]) -> None:
    picture = distributions_png(quantiles, (1.0, 2.0), "characters")
    assert picture.startswith("data:image/png;base64,")
    assert len(picture) < 150_000
    assert picture != distributions_png((1.0, 2.0), quantiles, "characters")
