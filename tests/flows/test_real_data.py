"""The whole chain on the real files, with the smallest training budget."""

import os
from pathlib import Path

import pytest

from flows.retrain import retrain
from text_classifier import storage

IMDB = os.environ.get("TEXT_CLASSIFIER_TEST_IMDB")
NEWS = os.environ.get("TEXT_CLASSIFIER_TEST_NEWS")


@pytest.mark.skipif(not NEWS, reason="TEXT_CLASSIFIER_TEST_NEWS names no file")
def test_the_news_file_goes_through_whole_and_its_model_is_not_promoted(data_dir: Path) -> None:
    published = retrain("news", "smoke", source=NEWS)
    assert (published.data.read_rows, published.data.rejected_rows) == (20_000, 0)
    assert published.evaluated is not None
    assert published.verdict.sentence.startswith("No signal found in the category of news: of 200 classifiers")
    assert (published.verdict.against_baseline, published.verdict.decision) == ("not separable", "not promoted")
    storage.verify(published.folder)


@pytest.mark.skipif(not NEWS, reason="TEXT_CLASSIFIER_TEST_NEWS names no file")
@pytest.mark.parametrize("label", ["category", "label"])
def test_no_signal_is_found_in_the_news_file_and_nothing_is_trained(data_dir: Path, label: str) -> None:
    published = retrain("news", "default", label, NEWS)
    assert published.evaluated is None
    assert (published.verdict.signal, published.verdict.decision) == ("not found", "not promoted")
    assert not (data_dir / "models").exists()
    assert not (data_dir / "champions").exists()


@pytest.mark.skipif(not IMDB, reason="TEXT_CLASSIFIER_TEST_IMDB names no folder")
def test_the_imdb_archive_goes_through_whole_and_is_learned(data_dir: Path) -> None:
    published = retrain("imdb", "smoke", source=IMDB, max_epochs=2)
    data, evaluated = published.data, published.evaluated
    assert data.data_set == "imdb"
    assert (data.read_rows, data.rejected_rows) == (100_000, 0)
    assert (data.split_rows["test"], data.split_rows["unsup"]) == (25_000, 50_000 - 308)
    assert data.split_rows["train"] + data.split_rows["val"] == 25_000 - 113
    assert evaluated is not None
    assert evaluated.accuracy_low_rate > 0.5
    assert (evaluated.best_baseline, evaluated.best_baseline_rate > 0.91) == ("NB-SVM", True)
    assert (published.verdict.signal, published.verdict.against_baseline) == ("found", "worse")


@pytest.mark.skipif(not IMDB, reason="TEXT_CLASSIFIER_TEST_IMDB names no folder")
def test_the_npz_of_keras_goes_through_whole(data_dir: Path) -> None:
    published = retrain("imdb", "smoke", source=str(Path(IMDB or "") / "imdb.npz"))
    assert (published.data.read_rows, published.data.rejected_rows) == (50_000, 0)
    assert published.data.split_rows["test"] == 25_000
