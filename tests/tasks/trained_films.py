"""A data root in which every step before the evaluation was really done, on texts that take a second or two."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.baselines import find_signal, fit_baselines
from text_classifier.config import SignalRule, preset_named
from text_classifier.records import Baselines, DataSet, SignalTest, Split, TrainedModel, TrainRun
from text_classifier.store import Store
from text_classifier.training import TrainingJob, train
from text_classifier.vocabulary import build

ROWS: dict[Split, int] = {"train": 120, "val": 30, "test": 40}
WORDS = {"neg": "dull flat tired bore", "pos": "bright warm lively joy"}
FILLERS = ("the", "film", "was", "long", "and", "in", "colour")


@dataclass(frozen=True)
class Films:
    """What the steps before the evaluation hand on."""

    data_set: DataSet
    signal: SignalTest
    baselines: Baselines
    model: TrainedModel


def films(data_dir: Path) -> Films:
    """The steps before the evaluation; what stands in the data root already is reused."""
    store, data_set = Store(data_dir), _data_set(data_dir)
    corpus = build(data_set, preset_named("smoke"), store)
    return Films(
        data_set,
        find_signal(data_set, "sentiment", SignalRule(), store),
        fit_baselines(data_set, "sentiment", ("train",), store),
        train(TrainingJob(data_set, corpus, "sentiment", "smoke", TrainRun(seed=1)), store),
    )


def examples(split: Split) -> pa.Table:
    """Texts of eight words, three of which give their class away."""
    rng = np.random.default_rng(list(ROWS).index(split))
    labels = [("neg", "pos")[n % 2] for n in range(ROWS[split])]
    rows = range(2, 2 + len(labels))
    texts = [" ".join([*rng.choice(WORDS[label].split(), 3), *rng.choice(FILLERS, 5)]) for label in labels]
    return pa.table(
        {
            "example_id": [f"{split}-{row}" for row in rows],
            "row": pa.array(rows, pa.int64()),
            "group": pa.nulls(len(labels), pa.string()),
            "text_digest": [storage.sha256_text(text) for text in texts],
            "text": texts,
            "sentiment": labels,
        }
    )


def _data_set(data_dir: Path) -> DataSet:
    address, rows = "films.csv", sum(ROWS.values()) + 2
    ingested = storage.plan("ingested", inputs={"source": "ab" * 32}, parameters={}, modules=())
    planned = storage.plan("dataset", inputs={"ingested": ingested.fingerprint}, parameters={}, modules=())
    folder = data_dir / "datasets" / "films" / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    classes = {"sentiment": ("neg", "pos")}
    data_set = DataSet(
        "films", "sample", folder, planned.fingerprint, address, "1.0.0", 7, classes, rows, 2, 0, dict(ROWS)
    )
    if folder.exists():
        return data_set
    source = data_dir / "ingested" / "films" / ingested.fingerprint[: storage.DIGEST_CHARACTERS]
    with storage.output_folder(source, ingested, {"form": "delimited", "source_digest": "ab" * 32}):
        pass
    facts = {
        "data_set": "films",
        "address": address,
        "contract_version": "1.0.0",
        "split_seed": 7,
        "read_rows": rows,
        "rejected_rows": 2,
        "leaked_rows": 0,
        "split_rows": dict(ROWS),
    }
    with storage.output_folder(folder, planned, facts) as partial:
        (partial / "examples").mkdir()
        for split in ROWS:
            pq.write_table(examples(split), partial / "examples" / f"{split}.parquet")
    return data_set
