"""What a training job will make, known before it is made and without torch: so a model that stands costs no seconds."""

from __future__ import annotations

from pathlib import Path

from text_classifier import storage
from text_classifier.config.presets import Preset, preset_named
from text_classifier.errors import TrainingError, UnknownNameError
from text_classifier.records import EncodedCorpus
from text_classifier.training.job import TrainingJob
from text_classifier.training.model_folder import LATER_FILES


def planned_model(job: TrainingJob) -> tuple[Preset, storage.Manifest]:
    """The preset as the job changes it, and the manifest of the model to be.

    Raises:
        UnknownNameError: the preset or the label does not exist.
        TrainingError: the corpus was built with other options than the preset's.
    """
    preset = _effective_preset(job)
    _check(job, preset)
    options = preset.model_dump(include={"vocabulary", "model", "training"})
    encoder = {"encoder": job.encoder.fingerprint} if job.encoder else {}
    return preset, storage.plan(
        "model",
        inputs={"data_set": job.data_set.fingerprint, "corpus": job.corpus.fingerprint} | encoder,
        parameters={"label": job.label, "preset": job.preset, "options": options, "seed": job.options.seed},
        modules=("text_classifier.training.running",),
    )


def short(planned: storage.Manifest) -> str:
    """How a planned model is told from others in the name of its folder."""
    return planned.fingerprint[:8]


def unfinished(data_dir: Path, data_set: str, planned: storage.Manifest) -> Path:
    """Where the training of a planned model keeps its checkpoints while it is under way."""
    return data_dir / "checkpoints" / data_set / planned.fingerprint[: storage.DIGEST_CHARACTERS]


def made_before(data_dir: Path, data_set: str, planned: storage.Manifest) -> Path | None:
    """The newest undamaged model folder that `planned` describes."""
    for folder in sorted((data_dir / "models" / data_set).glob(f"[!.]*-{short(planned)}"), reverse=True):
        if storage.is_reusable(folder, planned, but=LATER_FILES):
            return folder
    return None


def _check(job: TrainingJob, preset: Preset) -> None:
    if job.label not in job.data_set.classes:
        raise UnknownNameError.of(f"label of {job.data_set.data_set}", job.label, job.data_set.classes)
    check_corpus(job.corpus, preset)


def check_corpus(corpus: EncodedCorpus, preset: Preset) -> None:
    """A corpus must have been built with the preset's options.

    Raises:
        TrainingError: it was not.
    """
    built_with = storage.read_manifest(corpus.folder).parameters["vocabulary"]
    if built_with != preset.vocabulary.model_dump():
        raise TrainingError(
            "the corpus was built with other vocabulary options than the preset's",
            where=str(corpus.folder),
            seen=str(built_with),
            expected=str(preset.vocabulary.model_dump()),
            to_do="build the vocabulary with the preset that is trained",
        )


def _effective_preset(job: TrainingJob) -> Preset:
    preset = preset_named(job.preset)
    if job.options.max_epochs is None:
        return preset
    return preset.model_copy(
        update={"training": preset.training.model_copy(update={"max_epochs": job.options.max_epochs})}
    )
