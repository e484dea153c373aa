"""Baselines in their folder: who said what of which row, and what validation at random overstates."""

import json
import logging
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score

from text_classifier.baselines import baseline_figures, fit_baselines, read_right, validation_gap
from text_classifier.errors import DamagedOutputError, TrainingError, UnknownNameError
from text_classifier.evaluation.intervals import proportion
from text_classifier.records import Baselines, DataSet
from text_classifier.storage import verify
from text_classifier.store import Store

TELLING = [("dull grey film", "sad"), ("warm bright film", "glad"), ("a film", "sad")] * 8
NAMES = ("majority class", "stratified chance", "naive Bayes", "TF-IDF + logistic regression", "NB-SVM")


@pytest.fixture
def data_set(write_data_set) -> DataSet:
    return write_data_set({"train": TELLING, "val": TELLING[:6], "test": [("warm bright", "glad"), *TELLING[:6]]})


def fitted(data_set: DataSet, data_dir: Path, *splits: str) -> Baselines:
    return fit_baselines(data_set, "mood", splits or ("train",), Store(data_dir))


def films(rows: int, seed: int) -> tuple[list[tuple[str, str]], list[str | None]]:
    """Films with four reviews each, which share a name and, mostly, a verdict; one word in three tells it."""
    rng = np.random.default_rng(seed)
    pairs, groups = [], []
    for row in range(rows):
        film = row // 4
        mood = ("sad", "glad")[(film % 2) if rng.random() < 0.9 else rng.integers(2)]
        word = f"{mood}{rng.integers(8)}" if rng.random() < 0.3 else f"word{rng.integers(30)}"
        pairs.append((f"name{film} {word}", mood))
        groups.append(f"film {film}")
    return pairs, groups


def test_predictions_stand_in_the_order_of_test(data_set: DataSet, tmp_path: Path) -> None:
    baselines = fitted(data_set, tmp_path)
    assert (baselines.names, baselines.folder.parent) == (NAMES, tmp_path / "baselines" / "films")
    table = pq.read_table(baselines.folder / "predictions.parquet")
    examples = pq.read_table(data_set.folder / "examples" / "test.parquet")
    assert table.column_names == ["example_id", "text_digest", "label", *NAMES]
    assert table.select(["example_id", "text_digest"]).equals(examples.select(["example_id", "text_digest"]))
    assert table["label"].equals(examples["mood"])
    assert table["NB-SVM"].to_pylist() == examples["mood"].to_pylist()
    assert set(table["majority class"].to_pylist()) == {"sad"}


def test_what_was_fitted_is_told_without_times(data_set: DataSet, tmp_path: Path, caplog) -> None:
    with caplog.at_level(logging.INFO):
        baselines = fitted(data_set, tmp_path)
    fits = json.loads((baselines.folder / "fits.json").read_text())
    assert fits["naive Bayes"] == {"learner": "MultinomialNB()", "features": 6}
    assert fits["majority class"]["features"] == 0
    assert fits["NB-SVM"]["features"] > fits["TF-IDF + logistic regression"]["features"] > 6
    assert "baseline NB-SVM: 100.00 % right on test" in caplog.text


def test_the_splits_trained_on_decide(data_set: DataSet, tmp_path: Path, write_data_set) -> None:
    alone, with_val = fitted(data_set, tmp_path), fitted(data_set, tmp_path, "train", "val")
    assert alone.folder != with_val.folder
    assert [verify(one.folder).facts["train_rows"] for one in (alone, with_val)] == [24, 30]
    without_val = write_data_set({"train": TELLING, "test": TELLING[:3]})
    assert verify(fitted(without_val, tmp_path, "train", "val").folder).facts["train_rows"] == 24


def test_the_same_twice_gives_the_same_bytes_and_is_reused(data_set: DataSet, tmp_path: Path) -> None:
    first, second = (fitted(data_set, tmp_path / at) for at in "ab")
    assert verify(first.folder).outputs == verify(second.folder).outputs
    again = fitted(data_set, tmp_path / "a")
    assert (again, again.making.is_reused) == (first, True)


