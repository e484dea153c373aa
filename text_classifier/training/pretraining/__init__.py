"""An encoder that has learned to continue texts, with labels or without, before a classifier is made of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from text_classifier.records import PretrainedEncoder
from text_classifier.store import Store, mark_latest
from text_classifier.training.job import TrainingProgress, ignore_progress
from text_classifier.training.planning import unfinished
from text_classifier.training.pretraining.encoders import encoders_of, read_encoder
from text_classifier.training.pretraining.job import PretrainingJob, planned_encoder
from text_classifier.training.process import wait_asleep

__all__ = ["PretrainingJob", "pretrain"]


def pretrain(
    job: PretrainingJob, store: Store, on_progress: Callable[[TrainingProgress], None] = ignore_progress
) -> PretrainedEncoder:
    """Train the preset's encoder as a language model under `encoders/<data set>/`, or reuse the one that stands.

    It reads the texts of train and `unsup`, but for those that stand in val or test too, and never a label. Where a
    process ended in the midst of it, the next one goes on from the last checkpoint.

    Raises:
        UnknownNameError: there is no such preset, or it pre-trains no encoder.
        TrainingError: the corpus was built with other options, no text is left to read, or the loss is no number.
        DamagedOutputError: the corpus has no train or no val split.
        OutputUnwritableError: the data root cannot be written or is full.
    """
    preset, planned = planned_encoder(job)
    work = unfinished(store.data_dir, job.data_set.data_set, planned)
    folder = encoders_of(store.data_dir, job.data_set.data_set) / work.name

    def fill(partial: Path) -> dict[str, Any]:
        wait_asleep()
        from text_classifier.training.pretraining.running import pretrain_anew

        if store.refresh:
            shutil.rmtree(work, ignore_errors=True)
        return pretrain_anew(partial, work, job, preset, on_progress)

    making = store.make(folder, planned, fill)
    shutil.rmtree(work, ignore_errors=True)
    mark_latest(folder)
    return read_encoder(folder, making)
