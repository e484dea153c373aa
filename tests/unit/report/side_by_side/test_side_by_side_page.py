import re
from dataclasses import replace
from pathlib import Path

import pytest
from made_models import FIRST, make_root, write
from page_elements import (
    HOSTILE,
    Elements,
    assert_it_asks_the_network_for_nothing,
    assert_only_the_script_that_the_policy_names_may_run,
)
from two_models import FIRST_RUN, ROWS, SECOND_RUN, reported

from text_classifier.report.side_by_side import write_side_by_side
from text_classifier.store import Store


def page_of(first: Path, second: Path) -> str:
    root = first.parents[2]
    return (write_side_by_side(first, second, Store(root)).folder / "comparison.html").read_text("utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("root")
    first = reported(root, FIRST_RUN, range(40), origin="generated")
    return page_of(first, reported(root, SECOND_RUN, range(20, ROWS), origin="generated"))


def hostile(root: Path, run: str, rates: tuple[float, ...]) -> Path:
    """Hostile texts, classes, slices, parameters and words of the verdict."""
    names, labels = ("neg", "p<b>&\"'os"), ("neg",) * 2 + ("p<b>&\"'os",) * 2
    texts, columns = HOSTILE * 10, {"so<i>urce": ["<u>BBC</u>"] * 20 + ["\u202eCNN"] * 20}
    made = make_root(
        root,
        run=run,
        texts=[f"{text} {row}" for row, text in enumerate(texts)],
        labels=labels * 10,
        rates=rates * 10,
        train=[("a", name) for name in names],
        class_names=names,
        columns=columns,
        baselines={"<b>none</b>": "neg"},
        address=f"<script>{run}</script>.csv",
    )
    return write(made, replace(FIRST, run=run, rule="<script>alert(2)</script>")).folder


def test_hostile_texts_show_as_text(tmp_path: Path) -> None:
    first = hostile(tmp_path, FIRST_RUN, (0.1, 0.2, 0.3, 0.6))
    told = page_of(first, hostile(tmp_path, SECOND_RUN, (0.9, 0.8, 0.7, 0.4)))
    elements = Elements(told)
    for text in (HOSTILE[0], "[U+202E]gnp.exe", "a\ufffdb & {{ 7 * 7 }} {% raw %}", "<u>BBC</u>", "[U+202E]CNN"):
        assert text in elements.text
    assert "<script>alert(2)</script>" in elements.text
    assert f"<script>{SECOND_RUN}</script>.csv" in elements.text
    assert elements.names.count("script") == 1
    assert not {"img", "b", "i", "u"} & set(elements.names)
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert len(told) < 150_000


def test_the_page_asks_the_network_for_nothing(page: str) -> None:
    assert_it_asks_the_network_for_nothing(page)


def test_only_the_script_that_the_policy_names_may_run(page: str) -> None:
    assert_only_the_script_that_the_policy_names_may_run(page)


def test_the_mark_of_made_data_is_in_the_title_the_sentence_and_every_table(page: str) -> None:
    assert "<title>films (GENERATED)" in page
    captions = re.findall(r"<caption>(.*?)</caption>", page)
    assert len(captions) == page.count("<table")
    assert all("films (GENERATED)" in caption for caption in captions)
    assert re.search(r'class="sentence[^>]*>[^<]*films \(GENERATED\)', page)
    assert page.count("made by a program") == 1


def test_the_sentence_comes_before_every_table_and_plot(page: str) -> None:
    assert page.index('class="sentence') < min(page.index("<table"), page.index("<svg"), page.index('<dl class="tiles'))


def test_every_plot_is_told_in_words_and_the_curves_lie_over_each_other(page: str) -> None:
    told = re.findall(r'<svg [^>]*role="img" aria-label="([^"]*)"', page)
    assert len(told) == page.count("<svg") == 3
    assert told[0].startswith("Right answers on test: A 90.91 %, interval")
    loss = "A, train: 0.69, 0.51, 0.4; B, train: 0.69, 0.51, 0.4; A, val: 0.68, none, 0.49; B, val: 0.68, none, 0.49"
    assert loss in told[1]


def test_two_models_with_the_same_answers_disagree_nowhere(tmp_path: Path) -> None:
    first, second = reported(tmp_path, FIRST_RUN, range(40)), reported(tmp_path, SECOND_RUN, range(40), history=())
    told = page_of(first, second)
    assert "Not one: the two give the same answer to every common test example." in told
    assert "is not separable from B" in told


def test_a_class_that_one_model_does_not_know_keeps_its_row(tmp_path: Path) -> None:
    first = reported(tmp_path, FIRST_RUN, range(40))
    three = {"class_names": ("mixed", "neg", "pos"), "rates": [(0.5, 0.3, 0.2)] * ROWS}
    train = [("a", "mixed"), ("b", "neg"), ("c", "pos")]
    told = page_of(first, reported(tmp_path, SECOND_RUN, (), train=train, **three))
    (row,) = re.findall(r'<tr><th scope="row">mixed</th>.*?</tr>', told)
    assert row.count("–") == 6
