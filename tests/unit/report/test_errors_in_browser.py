"""The errors of a report as a person meets them: hostile texts, a phone, the dark, paper, a keyboard."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from text_classifier.evaluation.excerpts import SHOWN_ERRORS, excerpt
from text_classifier.evaluation.figures import read_figures
from text_classifier.records import Report
from text_classifier.report.page import Contents, render
from text_classifier.report.verdicts import read_verdict
from text_classifier.training import MovingWord

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CLASSES = ("neg", "pos", "a<b>&\"'")
HOSTILE = (
    "<script>window.broken=1</script><img src=x onerror=window.broken=1>",
    "</td></table><style>*{display:none}</style><iframe src=https://example.org></iframe>",
    '" onmouseover="window.broken=1" [here](javascript:window.broken=1) <a href=javascript:window.broken=1>x</a>',
    "\u202egnp.exe \u2066 and \u202d back",
    "W" * 100_000,
    "\u5b57" * 100_000,
    "\ud800 lone \udfff surrogates \x00 and \x07 controls \ufffe",
    "&amp; &lt;b&gt; {{ 7 * 7 }} {% raw %} --> ]]>",
    "\u0628\u0633\u0645 \u05e9\u05dc\u05d5\u05dd read from the right",
    "e" + "\u0301" * 500 + " \u200b\u200d zero width",
)


def error(row: int) -> dict[str, Any]:
    """A row of errors.parquet whose every second word moved the model one way or the other."""
    text = HOSTILE[row % len(HOSTILE)]
    words = [word.span() for word in re.finditer(r"\S+", text)][::2]
    made = excerpt(text, [MovingWord(start, end, (-1) ** n / (n + 1)) for n, (start, end) in enumerate(words)])
    return {
        "row": row,
        "example_id": f"{row}-" + "x" * 500,
        "label": CLASSES[row % 3],
        "prediction": CLASSES[(row + 1) % 3],
        "probability": 1 - (row * 37 % 100) / 200,
        "likely_label_error": row % 5 == 0,
        "excerpt": made.text,
        "marks": [asdict(mark) for mark in made.marks],
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not BROWSER:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def hostile(written: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    errors = [error(row) for row in range(SHOWN_ERRORS)]
    contents = Contents(
        read_figures(written.folder), read_verdict(written.folder), errors, "# Card", "ab" * 32, "2026-11-22T03:00"
    )
    path.write_text(render(contents), "utf-8")
    return path


class Watched:
    """A page, and all that it should not do."""

    def __init__(self, browser: Browser, path: Path, **options: Any) -> None:
        self.page = browser.new_page(**options)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("console", lambda message: self.faults.append(f"console: {message.text}"))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self.faults.append(f"request: {request.url}"))
        self.page.goto(path.as_uri())
        self.faults.remove(f"request: {path.as_uri()}")


@pytest.fixture(scope="module")
def page(browser: Browser, hostile: Path) -> Page:
    return Watched(browser, hostile).page


@pytest.fixture
def fresh(page: Page) -> Page:
    """The page as it was opened: no filter, no order chosen."""
    page.emulate_media(media="screen")
    page.reload()
    return page


def shown_rows(page: Page) -> list[int]:
    return [int(text) for text in page.locator("#errors-table tbody tr:visible td:first-child").all_inner_texts()]


def test_the_largest_page_stays_small(hostile: Path) -> None:
    assert hostile.stat().st_size < 3_000_000


def test_hostile_texts_show_as_text_and_do_nothing(browser: Browser, hostile: Path) -> None:
    watched = Watched(browser, hostile)
    rows = watched.page.locator("#errors-table tbody tr")
    assert rows.count() == SHOWN_ERRORS
    for at, expected in enumerate(HOSTILE[:3]):
        expect(rows.nth(at).locator(".excerpt")).to_have_text(expected)
    expect(rows.nth(3).locator(".excerpt")).to_have_text("[U+202E]gnp.exe [U+2066] and [U+202D] back")
    expect(rows.nth(6).locator(".excerpt")).to_contain_text("\ufffd lone \ufffd surrogates \ufffd and \ufffd controls")
    for mark in watched.page.locator("mark").all()[:20]:
        mark.hover()
    assert watched.page.evaluate("window.broken") is None
    assert watched.page.locator(".excerpt :not(mark)").count() == 0
    assert watched.faults == []
    watched.page.close()


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize(("scheme", "media"), [("light", "screen"), ("dark", "screen"), ("light", "print")])
def test_nothing_is_wider_than_the_page(
    page: Page, width: int, scheme: Literal["light", "dark"], media: Literal["screen", "print"]
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, media=media)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("(t => t.scrollWidth <= t.clientWidth)(document.querySelector('#errors-table').parentElement)")
    page.emulate_media(media="screen")


def test_the_two_directions_differ_by_more_than_their_colour(page: Page) -> None:
    styles = {
        direction: page.locator(f".excerpt mark.{direction}").first.evaluate(
            "e => getComputedStyle(e).textDecorationStyle"
        )
        for direction in ("astray", "aright")
    }
    assert styles == {"astray": "solid", "aright": "dotted"}
    assert page.locator(".excerpt mark").first.get_attribute("title") == "towards pos, 1.0 of the strongest"
    assert page.locator(".legend mark").all_inner_texts() == ["towards its answer", "towards the true class"]


@pytest.mark.parametrize("width", [360, 1400])
def test_a_column_is_sorted_by_the_keyboard(fresh: Page, width: int) -> None:
    fresh.set_viewport_size({"width": width, "height": 800})
    heading = fresh.locator("#errors-table th", has_text="probability")
    heading.get_by_role("button").focus()
    for key, direction in (("Enter", "ascending"), ("Space", "descending")):
        fresh.keyboard.press(key)
        expect(heading).to_have_attribute("aria-sort", direction)
        values = [error(row)["probability"] for row in shown_rows(fresh)]
        assert len(values) == SHOWN_ERRORS
        assert values == sorted(values, reverse=direction == "descending")
    fresh.keyboard.press("Tab")
    expect(fresh.locator("#errors-table th button", has_text="label")).to_be_focused()


def test_rows_are_found_by_word_class_and_doubt_and_counted_aloud(fresh: Page) -> None:
    bar = fresh.locator(".search", has=fresh.get_by_label("true class"))
    count = bar.get_by_role("status")
    expect(count).to_have_text("200 of 200 rows")
    bar.get_by_label("doubted labels only").check()
    expect(count).to_have_text("40 of 200 rows")
    bar.get_by_label("true class").select_option(CLASSES[2])
    bar.get_by_label("prediction").select_option("neg")
    found = [row for row in range(SHOWN_ERRORS) if row % 5 == 0 and row % 3 == 2]
    assert shown_rows(fresh) == found
    bar.get_by_role("searchbox").fill("CHINESE no such word")
    expect(count).to_have_text("0 of 200 rows")
    bar.get_by_role("searchbox").fill("broken SCRIPT")
    assert shown_rows(fresh) == [row for row in found if row % 10 == 0]


def test_every_table_but_the_matrix_is_sortable_and_the_longer_ones_have_a_search(page: Page) -> None:
    facts = page.evaluate(
        """[...document.querySelectorAll('table:not(.confusion)')].map((table) => [
            table.tBodies[0].rows.length, table.tHead.querySelectorAll('button').length,
            !!table.closest('.scroll').previousElementSibling?.matches('.search')])"""
    )
    assert len(facts) > 3
    assert all((buttons > 0) == (rows > 1) for rows, buttons, _ in facts)
    assert all(has_search == (rows > 8) for rows, _, has_search in facts)
    assert page.locator(".confusion button").count() == 0


def test_no_label_is_doubted_where_nobody_asked(browser: Browser, written: Report) -> None:
    watched = Watched(browser, written.folder / "report.html")
    expect(watched.page.get_by_text("No label is doubted here")).to_be_visible()
    assert watched.page.get_by_label("doubted labels only").count() == 0
    assert watched.page.locator("#errors-table th").all_inner_texts() == [
        "row of the source", "true", "predicted", "probability", "text", "example",
    ]  # fmt: skip
    assert watched.faults == []
    watched.page.close()
