"""A data root with a data set and a trained model in it, made by hand: no training, no prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from text_classifier import storage
from text_classifier.config import ModelOptions, TrainingOptions, VocabularyOptions
from text_classifier.evaluation.metrics import Probabilities
from text_classifier.evaluation.subject import read_subject
from text_classifier.records import Origin, Report, TrainedModel
from text_classifier.report.write import write_report_on
from text_classifier.training import ModelConfig

CONFIG = ModelConfig(
    data_set="films",
    origin="source",
    data_set_fingerprint="",
    corpus_fingerprint="",
    split_seed=7,
    label="sentiment",
    class_names=("neg", "pos"),
    preset="smoke",
    seed=1,
    vocabulary=VocabularyOptions(),
    vocabulary_size=4,
    tokenizer_version=1,
    unk_id=1,
    model=ModelOptions(),
    training=TrainingOptions(),
    temperature=1.0,
)
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
HISTORY = (
    {"epoch": 1, "train_loss": 0.69, "val_loss": 0.68, "val_accuracy_rate": 0.55, "learning_rate": 1e-3},
    {"epoch": 2, "train_loss": 0.51, "val_loss": None, "val_accuracy_rate": float("nan"), "learning_rate": 1e-3},
    {"epoch": 3, "train_loss": 0.40, "val_loss": 0.49, "val_accuracy_rate": 0.75, "learning_rate": 1e-3},
)
INGESTED = storage.plan("ingested", inputs={"source": "ab" * 32}, parameters={}, modules=())


@dataclass(frozen=True)
class Made:
    """The model, what it would answer, and the data root."""

    model: TrainedModel
    data_dir: Path
    scored: pa.Table
    probabilities: Probabilities


def _examples(texts: Sequence[str], labels: Sequence[str], first_row: int) -> pa.Table:
    rows = range(first_row, first_row + len(texts))
    return pa.table(
        {
            "example_id": pa.array(map(str, rows), pa.string()),
            "row": pa.array(rows, pa.int64()),
            "text_digest": pa.array([storage.sha256_text(text) for text in texts], pa.string()),
            "text": pa.array(texts, pa.string()),
            "sentiment": pa.array(labels, pa.string()),
        }
    )


def _write_data_set(folder: Path, texts: Sequence[str], labels: Sequence[str], origin: Origin) -> storage.Manifest:
    planned = storage.plan("dataset", inputs={"ingested": INGESTED.fingerprint}, parameters={}, modules=())
    facts = {
        "data_set": "films",
        "origin": origin,
        "address": "films.csv",
        "contract_version": "1.0.0",
        "split_seed": 7,
        "read_rows": 3 + len(texts) + 1,
        "rejected_rows": 1,
        "leaked_rows": 0,
        "split_rows": {"train": 3, "val": 0, "test": len(texts)},
    }
    with storage.output_folder(folder, planned, facts) as partial:
        (partial / "examples").mkdir()
        train = _examples(["a", "b", "c"], ["neg", "pos", "neg"], 2)
        pq.write_table(train, partial / "examples" / "train.parquet")
        pq.write_table(_examples(texts, labels, 5), partial / "examples" / "test.parquet")
    return planned


def _write_model(folder: Path, data_fingerprint: str, history: Sequence[dict[str, Any]]) -> storage.Manifest:
    parameters = {"preset": "smoke", "seed": 1, "training": {"batch_size": 128}}
    inputs = {"data_set": data_fingerprint, "corpus": "cd" * 32}
    planned = storage.plan("model", inputs=inputs, parameters=parameters, modules=())
    facts = {"data_set_folder": "datasets/films/1", "computed_with": "torch 2.13.0, float32 on 2 threads of the CPU"}
    with storage.output_folder(folder, planned, facts) as partial:
        (partial / "config.json").write_text(CONFIG.model_dump_json())
        pq.write_table(pa.Table.from_pylist(list(history), HISTORY_SCHEMA), partial / "history.parquet")
    return planned


def make_root(
    data_dir: Path,
    texts: Sequence[str] = ("fine", "dull", "a joy", "a bore"),
    labels: Sequence[str] = ("pos", "neg", "pos", "neg"),
    pos_rates: Sequence[float] = (0.9, 0.2, 0.3, 0.6),
    *,
    origin: Origin = "source",
    preset: str = "smoke",
    history: Sequence[dict[str, Any]] = (),
    run: str = "20261122-200000-smoke-sentiment-0a0a0a0a",
) -> Made:
    """A data root whose model gives the n-th test text the n-th of `pos_rates` as probability of "pos"."""
    data_folder = data_dir / "datasets" / "films" / "1"
    data = _write_data_set(data_folder, texts, labels, origin)
    folder = data_dir / "models" / "films" / run
    with storage.output_folder(
        data_dir / "ingested" / "films" / INGESTED.fingerprint[: storage.DIGEST_CHARACTERS],
        INGESTED,
        {"form": "delimited", "source_digest": "ab" * 32},
    ):
        pass
    planned = _write_model(folder, data.fingerprint, history)
    pos = np.asarray(pos_rates, dtype=np.float32)
    return Made(
        TrainedModel(
            "films", origin, "sentiment", preset, run, folder, planned.fingerprint, 3, 12_345, len(texts), 83.4
        ),
        data_dir,
        pq.read_table(data_folder / "examples" / "test.parquet", columns=["example_id", "text_digest"]),
        np.stack([1 - pos, pos], axis=1),
    )


REPORT = storage.plan("report", inputs={}, parameters={}, modules=())


def write(made: Made) -> Report:
    """The report on what was made."""
    return write_report_on(read_subject(made.model, made.data_dir), made.scored, made.probabilities, REPORT)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Made]:
    """Makes a data root in a folder of the test's own; see `make_root`."""
    return partial(make_root, tmp_path)


@pytest.fixture(name="write")
def write_fixture() -> Callable[[Made], Report]:
    return write


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One report for all tests that only read it: GENERATED data, the preset of notebook 1, two errors."""
    return write(make_root(tmp_path_factory.mktemp("root"), origin="generated", preset="keras-bilstm", history=HISTORY))


@pytest.fixture(scope="session")
def page(written: Report) -> str:
    return (written.folder / "report.html").read_text("utf-8")