def test_the_figures_are_those_of_the_predictions(data_set: DataSet, tmp_path: Path) -> None:
    baselines = fitted(data_set, tmp_path)
    right = read_right(baselines)
    assert tuple(right) == NAMES
    assert right["majority class"].tolist() == [False, True, False, True, True, False, True]
    figures = {one.name: one for one in baseline_figures(baselines)}
    assert figures["majority class"].accuracy == proportion(4, 7)
    assert figures["majority class"].macro_f1_rate == pytest.approx((2 * 4 / (4 + 7)) / 2)
    table = pq.read_table(baselines.folder / "predictions.parquet").to_pydict()
    f1 = f1_score(table["label"], table["stratified chance"], average="macro")
    assert figures["stratified chance"].macro_f1_rate == pytest.approx(f1)


def test_changed_predictions_are_not_read(data_set: DataSet, tmp_path: Path) -> None:
    baselines = fitted(data_set, tmp_path)
    pq.write_table(
        pq.read_table(baselines.folder / "predictions.parquet")[:3], baselines.folder / "predictions.parquet"
    )
    for read in (read_right, baseline_figures):
        with pytest.raises(DamagedOutputError):
            read(baselines)


def test_one_class_in_test_and_one_without_rows_in_train(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set({"train": TELLING, "test": [("calm", "calm"), ("", "calm")]}, ("calm", "glad", "sad"))
    assert {one.accuracy.right_rows for one in baseline_figures(fitted(data_set, tmp_path))} == {0}


def test_texts_without_tokens_are_no_obstacle(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set({"train": [("", "sad"), ("...", "glad"), ("", "sad")], "test": [("", "sad")]})
    assert fitted(data_set, tmp_path).names == NAMES
    assert all(right.all() for right in read_right(fitted(data_set, tmp_path)).values())


def test_without_groups_there_is_no_gap(data_set: DataSet, tmp_path: Path) -> None:
    assert validation_gap(fitted(data_set, tmp_path)) is None


def test_validation_at_random_overstates_where_examples_belong_together(write_data_set, tmp_path: Path) -> None:
    (train, train_groups), (val, val_groups) = films(320, seed=1), films(40, seed=2)
    groups = {"train": train_groups, "val": [f"val {group}" for group in val_groups]}
    data_set = write_data_set({"train": train, "val": val, "test": TELLING[:2]}, groups=groups)
    baselines = fitted(data_set, tmp_path)
    gap = validation_gap(baselines)
    assert gap is not None
    assert gap.random.rows == gap.grouped.rows == 360
    assert gap.gap_rate == pytest.approx(gap.random.rate - gap.grouped.rate)
    assert 0.05 < gap.low_rate < gap.gap_rate < gap.high_rate
    table = pq.read_table(baselines.folder / "validation.parquet")
    assert table.column_names == ["example_id", "text_digest", "label", "random", "grouped"]
    assert table["example_id"].to_pylist()[:2] == ["2", "3"]


@pytest.mark.parametrize("group", [["a"] * 24, ["a"] * 12 + ["b"] * 12, ["a"] * 12 + [None] * 12])
def test_few_groups_give_as_many_folds(group: list[str | None], write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set({"train": TELLING, "test": TELLING[:2]}, groups={"train": group})
    gap = validation_gap(fitted(data_set, tmp_path))
    assert (gap is None) == (set(group) == {"a"})


def test_what_cannot_be_fitted_is_refused(write_data_set, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="examples to train on"):
        fitted(write_data_set({"train": TELLING}), tmp_path)
    with pytest.raises(TrainingError, match="'test': 24"):
        fitted(write_data_set({"test": TELLING}), tmp_path)
    with pytest.raises(UnknownNameError, match="mood"):
        fit_baselines(write_data_set({"train": TELLING, "test": TELLING}), "moood", ("train",), Store(tmp_path))
    assert not list(tmp_path.glob("baselines/*/*"))
