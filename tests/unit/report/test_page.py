import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

from text_classifier.records import Report

HOSTILE = (
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    "\u202egnp.exe",
    "W" * 100_000,
    "a\x00b & {{ 7 * 7 }} {% raw %}",
)


class Elements(HTMLParser):
    """Collects the elements, their attributes and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_texts_show_as_text(make: Callable[..., Any], write: Callable[[Any], Report]) -> None:
    hostile = (write(make(HOSTILE, ("pos",) * 4, (0.1,) * 4)).folder / "report.html").read_text("utf-8")
    elements = Elements(hostile)
    assert "<script>alert('x')</script><img src=x onerror=alert(1)>" in elements.text
    assert "[U+202E]gnp.exe" in elements.text
    assert "a\ufffdb & {{ 7 * 7 }} {% raw %}" in elements.text
    assert elements.names.count("script") == 1
    assert "img" not in elements.names
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert len(hostile) < 100_000


def test_the_page_asks_the_network_for_nothing(page: str) -> None:
    elements = Elements(page)
    assert not {"link", "img", "iframe", "object", "base", "form"} & set(elements.names)
    addresses = [value for name, value in elements.attributes if name in {"src", "href", "xlink:href"}]
    assert addresses
    assert all(str(address).startswith("#") for address in addresses)
    assert not re.search(r"@import|url\((?!#)", page)


def test_only_the_script_that_the_policy_names_may_run(page: str) -> None:
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script.group(1).encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert ("content", policy) in Elements(page).attributes


def test_the_mark_of_made_data_is_in_the_title_the_sentence_and_every_table(page: str) -> None:
    assert "<title>films (GENERATED)" in page
    captions = re.findall(r"<caption>(.*?)</caption>", page)
    assert len(captions) == page.count("<table")
    assert all("films (GENERATED)" in caption for caption in captions)
    assert re.search(r'class="sentence[^>]*>[^<]*films \(GENERATED\)', page)
    assert "made by a program" in page


def test_every_plot_is_told_in_words(page: str) -> None:
    told = re.findall(r'<svg [^>]*role="img" aria-label="([^"]*)"', page)
    assert len(told) == page.count("<svg") == 3
    assert any("train: 0.69, 0.51, 0.4; val: 0.68, none, 0.49" in words for words in told)


def test_the_sentence_comes_before_every_table_and_plot(page: str) -> None:
    assert page.index('class="sentence') < min(page.index("<table"), page.index("<svg"), page.index("<dl"))


def test_the_report_of_notebook_1_says_where_the_notebooks_figure_was_read(page: str) -> None:
    assert "read on data used to watch training" in page


def test_what_a_report_has_nothing_to_show_of_is_said_or_left_out(
    make: Callable[..., Any], write: Callable[[Any], Report]
) -> None:
    page = (write(make(("a", "b"), ("pos", "neg"), (0.9, 0.1))).folder / "report.html").read_text("utf-8")
    assert 'class="note"' not in page
    assert "No epoch left a figure." in page
    assert "Not one: every test example was answered right." in page


def test_all_that_made_the_model_stands_on_the_page(page: str) -> None:
    for expected in ("12,345", "1 min 23 s", "ab" * 32, "cd" * 32, "films.csv", "training.batch_size", "1.0.0"):
        assert expected in page
