import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from text_classifier.errors import DamagedOutputError, TrainingError
from text_classifier.training.examples import check_classes, join_splits, load_encoded, load_labelled


def test_labels_are_positions_in_the_contracts_classes(write_data_set, job_of) -> None:
    data_set = write_data_set({"train": [("a a", "y"), ("a", "x"), ("a b", "y")]}, classes=("x", "y", "z"))
    split = load_labelled(job_of(data_set), "train")
    assert split.labels.tolist() == [1, 0, 1]
    assert split.encoded.offsets.tolist() == [0, 2, 3, 5]
    assert split.encoded.keys["example_id"].to_pylist() == ["2", "3", "4"]


def test_joined_splits_keep_every_text_and_label(films, job_of) -> None:
    job = job_of(films)
    train, val = load_labelled(job, "train"), load_labelled(job, "val")
    joined = join_splits(train, val)
    assert np.array_equal(joined.labels, np.concatenate([train.labels, val.labels]))
    texts = np.split(joined.encoded.tokens, joined.encoded.offsets[1:-1])
    apart = [np.split(split.encoded.tokens, split.encoded.offsets[1:-1]) for split in (train, val)]
    assert all(np.array_equal(a, b) for a, b in zip(texts, [*apart[0], *apart[1]], strict=True))


def test_a_corpus_of_other_examples_is_refused(write_data_set, job_of) -> None:
    job = job_of(write_data_set({"train": [("a a", "y"), ("b", "x")]}))
    other = write_data_set({"train": [("a a", "y"), ("c", "x")]})
    with pytest.raises(DamagedOutputError, match="same examples"):
        load_labelled(dataclasses.replace(job, data_set=other), "train")


def test_a_label_that_is_no_class_is_refused(write_data_set, job_of) -> None:
    data_set = write_data_set({"train": [("a a", "y"), ("b", "x")]}, classes=("x",))
    with pytest.raises(DamagedOutputError, match="1 labels of no known class"):
        load_labelled(job_of(data_set), "train")


def test_a_missing_split_is_told(films, job_of) -> None:
    folder: Path = job_of(films).corpus.folder
    (folder / "encoded" / "val.parquet").unlink()
    with pytest.raises(DamagedOutputError, match="no val split"):
        load_encoded(folder, "val")


@pytest.mark.parametrize(
    ("splits", "seen"),
    [
        ({"train": [("a a", "x"), ("b", "y"), ("b", "y")]}, "'x': 1 in all, 1 to train on"),
        ({"train": [("a a", "y"), ("b", "y")], "test": [("b", "x"), ("b", "x")]}, "'x': 2 in all, 0 to train on"),
    ],
)
def test_a_class_with_too_few_examples_is_named(splits, seen: str, write_data_set, job_of) -> None:
    job = job_of(write_data_set(splits, classes=("x", "y")))
    with pytest.raises(TrainingError, match=seen):
        check_classes(job, load_labelled(job, "train").labels)


def test_two_examples_of_a_class_are_enough(write_data_set, job_of) -> None:
    data_set = write_data_set({"train": [("a a", "x"), ("b b", "y")], "test": [("b", "x"), ("a", "y")]})
    job = job_of(data_set)
    check_classes(job, load_labelled(job, "train").labels)
    assert pq.read_table(data_set.folder / "examples" / "test.parquet").num_rows == 2


def test_a_label_with_a_single_class_is_refused(write_data_set, job_of) -> None:
    job = job_of(write_data_set({"train": [("a a", "y"), ("b", "y")]}, classes=("y",)))
    with pytest.raises(TrainingError, match=r"nothing to tell apart; .* one class, 'y'"):
        check_classes(job, np.zeros(2, np.int64))
