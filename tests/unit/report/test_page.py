import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_models import FIRST, Made, write
from page_elements import (
    HOSTILE,
    Elements,
    assert_it_asks_the_network_for_nothing,
    assert_only_the_script_that_the_policy_names_may_run,
)

Make = Callable[..., Made]


def page_of(made: Made, **changed: Any) -> str:
    return (write(made, replace(FIRST, **changed)).folder / "report.html").read_text("utf-8")


def section(page: str, name: str) -> str:
    """From the heading with that id to the next one."""
    return page.split(f'<h2 id="{name}">')[1].split("<h2 ", maxsplit=1)[0]


def test_hostile_texts_show_as_text(make: Make) -> None:
    hostile = page_of(make(texts=HOSTILE, labels=("pos",) * 4, rates=(0.1,) * 4))
    elements = Elements(hostile)
    assert "<script>alert('x')</script><img src=x onerror=alert(1)>" in elements.text
    assert "[U+202E]gnp.exe" in elements.text
    assert "a\ufffdb & {{ 7 * 7 }} {% raw %}" in elements.text
    assert elements.names.count("script") == 1
    assert "img" not in elements.names
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert len(hostile) < 150_000


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
    assert "made by a program" in page


def test_every_plot_is_told_in_words(page: str) -> None:
    told = re.findall(r'<svg [^>]*role="img" aria-label="([^"]*)"', page)
    assert len(told) == page.count("<svg") == 7
    assert any("train: 0.69, 0.51, 0.4; val: 0.68, none, 0.49" in words for words in told)
    assert any("this model 50.00 %, interval" in words and "; NB-SVM 50.00 %" in words for words in told)
    assert any("on the true labels" in words for words in told)


def test_the_sentence_comes_before_every_table_and_plot(page: str) -> None:
    assert page.index('class="sentence') < min(page.index("<table"), page.index("<svg"), page.index("<dl"))


def test_the_report_of_notebook_1_says_where_the_notebooks_figure_was_read(page: str) -> None:
    assert "read on data used to watch training" in page


def test_what_a_report_has_nothing_to_show_of_is_said_or_left_out(make: Make) -> None:
    page = page_of(make(texts=("a", "b"), labels=("pos", "neg"), rates=(0.9, 0.1)))
    assert 'class="note"' not in page
    assert "No epoch left a figure." in page
    assert "Not one: every test example was answered right." in page
    assert "No part of the test split has enough examples." in page


def test_all_that_made_the_model_stands_on_the_page(page: str) -> None:
    for expected in ("12,345", "1 min 23 s", "ab" * 32, "cd" * 32, "films.csv", "training.batch_size", "1.0.0"):
        assert expected in page


def test_the_four_fields_of_the_verdict_stand_under_the_sentence_with_their_reasons(make: Make) -> None:
    page = page_of(make(), decision="promoted", rule="first model with a signal")
    tiles = re.findall(r'<dt>([^<]*)</dt><dd class="([^"]*)">([^<]*)<small>([^<]*)</small>', page)
    assert [tile[:3] for tile in tiles] == [
        ("Signal", "good", "found"),
        ("Against the baselines", "warn", "not separable"),
        ("Against the champion", "", "first"),
        ("Decision", "good", "promoted"),
    ]
    assert [tile[3] for tile in tiles] == [
        "p = 0.005, 200 refits", "majority class, 50.00 %", "no model is in service", "first model with a signal",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "tone"),
    [
        ({"decision": "promoted"}, "good"),
        ({"against_champion": "not comparable", "reason": "another split seed"}, "warn"),
        ({"against_champion": "worse", "gain_rate": -0.02, "low_rate": -0.03, "high_rate": -0.01}, "bad"),
    ],
)
def test_the_sentence_has_the_colour_of_what_it_says(make: Make, changed: dict[str, Any], tone: str) -> None:
    assert f'<p class="sentence {tone}">' in page_of(make(), **changed)


