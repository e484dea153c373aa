import html
import json
import logging
import re
from dataclasses import replace

import pytest
from trained_films import Films

from tasks.evaluate import evaluate
from tasks.report import report, report_without_model
from text_classifier import storage
from text_classifier.comparison import Comparison
from text_classifier.records import Evaluated
from text_classifier.report.history import history_rows
from text_classifier.training import latest_model


@pytest.fixture
def evaluated(trained: Films) -> Evaluated:
    return evaluate.fn(trained.model, trained.signal, trained.baselines).result()


def first(evaluated: Evaluated) -> Comparison:
    rule = "films is SAMPLE data, which is never promoted"
    return Comparison(evaluated.run, None, "not promoted", rule, against_champion="first")


def test_the_verdict_ends_the_task_is_logged_and_opens_the_page(
    trained: Films, evaluated: Evaluated, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        state = report.fn(evaluated, first(evaluated), trained.data_set)
    written = state.result()
    sentence = written.verdict.sentence
    assert sentence.startswith("Signal found in the sentiment of films (SAMPLE) (p = 0.005); of 40 test examples")
    assert sentence.endswith("; not promoted: films is SAMPLE data, which is never promoted.")
    assert (state.name, state.message) == ("Completed", sentence)
    assert sentence in caplog.text
    assert str(written.folder / "report.html") in caplog.text
    page = html.unescape((written.folder / "report.html").read_text("utf-8"))
    assert sentence in page.replace("\u00a0", " ")


def test_an_unchanged_report_is_reused_and_says_so(trained: Films, evaluated: Evaluated) -> None:
    report.fn(evaluated, first(evaluated), trained.data_set)
    again = report.fn(evaluated, first(evaluated), trained.data_set)
    assert again.name == "Cached"
    assert again.message.startswith("Unchanged since ")
    assert again.message.endswith(again.result().verdict.sentence)
    assert report.fn(evaluated, first(evaluated), trained.data_set, refresh=True).name == "Completed"


def test_a_reported_model_is_whole_and_stands_in_the_history(trained: Films, evaluated: Evaluated) -> None:
    written = report.fn(evaluated, first(evaluated), trained.data_set).result()
    storage.verify(written.folder)
    data_dir = written.folder.parents[2]
    assert latest_model(data_dir, "films") == trained.model
    (row,) = history_rows(data_dir, "films", "sentiment")
    assert (row["run"], row["sentence"]) == (trained.model.run, written.verdict.sentence)


def test_the_model_loads_as_its_card_says(
    trained: Films, evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = report.fn(evaluated, first(evaluated), trained.data_set).result().folder
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "model_card.md").read_text("utf-8"), re.DOTALL)
    monkeypatch.chdir(folder.parents[2])
    names: dict[str, object] = {}
    exec(code, names)
    *_, last = code.strip().splitlines()
    assert eval(last.partition("#")[0], names).shape == (1, 2)


def test_where_nothing_was_trained_the_report_is_the_signal_test(
    trained: Films, caplog: pytest.LogCaptureFixture
) -> None:
    signal = replace(trained.signal, p_value=0.5)
    with caplog.at_level(logging.INFO):
        state = report_without_model.fn(signal, trained.data_set, "default")
    written = state.result()
    assert written.evaluated is None
    assert json.loads((written.folder / "verdict.json").read_text("utf-8"))["signal"] == "not found"
    assert written.verdict.decision == "not promoted"
    assert written.verdict.sentence.startswith("No signal found in the sentiment of films (SAMPLE): of 200 classifiers")
    assert state.message.endswith(written.verdict.sentence)
    assert written.verdict.sentence in caplog.text
