"""The model folder: complete in itself, it scores raw text with nothing else."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pydantic import Field, ValidationError

from text_classifier import storage
from text_classifier.config.options import ModelOptions, Options, TrainingOptions, VocabularyOptions
from text_classifier.errors import DamagedOutputError, UnknownNameError
from text_classifier.records import Making, Origin, TrainedModel
from text_classifier.store import latest_of

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "weights.safetensors"
ONNX_FILE = "model.onnx"
"""The same model for other runtimes; nothing here reads it. Models made before it was written have none."""
HISTORY_FILE = "history.parquet"
HISTORY_SCHEMA = pa.schema(
    {
        "epoch": pa.int32(),
        "step": pa.int64(),
        "train_loss": pa.float64(),
        "val_loss": pa.float64(),
        "val_accuracy_rate": pa.float64(),
        "learning_rate": pa.float64(),
        "seconds": pa.float64(),
    }
)
PREDICTIONS, ERRORS, METRICS = "predictions.parquet", "errors.parquet", "metrics.json"
EVALUATION_FILES = (PREDICTIONS, ERRORS, METRICS)
"""What an evaluation adds to the folder."""
VERDICT, CARD, PAGE = "verdict.json", "model_card.md", "report.html"
REPORT_FILES = (VERDICT, CARD, PAGE)
"""What a report adds to the folder."""
LATER_FILES = EVALUATION_FILES + REPORT_FILES


class ModelConfig(Options):
    """`config.json`: all that the weights do not say."""

    data_set: str = Field(description="Name of the data set that the model was trained on.")
    origin: Origin = Field(description="Whether that data was collected, GENERATED or SAMPLE.")
    data_set_fingerprint: str = Field(description="SHA-256 of the data set.")
    corpus_fingerprint: str = Field(description="SHA-256 of the vocabulary and encoded splits.")
    split_seed: int = Field(description="The contract's seed of the split.")
    label: str = Field(description="Label column.")
    class_names: tuple[str, ...] = Field(description="Classes in the order of their ids.")
    preset: str = Field(description="A key of PRESETS at the time.")
    seed: int = Field(description="Seed of the weights and the order of the examples.")
    vocabulary: VocabularyOptions
    vocabulary_size: int = Field(ge=1, description="Entries of vocabulary.parquet, special tokens counted.")
    vocabulary_digest: str = Field(
        "", description="Digest of the Vocabulary; empty in models from before it was noted."
    )
    tokenizer_version: int = Field(description="Version of the tokenizer that the vocabulary was built with.")
    unk_id: int = Field(description="Token id of every token without one.")
    model: ModelOptions
    ngrams: tuple[int, ...] = Field(
        (), description="How many n-grams of one token, of two, ... the wide part knows; empty: there is none."
    )
    training: TrainingOptions
    temperature: float = Field(gt=0, description="Logits are divided by it before the softmax.")


def read_config(folder: Path) -> ModelConfig:
    """The config of a model folder.

    Raises:
        DamagedOutputError: there is none, or it is not one of this version.
    """
    path = folder / CONFIG_FILE
    try:
        return ModelConfig.model_validate_json(path.read_text("utf-8"))
    except (OSError, ValidationError) as error:
        raise DamagedOutputError(
            "a model has no readable config",
            where=str(path),
            seen=str(error),
            expected="the config.json that training wrote",
            to_do="train again",
        ) from error


def read_model(folder: Path, making: Making | None = None) -> TrainedModel:
    """The record of a finished model folder, from its manifest.

    Raises:
        DamagedOutputError: the folder has no readable manifest.
    """
    manifest = storage.read_manifest(folder)
    facts = manifest.facts
    return TrainedModel(
        data_set=facts["data_set"],
        origin=facts["origin"],
        label=facts["label"],
        preset=facts["preset"],
        run=folder.name,
        folder=folder,
        fingerprint=manifest.fingerprint,
        epochs=facts["epochs"],
        weights=facts["weights"],
        test_rows=facts.get("test_rows", 0),  # models made before it was noted
        seconds=facts["seconds"],
        making=making or Making(manifest.run, manifest.created_at),
    )


def latest_model(data_dir: Path, data_set: str, run: str | None = None) -> TrainedModel:
    """The model that was made or reused last, or the one of the named run.

    Raises:
        DamagedOutputError: no model of this data set exists.
        UnknownNameError: models exist, but none of that run.
    """
    parent = data_dir / "models" / data_set
    made = storage.readable_manifests(parent)
    folders = {folder.name: folder for folder in made}
    if not folders:
        raise DamagedOutputError(
            f"no model of {data_set} was trained yet",
            where=str(parent),
            expected="at least one finished run",
            to_do="run train-classifier or retrain for this data set first",
        )
    if run is None:
        return read_model(latest_of(made))
    if run not in folders:
        raise UnknownNameError.of(f"run of {data_set}", run, folders)
    return read_model(folders[run])
