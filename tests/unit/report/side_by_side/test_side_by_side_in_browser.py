"""A comparison as a person meets it: hostile texts, a phone, the dark, paper, filters."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from two_models import FIRST_RUN, LABELS, ROWS, SECOND_RUN, rates, reported

from text_classifier.report.side_by_side import write_side_by_side
from text_classifier.store import Store

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
HOSTILE = (
    "<script>window.broken=1</script><img src=x onerror=window.broken=1>",
    "</td></table><style>*{display:none}</style><iframe src=https://example.org></iframe>",
    '" onmouseover="window.broken=1" <a href=javascript:window.broken=1>x</a>',
    "\u202egnp.exe \u2066 and \u202d back",
    "W" * 100_000,
    "\u5b57" * 100_000,
    "\x00 and \x07 controls \ufffe",
    "\u0628\u0633\u0645 \u05e9\u05dc\u05d5\u05dd read from the right",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not BROWSER:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """44 rows, of which 34 are answered differently: 20 by A alone right, 14 by B alone."""
    root = tmp_path_factory.mktemp("root")
    texts = {"texts": [f"{HOSTILE[row % len(HOSTILE)]} {row}" for row in range(ROWS)]}
    first = reported(root, FIRST_RUN, range(30), **texts)
    return write_side_by_side(first, reported(root, SECOND_RUN, range(20, ROWS), **texts), Store(root)).folder


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
    return Watched(browser, hostile / "comparison.html").page


def shown_rows(page: Page) -> list[int]:
    texts = page.locator("#disagreements-table tbody tr:visible td:first-child").all_inner_texts()
    return [int(text) - 5 for text in texts]  # the first test example is row 5 of the file


def test_hostile_texts_show_as_text_and_do_nothing(browser: Browser, hostile: Path) -> None:
    watched = Watched(browser, hostile / "comparison.html")
    rows = watched.page.locator("#disagreements-table tbody tr")
    assert rows.count() == pq.read_metadata(hostile / "disagreements.parquet").num_rows == 34
    for row, expected in ((16, HOSTILE[0]), (1, HOSTILE[1]), (2, HOSTILE[2]), (3, "[U+202E]gnp.exe [U+2066] and")):
        expect(rows.filter(has_text=f" {row}").filter(has_text=expected).first).to_be_visible()
    rows.nth(0).hover()
    assert watched.page.evaluate("window.broken") is None
    assert watched.page.locator(".excerpt *").count() == 0
    assert watched.faults == []
    watched.page.close()


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_page(page: Page, width: int, scheme: Literal["light", "dark"]) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    within = "tables => tables.every(t => t.parentElement.scrollWidth <= t.parentElement.clientWidth)"
    assert page.eval_on_selector_all("#disagreements-table, .beside", within)


def test_no_table_is_cut_on_paper(page: Page) -> None:
    page.set_viewport_size({"width": 718, "height": 800})  # A4 between the browser's margins
    page.emulate_media(media="print")
    tables = page.eval_on_selector_all(".scroll", "all => all.map(one => [one.clientWidth, one.scrollWidth])")
    assert len(tables) > 3
    assert all(shown >= whole for shown, whole in tables)
    page.emulate_media(media="screen")


def test_disagreements_are_filtered_by_who_was_right_and_sorted_by_how_sure_a_model_was(page: Page) -> None:
    page.reload()
    bar = page.locator(".search", has=page.get_by_label("who was right"))
    count = bar.get_by_role("status")
    bar.get_by_label("who was right").select_option("A only")
    expect(count).to_have_text("20 of 34 rows")
    assert sorted(shown_rows(page)) == list(range(20))
    bar.get_by_label("true class").select_option("pos")
    assert sorted(shown_rows(page)) == [row for row in range(20) if LABELS[row] == "pos"]
    page.locator("#disagreements-table th", has_text="A").first.get_by_role("button").click()
    sure = [max(p, 1 - p) for p in rates(range(30))]
    assert [sure[row] for row in shown_rows(page)] == sorted(sure[row] for row in shown_rows(page))


def test_parts_that_differ_are_found_by_a_tick(page: Page) -> None:
    page.reload()
    table = page.locator("table", has_text="Accuracy of A and B by part")
    page.get_by_label("parts that differ only").check()
    assert table.locator("tbody tr:visible th").all_inner_texts() == ["BBC", "CNN"]