def test_every_baseline_stands_in_a_table_with_the_gain_over_it(make: Make) -> None:
    beside = section(page_of(make(rates=(0.9, 0.1, 0.9, 0.1))), "baselines")
    rows = re.findall(r'<th scope="row">([^<]*)</th>.*?<td class="(\w+)">([^<]*)</td></tr>', beside)
    assert rows == [("majority class", "warn", "not separable"), ("NB-SVM", "warn", "not separable")]
    assert beside.count(">+50.00</td>") == 2
    assert re.search(r"The smallest gain over majority class .* is \d+\.\d\d points", beside)


def test_the_signal_test_is_told_with_its_figures(page: str) -> None:
    signal = section(page, "signal")
    for told in ("naive Bayes", "200 times", "80.00 %", "50.00 %", "p = 0.005", "at most 0.01"):
        assert told in signal


def test_two_classes_have_curves_over_the_threshold_and_more_have_none(make: Make, page: str) -> None:
    assert "ROC curve of ‘pos’" in section(page, "calibration")
    names = ("a", "b", "c", "d")
    rates = np.full((4, 4), 0.1) + 0.6 * np.eye(4)
    of_four = section(
        page_of(make(class_names=names, labels=names, rates=rates, baselines={"majority class": "a"})), "calibration"
    )
    assert "ROC" not in of_four
    assert of_four.count("<svg") == 1


def test_the_temperature_is_told_where_there_is_one(make: Make, page: str) -> None:
    assert "temperature" not in section(page, "calibration")
    assert "before its logits are divided by 2, the temperature" in section(
        page_of(make(temperature=2.0)), "calibration"
    )


def test_a_part_that_is_worse_is_flagged_and_a_class_is_told_apart_from_texts(make: Make) -> None:
    labels = ("neg", "pos") * 60
    rates = [0.1 if n < 60 and n % 2 else 0.9 if label == "pos" else 0.1 for n, label in enumerate(labels)]
    made = make(
        texts=[f"text {n:03}" for n in range(120)],
        labels=labels,
        rates=rates,
        columns={"source": ["<b>BBC" if n < 60 else "AP" for n in range(120)]},
    )
    rows = re.findall(r"<tr><td>([^<]*)</td><th[^>]*>([^<]*)</th>.*<td[^>]*>([^<]*)</td></tr>", page_of(made))
    flagged = {(dimension, name): flag for dimension, name, flag in rows if flag}
    assert flagged == {("sentiment", "pos"): "seldom said", ("source", "&lt;b&gt;BBC"): "worse"}
    assert ("source", "AP", "") in rows


def test_the_score_is_told_with_and_without_copies(make: Make, page: str) -> None:
    assert section(page, "leaks").count('<td class="number">–</td>') == 2  # no copy
    copied = section(page_of(make(train=(("A joy!", "pos"), ("b", "neg")))), "leaks")
    assert "–" not in copied
    assert re.search(r'with a copy there</th><td class="number">1</td><td class="number">0\.00', copied)


def test_why_no_label_is_doubted_is_said(make: Make) -> None:
    errors = section(page_of(make(p_value=0.5)), "errors")
    assert "No label is doubted here: no signal was found in the data." in errors


def test_random_and_grouped_validation_are_told_where_examples_belong_together(make: Make, page: str) -> None:
    label = ["neg", "pos"] * 10
    assert "grouped validation" not in section(page, "leaks")
    leaks = section(page_of(make(validation={"label": label, "random": label, "grouped": ["neg"] * 20})), "leaks")
    assert "100.00 % of the train and val examples right" in leaks
    assert "50.00 % where each group stays in one fold (+50.00 points" in leaks


def test_no_name_of_the_data_passes_for_html(make: Make) -> None:
    names = ("<img src=x onerror=alert(1)>", '"><script>x</script>', "\u202egnp", "مرحبا")
    made = make(
        labels=names,
        class_names=names,
        rates=np.full((4, 4), 0.1) + 0.6 * np.eye(4)[::-1],
        baselines={names[0]: names[1]},
        label=names[1],
        address=names[0],
    )
    elements = Elements(page_of(made, rule=names[0], reason=names[1]))
    assert elements.names.count("script") == 1
    assert "img" not in elements.names
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert not any("\u202e" in text for text in [elements.text, *(str(value) for _, value in elements.attributes)])
    assert all(name in elements.text for name in (names[0], names[1], "[U+202E]gnp", names[3]))
