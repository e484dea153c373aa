"""What is judged: a model, the test examples, the papers of both, and what the model is measured against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.config.presets import preset_named
from text_classifier.errors import DamagedOutputError, ReportError
from text_classifier.records import Baselines, SignalTest, Split, TrainedModel, shown_name
from text_classifier.storage import Manifest
from text_classifier.training import ModelConfig, read_config
from text_classifier.training.examples import stand_in_held_out
from text_classifier.training.model_folder import HISTORY_FILE, LATER_FILES
from text_classifier.vocabulary import VOCABULARY_FILE, Vocabulary
from text_classifier.vocabulary.building import counted_splits


@dataclass(frozen=True, slots=True)
class Subject:
    """A model with its data set.

    Attributes:
        manifest: of the model's folder.
        data: manifest of the data set's folder.
        source: manifest of the ingested rows that the data set was made of.
        config: of the model.
        examples: the test split, all its columns.
        unknown_rates: share (0-1) of the tokens of each test example that have no token id, (N,); NaN where it
            has no token.
        learned_texts: that the model has read in training, labelled or not.
        learned_class_rows: rows of each class in the splits that it learned from.
        history: the rows of history.parquet, oldest first.
    """

    model: TrainedModel
    manifest: Manifest
    data: Manifest
    source: Manifest
    config: ModelConfig
    signal: SignalTest
    baselines: Baselines
    examples: pa.Table
    unknown_rates: npt.NDArray[np.float64]
    learned_texts: pa.ChunkedArray[pa.StringScalar]
    learned_class_rows: Mapping[str, int]
    history: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        """The data set's name as people see it, with its mark."""
        return shown_name(self.model.data_set, self.model.origin)


def read_subject(model: TrainedModel, signal: SignalTest, baselines: Baselines, data_dir: Path) -> Subject:
    """Read all that the judgement needs, after every file was held to its manifest.

    Raises:
        DamagedOutputError: a file is missing or differs, or the data set is not the one the model was made of.
        ReportError: the data set has no train or no test split.
    """
    manifest = storage.verify(model.folder, but=LATER_FILES)
    data_folder = data_dir / manifest.facts["data_set_folder"]
    data = storage.verify(data_folder)
    if data.fingerprint not in manifest.inputs.values():
        raise DamagedOutputError(
            "the data set is not the one that the model was made of",
            where=str(data_folder),
            seen=data.fingerprint,
            expected=" or ".join(manifest.inputs.values()),
            to_do="train anew on this data set",
        )
    config = read_config(model.folder)
    examples = _read_split(data_folder, "test")
    learned = _read_learned(data_folder, model)
    return Subject(
        model=model,
        manifest=manifest,
        data=data,
        source=storage.read_manifest(_ingested_folder(data_dir, data)),
        config=config,
        signal=signal,
        baselines=baselines,
        examples=examples,
        unknown_rates=_unknown_rates(examples, model, config),
        learned_texts=pa.chunked_array(learned["text"].chunks + _read_unlabelled(data_folder, manifest).chunks),
        learned_class_rows=Counter(map(str, learned[model.label].to_pylist())),
        history=tuple(pq.read_table(model.folder / HISTORY_FILE).to_pylist()),
    )


def _unknown_rates(examples: pa.Table, model: TrainedModel, config: ModelConfig) -> npt.NDArray[np.float64]:
    """By the model's own vocabulary; NaN where a text has no token."""
    vocabulary = Vocabulary.load(model.folder / VOCABULARY_FILE, config.vocabulary)
    lists = vocabulary.encode(examples["text"].to_pylist())
    counted = np.concatenate([[0], np.cumsum(lists.values.to_numpy() == config.unk_id)])
    offsets = lists.offsets.to_numpy()
    tokens = np.diff(offsets)
    return np.asarray(np.diff(counted[offsets]) / np.where(tokens, tokens, np.nan))


def _ingested_folder(data_dir: Path, data: Manifest) -> Path:
    return Path(data_dir, "ingested", data.facts["data_set"], data.inputs["ingested"][: storage.DIGEST_CHARACTERS])


def _read_learned(data_folder: Path, model: TrainedModel) -> pa.Table:
    """Text and label of what the model learned from; a data set need not have a val split."""
    splits: list[Split] = ["train"]
    if "val" in counted_splits(preset_named(model.preset)) and _has(data_folder, "val"):
        splits.append("val")
    return pa.concat_tables([_read_split(data_folder, split, ["text", model.label]) for split in splits])


def _read_unlabelled(data_folder: Path, manifest: Manifest) -> pa.ChunkedArray:
    """The texts of `unsup` that the model, or the encoder that it started from, has read."""
    if not (manifest.facts.get("unsup_rows") or "encoder" in manifest.inputs) or not _has(data_folder, "unsup"):
        return pa.chunked_array([], pa.string())
    unsup = _read_split(data_folder, "unsup", ["text", "text_digest"])
    return unsup["text"].filter(pa.array(~stand_in_held_out(data_folder, unsup["text_digest"])))


def _has(data_folder: Path, split: Split) -> bool:
    return (data_folder / "examples" / f"{split}.parquet").exists()


def _read_split(data_folder: Path, split: Split, columns: list[str] | None = None) -> pa.Table:
    path = data_folder / "examples" / f"{split}.parquet"
    if not path.exists():
        raise ReportError(
            f"the data set has no {split} split",
            where=str(path),
            expected="at least one labelled example in train and in test",
            to_do="give it more rows, or change the shares of the splits in its contract",
        )
    return pq.read_table(path, columns=columns)
