"""Model folders made by hand: no training, no prediction. Every test row is of class "yes"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.champion import challenge, champion_dir, champion_run, read_ledger
from text_classifier.comparison import Comparison
from text_classifier.config import PromotionRule, preset_named
from text_classifier.records import Evaluated, TrainedModel
from text_classifier.store import Store
from text_classifier.training import ModelConfig

TEST_ROWS = 1_000


def a_config(**changes: object) -> ModelConfig:
    preset = preset_named("default")
    fields = {
        "data_set": "news",
        "origin": "source",
        "data_set_fingerprint": "",
        "corpus_fingerprint": "",
        "split_seed": 1,
        "label": "category",
        "class_names": ("no", "yes"),
        "preset": "default",
        "seed": 0,
        "vocabulary": preset.vocabulary,
        "vocabulary_size": 10,
        "tokenizer_version": 1,
        "unk_id": 1,
        "model": preset.model,
        "training": preset.training,
        "temperature": 1.0,
    }
    return ModelConfig(**(fields | changes))  # type: ignore[arg-type]


def an_evaluated(folder: Path, **changes: object) -> Evaluated:
    fields = {
        "data_set": "news",
        "origin": "source",
        "label": "category",
        "preset": "default",
        "run": folder.name,
        "folder": folder,
        "fingerprint": "",
        "signal": "found",
        "against_baseline": "not separable",
        "best_baseline": "NB-SVM",
        "best_baseline_rate": 0.7,
        "majority_gain_rate": 0.2,
        "majority_p_value": 1e-9,
        "test_rows": TEST_ROWS,
        "accuracy_rate": 0.7,
        "accuracy_low_rate": 0.67,
        "accuracy_high_rate": 0.73,
    }
    return Evaluated(**(fields | changes))  # type: ignore[arg-type]


def write_model(folder: Path, table: pa.Table, config: ModelConfig, facts: Mapping[str, object]) -> None:
    planned = storage.plan("model", inputs={}, parameters={"run": folder.name}, modules=())
    with storage.output_folder(folder, planned, dict(facts)) as partial:
        pq.write_table(table, partial / "predictions.parquet")
        (partial / "config.json").write_text(config.model_dump_json(), "utf-8")
        (partial / "weights.safetensors").write_bytes(folder.name.encode())


class House:
    """A data root, and what stands in it of data set `news`, label `category`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.folder = champion_dir(data_dir, "news", "category")
        self.pointer = self.folder / "champion.json"

    def model(
        self,
        run: str,
        right_rows: int,
        *,
        first_row: int = 0,
        slices: Mapping[str, Sequence[str | None]] | None = None,
        config: Mapping[str, object] | None = None,
        **changes: object,
    ) -> Evaluated:
        """A model whose first `right_rows` answers are right."""
        folder = self.data_dir / "models" / "news" / run
        rows = range(first_row, first_row + TEST_ROWS)
        answers = ["yes" if n < right_rows else "no" for n in range(TEST_ROWS)]
        columns = {"text_digest": [f"{n:064x}" for n in rows], "label": ["yes"] * TEST_ROWS, "prediction": answers}
        table = pa.table(columns | {f"slice_{name}": pa.array(v, pa.string()) for name, v in (slices or {}).items()})
        write_model(folder, table, a_config(**(config or {})), {"data_set_folder": "datasets/news/1"})
        return an_evaluated(folder, **changes)

    def challenged(self, evaluated: Evaluated, rule: PromotionRule | None = None, by: str = "") -> Comparison:
        return challenge(evaluated, rule or PromotionRule(), Store(self.data_dir, by))[0]

    @property
    def ledger(self) -> list[Comparison]:
        return read_ledger(self.folder)

    @property
    def in_service(self) -> str | None:
        return champion_run(self.ledger)


def a_trained(evaluated: Evaluated, **changes: object) -> TrainedModel:
    fields = {
        "data_set": evaluated.data_set,
        "origin": evaluated.origin,
        "label": evaluated.label,
        "preset": evaluated.preset,
        "run": evaluated.run,
        "folder": evaluated.folder,
        "fingerprint": "",
        "epochs": 1,
        "weights": 10,
        "test_rows": TEST_ROWS,
        "seconds": 1.0,
    }
    return TrainedModel(**(fields | changes))  # type: ignore[arg-type]
