"""What a report is about: a model, the test examples it is judged on, and the papers of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.errors import DamagedOutputError, ReportError
from text_classifier.records import Split, TrainedModel, shown_name
from text_classifier.storage import Manifest
from text_classifier.training import read_config
from text_classifier.training.model_folder import REPORT_FILES


@dataclass(frozen=True, slots=True)
class Subject:
    """A model with its data set.

    Attributes:
        manifest: of the model's folder.
        data: manifest of the data set's folder.
        source: manifest of the ingested rows that the data set was made of.
        class_names: by class index.
        temperature: by which the model divides its logits.
        examples: the test split: example_id, row, text_digest, text and the label's column.
        train_class_rows: rows of each class in the train split.
        history: the rows of history.parquet, oldest first.
    """

    model: TrainedModel
    manifest: Manifest
    data: Manifest
    source: Manifest
    class_names: tuple[str, ...]
    temperature: float
    examples: pa.Table
    train_class_rows: Mapping[str, int]
    history: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        """The data set's name as people see it, with its mark."""
        return shown_name(self.model.data_set, self.model.origin)


def read_subject(model: TrainedModel, data_dir: Path) -> Subject:
    """Read all that the report needs, after every file was held to its manifest.

    Raises:
        DamagedOutputError: a file is missing or differs, or the data set is not the one the model was made of.
        ReportError: the data set has no train or no test split.
    """
    manifest = storage.verify(model.folder, but=REPORT_FILES)
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
    columns = ("example_id", "row", "text_digest", "text", model.label)
    return Subject(
        model=model,
        manifest=manifest,
        data=data,
        source=storage.read_manifest(_ingested_folder(data_dir, data)),
        class_names=config.class_names,
        temperature=config.temperature,
        examples=_read_split(data_folder, "test", columns),
        train_class_rows=Counter(map(str, _read_split(data_folder, "train", (model.label,))[model.label].to_pylist())),
        history=tuple(pq.read_table(model.folder / "history.parquet").to_pylist()),
    )


def _ingested_folder(data_dir: Path, data: Manifest) -> Path:
    return Path(data_dir, "ingested", data.facts["data_set"], data.inputs["ingested"][: storage.DIGEST_CHARACTERS])


def _read_split(data_folder: Path, split: Split, columns: Sequence[str]) -> pa.Table:
    path = data_folder / "examples" / f"{split}.parquet"
    if not path.exists():
        raise ReportError(
            f"the data set has no {split} split",
            where=str(path),
            expected="at least one labelled example in train and in test",
            to_do="give it more rows, or change the shares of the splits in its contract",
        )
    return pq.read_table(path, columns=list(columns))
