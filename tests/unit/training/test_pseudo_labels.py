from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from telling_texts import pairs

from text_classifier import storage
from text_classifier.config import Preset, preset_named
from text_classifier.errors import DamagedOutputError
from text_classifier.records import DataSet, TrainRun
from text_classifier.store import Store
from text_classifier.training import TrainingJob, TrainingProgress, planning, train
from text_classifier.training.batches import Readable, read_windows
from text_classifier.training.examples import load_labelled
from text_classifier.training.networks import Sizes
from text_classifier.training.pseudo_labels import labelled_unsup
from text_classifier.training.scoring import fit_temperature, logits_of, probabilities_of
from text_classifier.training.wide import WideNgrams
from text_classifier.training.wide_fitting import fit_wide
from text_classifier.vocabulary import build

CLASSES = ("calm", "glad", "sad")
UNSUP_ROWS = 90


def small(unsup_epochs: int) -> Preset:
    preset = preset_named("smoke")
    return preset.model_copy(
        update={
            "model": preset.model.model_copy(update={"wide_ngram_tokens": 2}),
            "training": preset.training.model_copy(
                update={"unsup_epochs": unsup_epochs, "max_epochs": 2, "batch_size": 30}
            ),
        }
    )


@pytest.fixture
def moods(write_data_set: Callable[..., DataSet]) -> Callable[..., DataSet]:
    """Three classes; `copies` texts of test stand in `unsup` behind its own, and `own` says how many those are."""

    def make(copies: int = 0, own: int = UNSUP_ROWS) -> DataSet:
        test = pairs(30, 2, CLASSES)
        unsup = [(text + " indeed", None) for text, _ in pairs(own, 3, CLASSES)]
        copied: list[tuple[str, str | None]] = [(text, None) for text, _ in test[:copies]]
        splits = {"train": pairs(120, 0, CLASSES), "val": pairs(45, 1, CLASSES), "test": test}
        return write_data_set(splits | ({"unsup": unsup + copied} if unsup + copied else {}), classes=CLASSES)

    return make


def job_of(data_set: DataSet, preset: Preset, tmp_path: Path) -> TrainingJob:
    return TrainingJob(data_set, build(data_set, preset, Store(tmp_path)), "mood", "smoke", TrainRun(1))


def fitted(job: TrainingJob, preset: Preset) -> tuple[WideNgrams, Readable]:
    """The n-grams of train, and val."""
    read = {}
    for split in ("train", "val"):
        loaded = load_labelled(job, split)
        windows = read_windows(loaded.encoded.tokens, loaded.encoded.offsets, preset.training, 1)
        read[split] = Readable(windows, loaded.labels)
    wide = fit_wide(read["train"].windows, read["train"].labels, 2, Sizes(job.corpus.vocabulary_size, 3, 1))
    assert wide
    return wide, read["val"]


def test_every_text_of_unsup_gets_what_the_ngrams_think_of_it(moods, tmp_path: Path) -> None:
    preset = small(1)
    job = job_of(moods(), preset, tmp_path)
    wide, val = fitted(job, preset)
    labelled = labelled_unsup(job, preset, wide, val)
    assert labelled
    temperature = fit_temperature(logits_of(wide, val.windows, preset.training), val.labels)
    expected = probabilities_of(logits_of(wide, labelled.windows, preset.training), temperature)
    np.testing.assert_array_equal(labelled.labels, expected)
    np.testing.assert_allclose(labelled.labels.sum(axis=1), 1, atol=1e-6)
    rows = pq.read_table(job.corpus.folder / "encoded" / "unsup.parquet")["token_ids"].to_pylist()
    windows = labelled.windows
    read = [windows.tokens[a : a + n].tolist() for a, n in zip(windows.starts, windows.lengths, strict=True)]
    assert read == rows
    true = np.arange(UNSUP_ROWS) % 3
    assert np.mean(labelled.labels.argmax(axis=1) == true) > 0.9


def test_texts_that_stand_in_val_or_test_are_not_learned_from(moods, tmp_path: Path) -> None:
    preset = small(1)
    job = job_of(moods(copies=7), preset, tmp_path)
    labelled = labelled_unsup(job, preset, *fitted(job, preset))
    assert labelled
    assert len(labelled.labels) == UNSUP_ROWS
    only_copies = job_of(moods(copies=7, own=0), preset, tmp_path)
    assert labelled_unsup(only_copies, preset, *fitted(only_copies, preset)) is None


def test_where_nothing_is_unlabelled_or_the_preset_reads_none_there_is_nothing(moods, tmp_path: Path) -> None:
    without = job_of(moods(own=0), small(1), tmp_path)
    assert labelled_unsup(without, small(1), *fitted(without, small(1))) is None
    job = job_of(moods(), small(0), tmp_path)
    assert labelled_unsup(job, small(0), *fitted(job, small(0))) is None


def test_a_corpus_without_the_unlabelled_texts_is_refused(moods, tmp_path: Path) -> None:
    job = job_of(moods(), small(0), tmp_path)
    with pytest.raises(DamagedOutputError, match="no unsup split"):
        labelled_unsup(job, small(1), *fitted(job, small(1)))


def test_a_training_learns_from_them_first_and_says_from_how_many(moods, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(planning, "preset_named", lambda _: small(1))
    told: list[TrainingProgress] = []
    model = train(job_of(moods(), small(1), tmp_path), Store(tmp_path), told.append)
    facts = storage.verify(model.folder).facts
    assert (facts["train_rows"], facts["val_rows"], facts["unsup_rows"]) == (120, 45, UNSUP_ROWS)
    assert [(one.epoch, one.step, one.steps) for one in told] == [(1, n + 1, 7) for n in range(7)] + [
        (2, n + 1, 4) for n in range(4)
    ]
    assert [round(11 * one.done_rate, 9) for one in told] == list(range(1, 12))
    steps = pq.read_table(model.folder / "history.parquet", columns=["step"])
    assert steps.equals(pa.table({"step": pa.array([7, 11], pa.int64())}))
