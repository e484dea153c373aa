"""Deliveries of made-up notes, and a champion that was trained on one of them: its folders, built by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.champion import champion_dir
from text_classifier.comparison import Comparison
from text_classifier.config import preset_named
from text_classifier.contract import Rule
from text_classifier.records import DataSet
from text_classifier.training import ModelConfig

Row = dict[str, Any]
Rows = list[Row]

WORDS = [f"word{number}" for number in range(300)]
OTHER_WORDS = [f"name{number}" for number in range(300)]
KINDS = ("bad", "good", "odd")
SOURCES = ("east", "north", "south", "west")
SPLITS = ("train", "train", "train", "val", "test")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("example_id", "group", "text_digest", "text", "kind", "source")),
        *(("row", pa.int64()), ("stars", pa.int64()), ("day", pa.date32())),
    ]
)


def notes(count: int, seed: int, words: Sequence[str] = WORDS, least_words: int = 20) -> Rows:
    """Rows of one distribution; every seed makes other texts. The first words are more frequent than the last."""
    draw = np.random.default_rng(seed)
    weights = 1 / np.arange(5, len(words) + 5)
    lengths = draw.integers(least_words, 2 * least_words, count)
    drawn = draw.choice(words, size=(count, 2 * least_words), p=weights / weights.sum())
    return [
        {
            "text": " ".join(drawn[number][: lengths[number]]) + f" {seed}x{number}",
            "split": SPLITS[draw.integers(len(SPLITS))],
            "kind": KINDS[draw.integers(3)],
            "source": SOURCES[draw.integers(4)] if draw.random() > 0.05 else None,
            "stars": int(draw.integers(1, 6)),
            "day": date(2024, 1, 1) + timedelta(days=int(draw.integers(366))),
            "group": None,
        }
        for number in range(count)
    ]


def write_examples(folder: Path, rows: Rows) -> Path:
    """`examples/<split>.parquet` of every split that has rows, as validation writes them."""
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    told = [
        row | {"example_id": str(n), "row": n, "text_digest": storage.sha256_text(row["text"])}
        for n, row in enumerate(rows, start=2)
    ]
    for split in {row["split"] for row in rows}:
        table = pa.Table.from_pylist([row for row in told if row["split"] == split], schema=SCHEMA)
        pq.write_table(table, folder / "examples" / f"{split}.parquet")
    return folder


def write_data_set(data_dir: Path, rows: Rows) -> DataSet:
    """A data set in the data root, with its manifest."""
    planned = storage.plan("dataset", inputs={"rows": storage.sha256_text(repr(rows))}, parameters={}, modules=())
    folder = data_dir / "datasets" / "notes" / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    with storage.output_folder(folder, planned, {}) as partial:
        write_examples(partial, rows)
    split_rows = {split: sum(row["split"] == split for row in rows) for split in ("train", "val", "test")}
    kinds = {"kind": KINDS}
    return DataSet(
        "notes", "source", folder, planned.fingerprint, "notes.csv", "1.0.0", 7, kinds, len(rows), 0, 0, split_rows
    )


def put_in_service(data_dir: Path, data_set: DataSet, words: Sequence[str] = WORDS) -> Path:
    """A champion of the label `kind` that knows `words`; its model folder. It has no weights: nobody asks for them."""
    preset = preset_named("smoke")
    planned = storage.plan("model", inputs={"data_set": data_set.fingerprint}, parameters={}, modules=())
    folder = data_dir / "models" / "notes" / "run-1"
    facts = {"data_set_folder": data_set.folder.relative_to(data_dir).as_posix()}
    tokens = ["[PAD]", "[UNK]", *words]
    config = ModelConfig(
        data_set="notes",
        origin="source",
        data_set_fingerprint=data_set.fingerprint,
        corpus_fingerprint="ab" * 32,
        split_seed=7,
        label="kind",
        class_names=KINDS,
        preset="smoke",
        seed=0,
        vocabulary=preset.vocabulary,
        vocabulary_size=len(tokens),
        tokenizer_version=1,
        unk_id=1,
        model=preset.model,
        training=preset.training,
        temperature=1.0,
    )
    with storage.output_folder(folder, planned, facts) as partial:
        pq.write_table(
            pa.table({"token": tokens, "token_id": pa.array(range(len(tokens)), pa.int32())}),
            partial / "vocabulary.parquet",
        )
        (partial / "config.json").write_text(config.model_dump_json(), "utf-8")
    ledger = champion_dir(data_dir, "notes", "kind") / "ledger.jsonl"
    ledger.parent.mkdir(parents=True, exist_ok=True)
    ledger.write_text(
        json.dumps(asdict(Comparison("run-1", None, "promoted", "first model with a signal"))) + "\n", "utf-8"
    )
    return folder


def drift_rule(measure: str, maximum: float, severity: Any = "warning", column: str | None = None) -> Rule:
    kwargs = {"measure": measure, "maximum": maximum} | ({"column": column} if column else {})
    return Rule(f"drift-{measure}-{severity}", "", severity, "drift", kwargs, column)


RULES = (
    drift_rule("labelShares", 0.1),
    drift_rule("textLength", 0.2),
    drift_rule("outOfVocabulary", 0.05),
    drift_rule("missingValues", 0.1),
    drift_rule("columnShares", 0.2),
    drift_rule("newTexts", 0.6),
)
"""As strict as the shipped contracts' warnings."""

Change = Callable[[Rows], Rows]


def with_values(share: float, **values: Any) -> Change:
    """A share of the rows, 0 to 1, has other values."""
    return lambda rows: [row | values if number < share * len(rows) else row for number, row in enumerate(rows)]
