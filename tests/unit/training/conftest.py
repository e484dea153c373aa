"""Data sets and corpora small enough to train on in a second."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from telling_texts import pairs

from text_classifier.config import preset_named
from text_classifier.records import DataSet, TrainRun
from text_classifier.store import Store
from text_classifier.training import TrainingJob
from text_classifier.vocabulary import build


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Threads cost more than they bring on networks of this size."""
    torch.set_num_threads(1)


@pytest.fixture
def films(write_data_set: Callable[..., DataSet]) -> DataSet:
    """Two classes; 300 examples in train, 50 in val and 60 in test."""
    return write_data_set({"train": pairs(300, 0), "val": pairs(50, 1), "test": pairs(60, 2)})


@pytest.fixture
def job_of(tmp_path: Path) -> Callable[..., TrainingJob]:
    """The job of training a preset on a data set, its vocabulary built."""

    def job(data_set: DataSet, preset: str = "smoke", seed: int = 1, epochs: int | None = None) -> TrainingJob:
        corpus = build(data_set, preset_named(preset), Store(tmp_path))
        return TrainingJob(data_set, corpus, "mood", preset, TrainRun(seed, epochs))

    return job
