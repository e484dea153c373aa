"""Pre-trained encoders on disk: which one a preset starts from, and whether it may."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.config.presets import Preset
from text_classifier.errors import TrainingError
from text_classifier.records import DataSet, Making, PretrainedEncoder
from text_classifier.store import latest_of
from text_classifier.training.examples import HELD_OUT, digests_of

TEXTS_FILE = "texts.parquet"
"""The `text_digest` of every text that an encoder has read, each once."""

_SHAPE = ("architecture", "embedding_size", "hidden_size", "layers", "directions")


def encoders_of(data_dir: Path, data_set: str) -> Path:
    """Where the encoders of a data set stand, a folder each."""
    return data_dir / "encoders" / data_set


def read_encoder(folder: Path, making: Making | None = None) -> PretrainedEncoder:
    """The record of a finished encoder, from its manifest.

    Raises:
        DamagedOutputError: the folder has no readable manifest.
    """
    manifest = storage.read_manifest(folder)
    facts = manifest.facts
    return PretrainedEncoder(
        folder=folder,
        fingerprint=manifest.fingerprint,
        read_texts=facts["read_texts"],
        epochs=facts["epochs"],
        perplexity=facts["perplexity"],
        seconds=facts["seconds"],
        making=making or Making(manifest.run, manifest.created_at),
    )


def starting_encoder(data_set: DataSet, preset: Preset, data_dir: Path) -> PretrainedEncoder | None:
    """The encoder of the preset's shape that was made or reused last; None where the preset starts from none.

    Raises:
        TrainingError: there is none yet, or it has read texts that this data set measures with.
        DamagedOutputError: what it has read is missing or was changed.
    """
    if preset.pretraining is None:
        return None
    place = encoders_of(data_dir, data_set.data_set)
    made = storage.readable_manifests(place)
    wanted = _shape(preset.model_dump())
    fitting = {folder: one for folder, one in made.items() if _shape(one.parameters["options"]) == wanted}
    if not fitting:
        raise TrainingError(
            f"no encoder of {data_set.data_set} was pre-trained for this preset yet",
            where=str(place),
            seen=f"{len(made)} encoders, none of this shape",
            expected=", ".join(f"{name} {value}" for name, value in wanted.items()),
            to_do="run pretrain-encoder with this data set and preset first",
        )
    encoder = read_encoder(latest_of(fitting))
    _check_unseen(encoder, data_set)
    return encoder


def texts_read_by(data_dir: Path, data_set: str, fingerprint: str) -> pa.ChunkedArray:
    """The `text_digest` of what the encoder of that fingerprint has read; none where it is no longer there."""
    path = encoders_of(data_dir, data_set) / fingerprint[: storage.DIGEST_CHARACTERS] / TEXTS_FILE
    return pq.read_table(path)["text_digest"] if path.exists() else pa.chunked_array([], pa.string())


def _check_unseen(encoder: PretrainedEncoder, data_set: DataSet) -> None:
    """An accuracy on texts whose wording the encoder has learned would promise too much."""
    read = pq.read_table(storage.checked_output(encoder.folder, TEXTS_FILE))["text_digest"]
    seen = {split: pc.is_in(digests_of(data_set.folder, split), value_set=read) for split in HELD_OUT}
    rows = {split: pc.sum(is_read).as_py() or 0 for split, is_read in seen.items()}
    if any(rows.values()):
        raise TrainingError(
            "the encoder has read texts that models are measured with",
            where=str(encoder.folder),
            seen=", ".join(f"{count:,} examples of {split}" for split, count in rows.items()),
            expected="none of val and test",
            to_do="run pretrain-encoder again: it leaves out the texts that stand in val and test now",
        )


def _shape(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the weights of an encoder must fit, and what its tokens were cut by."""
    return {name: options["model"].get(name) for name in _SHAPE} | {"tokenizer": options["vocabulary"]["tokenizer"]}
