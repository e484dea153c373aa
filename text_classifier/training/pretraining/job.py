"""What a pre-training is asked for, and what it will make."""

from __future__ import annotations

from dataclasses import dataclass

from text_classifier import storage
from text_classifier.config.presets import PRESETS, Preset, preset_named
from text_classifier.errors import UnknownNameError
from text_classifier.records import DataSet, EncodedCorpus, TrainRun
from text_classifier.training.planning import check_corpus


@dataclass(frozen=True, slots=True)
class PretrainingJob:
    """`corpus` has the token ids of `unsup` too, where the data set has such texts; `preset` is a key of PRESETS."""

    data_set: DataSet
    corpus: EncodedCorpus
    preset: str
    options: TrainRun


def planned_encoder(job: PretrainingJob) -> tuple[Preset, storage.Manifest]:
    """The preset as the job changes it, and the manifest of the encoder to be.

    Raises:
        UnknownNameError: there is no such preset, or it pre-trains no encoder.
        TrainingError: the corpus was built with other options than the preset's.
    """
    preset = preset_named(job.preset)
    if preset.pretraining is None:
        known = [name for name, other in PRESETS.items() if other.pretraining]
        raise UnknownNameError.of("preset that pre-trains an encoder", job.preset, known)
    check_corpus(job.corpus, preset)
    if job.options.max_epochs is not None:
        pretraining = preset.pretraining.model_copy(update={"max_epochs": job.options.max_epochs})
        preset = preset.model_copy(update={"pretraining": pretraining})
    options = preset.model_dump(include={"vocabulary", "model", "pretraining"})
    return preset, storage.plan(
        "encoder",
        inputs={"data_set": job.data_set.fingerprint, "corpus": job.corpus.fingerprint},
        parameters={"options": options, "seed": job.options.seed},
        modules=("text_classifier.training.pretraining.running",),
    )
