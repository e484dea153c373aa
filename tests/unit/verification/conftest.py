"""One really trained, judged and reported model, made once; every test may change a copy of its data root."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from text_classifier import storage
from text_classifier.baselines import find_signal, fit_baselines
from text_classifier.champion import challenge
from text_classifier.config import PromotionRule, SignalRule, preset_named
from text_classifier.contract import latest_data_set
from text_classifier.evaluation.judging import evaluate_model
from text_classifier.records import Split, TrainRun
from text_classifier.report.write import write_report
from text_classifier.store import Store
from text_classifier.training import TrainingJob, train
from text_classifier.vocabulary import build
from text_classifier.vocabulary.building import counted_splits

ROWS: dict[Split, int] = {"train": 160, "val": 40, "test": 60}
WORDS = {"neg": "dull flat tired bore", "pos": "bright warm lively joy"}
FILLERS = ("the", "film", "was", "long", "and", "in", "colour")


def publish(data_dir: Path, run: str, seed: int = 1) -> None:
    """The whole chain on the data set below `data_dir`, every step anew."""
    store = Store(data_dir, run, refresh=True)
    data, smoke = latest_data_set(data_dir, "films"), preset_named("smoke")
    signal = find_signal(data, "mood", SignalRule(refits=99, level=0.05), store)
    baselines = fit_baselines(data, "mood", counted_splits(smoke), store)
    corpus = build(data, smoke, store)
    model = train(TrainingJob(data, corpus, "mood", "smoke", TrainRun(seed=seed, max_epochs=1)), store)
    evaluated = evaluate_model(model, signal, baselines, store)
    comparison, _ = challenge(evaluated, PromotionRule(), store)
    write_report(evaluated, comparison, data, store)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("made")
    write_films(data_dir)
    publish(data_dir, "first run")
    return data_dir


@pytest.fixture
def data_dir(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "elsewhere" / "data")


@pytest.fixture
def publish_anew(data_dir: Path) -> Callable[..., None]:
    """The chain once more, by a run of that name and with that seed of the model."""
    return partial(publish, data_dir)


def write_films(data_dir: Path) -> None:
    """Texts of nine words, four of which mostly give their class away."""
    ingested = storage.plan("ingested", inputs={"source": "ab" * 32}, parameters={}, modules=())
    place = data_dir / "ingested" / "films" / ingested.fingerprint[: storage.DIGEST_CHARACTERS]
    with storage.output_folder(place, ingested, {"form": "delimited", "source_digest": "ab" * 32}):
        pass
    planned = storage.plan("dataset", inputs={"ingested": ingested.fingerprint}, parameters={}, modules=())
    folder = data_dir / "datasets" / "films" / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    facts = {
        "data_set": "films",
        "origin": "sample",
        "address": str(data_dir / "films.csv"),
        "contract_version": "1.0.0",
        "split_seed": 7,
        "classes": {"mood": ["neg", "pos"]},
        "read_rows": sum(ROWS.values()),
        "rejected_rows": 0,
        "leaked_rows": 0,
        "split_rows": ROWS,
    }
    with storage.output_folder(folder, planned, facts) as partial:
        (partial / "examples").mkdir()
        for split in ROWS:
            pq.write_table(_examples(split), partial / "examples" / f"{split}.parquet")


def _examples(split: Split) -> pa.Table:
    rng = np.random.default_rng(list(ROWS).index(split))
    labels = rng.choice(["neg", "pos"], ROWS[split])
    said = [label if rng.random() < 0.9 else "neg" for label in labels]
    texts = [" ".join([*rng.choice(WORDS[one].split(), 4), *rng.choice(FILLERS, 5)]) for one in said]
    return pa.table(
        {
            "example_id": [f"{split}-{row}" for row in range(len(texts))],
            "row": pa.array(range(2, 2 + len(texts)), pa.int64()),
            "group": pa.nulls(len(texts), pa.string()),
            "text_digest": [storage.sha256_text(text) for text in texts],
            "text": texts,
            "mood": labels,
        }
    )
