"""Training of a classifier on an encoded corpus, and what a trained one can do.

torch and Lightning are imported by the functions that need them, so that naming a model costs no seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from text_classifier.config.presets import preset_named
from text_classifier.records import Split, TrainedModel
from text_classifier.store import Store, mark_latest
from text_classifier.training.job import TrainingJob, TrainingProgress, ignore_progress
from text_classifier.training.model_folder import ModelConfig, latest_model, read_config, read_model
from text_classifier.training.moving_words import MovingWord
from text_classifier.training.planning import made_before, planned_model
from text_classifier.training.pretraining.encoders import starting_encoder
from text_classifier.training.process import wait_asleep

if TYPE_CHECKING:
    from text_classifier.training.classifier import TextClassifier
    from text_classifier.training.scoring import Scored

__all__ = [
    "ModelConfig",
    "MovingWord",
    "TrainingJob",
    "TrainingProgress",
    "explain",
    "latest_model",
    "load_model",
    "predict_split",
    "read_config",
    "train",
]


def train(
    job: TrainingJob, store: Store, on_progress: Callable[[TrainingProgress], None] = ignore_progress
) -> TrainedModel:
    """Train a model and write its complete folder under `models/<data set>/`, or reuse the one of the same job.

    `on_progress` is called after every step. The same job with the same seed gives the same weights on the same CPU
    with as many threads, also where a process was killed and another goes on from its last checkpoint (on a GPU cuDNN
    may sum in another order); with `refresh` the training starts over. The allocator of the process is set to keep what
    it frees.

    Raises:
        UnknownNameError: the preset or the label does not exist.
        TrainingError: a class has too few examples, val is empty though the preset watches it, the loss or a weight is
            no longer a number, the memory does not hold one example, the ONNX file answers otherwise than the network,
            or the encoder that the preset starts from is missing or has read texts that stand in val or test.
        DamagedOutputError: corpus and data set do not belong together.
        OutputUnwritableError: the data root cannot be written or is full; nothing half-written is left.
    """
    job = replace(job, encoder=starting_encoder(job.data_set, preset_named(job.preset), store.data_dir))
    preset, planned = planned_model(job)
    with store.alone(planned):
        earlier = None if store.refresh else made_before(store.data_dir, job.data_set.data_set, planned)
        if earlier:
            mark_latest(earlier)
            return read_model(earlier, store.reused(earlier))
        wait_asleep()
        from text_classifier.training.running import train_anew

        folder = train_anew(job, preset, store, planned, on_progress)
        mark_latest(folder)
        return read_model(folder)


def load_model(folder: Path) -> TextClassifier:
    """The model of a folder, on the GPU where there is one; nothing but that folder is read.

    Raises:
        DamagedOutputError: a file of the folder is missing, was changed, or needs another version of the tokenizer; or
            the vocabulary is not the one that the model was trained with.
    """
    wait_asleep()
    from text_classifier.training import classifier

    return classifier.load_model(folder)


def predict_split(model: TrainedModel, data_dir: Path, split: Split) -> tuple[pa.Table, Scored]:
    """The examples of a split (example_id, text_digest) in encoded order, and what the model says of each.

    Raises:
        DamagedOutputError: the model, or the corpus it was trained on, is missing or was changed, or their vocabularies
            differ.
    """
    wait_asleep()
    from text_classifier.training import classifier

    return classifier.predict_split(model, data_dir, split)


def explain(
    model: TrainedModel,
    texts: Sequence[str],
    true_ids: npt.NDArray[np.int64],
    predicted_ids: npt.NDArray[np.int64],
) -> list[list[MovingWord]]:
    """The words of N raw texts that moved the model from the true class (N,) to the predicted one (N,).

    In the order of the text, at most KEPT_WORDS of each; none where both classes are the same.

    Raises:
        DamagedOutputError: the model is missing or was changed.
    """
    wait_asleep()
    from text_classifier.training import attribution

    return attribution.explain(load_model(model.folder), texts, true_ids, predicted_ids)
