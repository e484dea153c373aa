"""The whole chain on the real files, with the smallest training budget."""

import os
from pathlib import Path

import pytest

from flows.retrain import retrain
from text_classifier import storage

IMDB = os.environ.get("TEXT_CLASSIFIER_TEST_IMDB")
NEWS = os.environ.get("TEXT_CLASSIFIER_TEST_NEWS")


@pytest.mark.skipif(not NEWS, reason="TEXT_CLASSIFIER_TEST_NEWS names no file")
def test_the_news_file_goes_through_whole_and_holds_no_signal(data_dir: Path) -> None:
    published = retrain("news", "smoke", source=NEWS)
    assert (published.read_rows, published.rejected_rows) == (20_000, 0)
    assert published.accuracy_low_rate <= published.majority_rate <= published.accuracy_high_rate
    assert published.first_sentence.startswith("No better than always answering")
    storage.verify(published.folder)


@pytest.mark.skipif(not IMDB, reason="TEXT_CLASSIFIER_TEST_IMDB names no folder")
def test_the_imdb_archive_goes_through_whole_and_is_learned(data_dir: Path) -> None:
    published = retrain("imdb", "smoke", source=IMDB, max_epochs=2)
    assert published.data_set == "imdb"
    assert (published.read_rows, published.rejected_rows) == (100_000, 0)
    assert (published.split_rows["test"], published.split_rows["unsup"]) == (25_000, 50_000 - 308)
    assert published.split_rows["train"] + published.split_rows["val"] == 25_000 - 113
    assert published.accuracy_low_rate > published.majority_rate


@pytest.mark.skipif(not IMDB, reason="TEXT_CLASSIFIER_TEST_IMDB names no folder")
def test_the_npz_of_keras_goes_through_whole(data_dir: Path) -> None:
    published = retrain("imdb", "smoke", source=str(Path(IMDB or "") / "imdb.npz"))
    assert (published.read_rows, published.rejected_rows) == (50_000, 0)
    assert published.split_rows["test"] == 25_000
