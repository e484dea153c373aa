from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_models import Made, make_root, write

from text_classifier import storage
from text_classifier.evaluation.figures import read_figures
from text_classifier.records import Report
from text_classifier.report.history import history_rows
from text_classifier.report.summary import accuracy_rows, error_rows, overview

OLDER, NEWER = "20261121-030000-smoke-sentiment-0a0a0a0a", "20261122-030000-smoke-sentiment-0b0b0b0b"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data root with the reports on two runs."""
    for run in (OLDER, NEWER):
        write(make_root(tmp_path, run=run, origin="generated"))
    return tmp_path


def older(data_dir: Path, name: str) -> Path:
    return data_dir / "models" / "films" / OLDER / name


def test_history_has_every_run_newest_first_with_its_verdict(data_dir: Path, written: Report) -> None:
    rows = history_rows(data_dir, "films", "sentiment")
    assert [row["run"] for row in rows] == [NEWER, OLDER]
    assert {row["sentence"] for row in rows} == {written.verdict.sentence}
    told = {name: rows[0][name] for name in ("signal", "against baseline", "against champion", "decision", "accuracy")}
    assert list(told.values()) == ["found", "not separable", "first", "not promoted", "50.00 %"]
    assert rows[0]["baseline"] == "majority class: 50.00 %"


def test_a_run_whose_figures_cannot_be_read_says_so_in_its_row(data_dir: Path) -> None:
    older(data_dir, "metrics.json").write_text("{")
    rows = history_rows(data_dir, "films", "sentiment")
    assert len(rows) == 2
    assert "cannot be read" in str(rows[1]["sentence"])


def test_figures_that_were_changed_by_hand_are_not_shown(data_dir: Path) -> None:
    figures = older(data_dir, "metrics.json")
    figures.write_text(figures.read_text("utf-8").replace('"found"', '"not found"').replace("0.5", "0.9"), "utf-8")
    assert "differs from its manifest" in str(history_rows(data_dir, "films", "sentiment")[1]["sentence"])


@pytest.mark.parametrize("damage", ["missing", "changed", "of another version"])
def test_a_run_without_a_readable_verdict_keeps_its_figures(data_dir: Path, damage: str) -> None:
    verdict = older(data_dir, "verdict.json")
    verdict.write_text('{"decision": "promoted"}')
    if damage == "missing":
        verdict.unlink()
    if damage == "of another version":
        manifest = storage.read_manifest(verdict.parent)
        storage.write_manifest(verdict.parent, manifest, manifest.facts)
    row = history_rows(data_dir, "films", "sentiment")[1]
    assert (row["run"], row["accuracy"]) == (OLDER, "50.00 %")
    assert "no verdict can be read" in str(row["sentence"])
    assert "decision" not in row


def test_history_of_another_label_or_data_set_is_another_table(data_dir: Path) -> None:
    assert history_rows(data_dir, "films", "rating") == []
    assert history_rows(data_dir, "books", "sentiment") == []


def test_the_accuracy_table_sets_the_model_beside_the_baselines(written: Report) -> None:
    rows = accuracy_rows(read_figures(written.folder))
    assert [row["what"] for row in rows] == [
        "this model", "baseline: majority class", "baseline: NB-SVM", "class 'neg'", "class 'pos'",
    ]  # fmt: skip
    assert (rows[0]["accuracy"], rows[1]["accuracy"]) == ("50.00 %", "50.00 %")
    assert (rows[1]["this model is"], rows[1]["F1"]) == ("not separable", "33.33 %")
    assert {row["data"] for row in rows} == {"films (GENERATED)"}


def test_the_errors_table_has_the_original_row_and_the_mark(written: Report) -> None:
    rows = error_rows(read_figures(written.folder), written.folder)
    assert [(row["row"], row["true"], row["predicted"]) for row in rows] == [(7, "pos", "neg"), (8, "neg", "pos")]
    assert rows[0]["data"] == "films (GENERATED)"


def test_the_overview_opens_with_the_sentence_and_carries_its_pictures(written: Report) -> None:
    markdown = overview(read_figures(written.folder), written)
    assert markdown.startswith("**Signal found in the sentiment of films \\(GENERATED\\) \\(p = 0.005\\); of 4 test")
    for told in ("| signal | found |", "| against the champion | first |", "| decision | not promoted\\: a model"):
        assert told in markdown
    assert markdown.count("](data:image/png;base64,") == 5
    assert len(markdown) < 400_000


def test_the_overview_of_hostile_names_stays_markdown_of_ours(make: Callable[..., Made]) -> None:
    names = ("a|b](javascript:1)", "<script>", "\u202egnp", "مرحبا # h\n\n| x |")
    rates = np.full((4, 4), 0.1) + 0.6 * np.eye(4)[[0, 0, 0, 0]]
    made = make(labels=names, class_names=names, rates=rates, baselines={names[0]: names[1]}, label=names[1])
    report = write(made)
    markdown = overview(read_figures(report.folder), report)
    text = markdown.replace("](data:image/png", "")
    assert r"every prediction is 'a\|b\]\(javascript\:1\)'" in text
    assert "<script>" not in text
    assert "\u202e" not in text
    assert {line.replace(r"\|", "").count("|") for line in text.splitlines() if line.startswith("|")} == {3}
