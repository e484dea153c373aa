from pathlib import Path

import pytest

from text_classifier import storage
from text_classifier.evaluation.figures import read_figures, to_json
from text_classifier.records import Report
from text_classifier.report.history import history_rows
from text_classifier.report.summary import accuracy_rows, error_rows, overview

OLDER, NEWER = "20261121-030000-smoke-sentiment-0a0a0a0a", "20261122-030000-smoke-sentiment-0b0b0b0b"


@pytest.fixture
def data_dir(written: Report, tmp_path: Path) -> Path:
    """A data root with the figures of two runs."""
    for run in (OLDER, NEWER):
        folder = tmp_path / "models" / "films" / run
        with storage.output_folder(folder, storage.read_manifest(written.folder), {}) as partial:
            (partial / "metrics.json").write_text(to_json(read_figures(written.folder) | {"run": run}), "utf-8")
    return tmp_path


def test_history_has_every_run_newest_first(data_dir: Path, written: Report) -> None:
    rows = history_rows(data_dir, "films", "sentiment")
    assert [row["run"] for row in rows] == [NEWER, OLDER]
    assert {row["sentence"] for row in rows} == {written.first_sentence}


def test_a_run_whose_figures_cannot_be_read_says_so_in_its_row(data_dir: Path) -> None:
    (data_dir / "models" / "films" / OLDER / "metrics.json").write_text("{")
    rows = history_rows(data_dir, "films", "sentiment")
    assert len(rows) == 2
    assert "cannot be read" in str(rows[1]["sentence"])


def test_figures_that_were_changed_by_hand_are_not_shown(data_dir: Path) -> None:
    figures = data_dir / "models" / "films" / OLDER / "metrics.json"
    figures.write_text(figures.read_text("utf-8").replace("No better", "Better"), "utf-8")
    assert "differs from its manifest" in str(history_rows(data_dir, "films", "sentiment")[1]["sentence"])


def test_history_of_another_label_or_data_set_is_another_table(data_dir: Path) -> None:
    assert history_rows(data_dir, "films", "rating") == []
    assert history_rows(data_dir, "books", "sentiment") == []


def test_the_accuracy_table_sets_the_model_beside_the_majority_class(written: Report) -> None:
    rows = accuracy_rows(read_figures(written.folder))
    assert [row["what"] for row in rows] == ["this model", "always 'neg'", "class 'neg'", "class 'pos'"]
    assert (rows[0]["accuracy"], rows[1]["accuracy"]) == ("50.00 %", "50.00 %")
    assert {row["data"] for row in rows} == {"films (GENERATED)"}


def test_the_errors_table_has_the_original_row_and_the_mark(written: Report) -> None:
    rows = error_rows(read_figures(written.folder), written.folder)
    assert [(row["row"], row["true"], row["predicted"]) for row in rows] == [(7, "pos", "neg"), (8, "neg", "pos")]
    assert rows[0]["data"] == "films (GENERATED)"


def test_the_overview_opens_with_the_sentence_and_carries_its_pictures(written: Report) -> None:
    markdown = overview(read_figures(written.folder), written.headline, written.folder)
    assert markdown.startswith("**No better than always answering 'neg'")
    assert markdown.count("](data:image/png;base64,") == 3
    assert len(markdown) < 300_000
