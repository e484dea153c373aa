"""A real model, small and untrained, that is given test rows it has not seen."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from champion_house import a_config, an_evaluated
from safetensors.torch import save

from text_classifier import storage
from text_classifier.champion import challenge
from text_classifier.comparison import Comparison
from text_classifier.config import ModelOptions, PromotionRule, preset_named
from text_classifier.errors import DamagedOutputError
from text_classifier.records import Evaluated
from text_classifier.store import Store
from text_classifier.training import load_model
from text_classifier.training.networks import MODELS, Sizes

TOKENS = ["", "[UNK]", "good", "bad", "film", "long"]
OPTIONS = ModelOptions(architecture="bilstm", embedding_size=8, hidden_size=8)
TEXTS = [f"{a} {b} {c}" for a in TOKENS[2:] for b in TOKENS[2:] for c in TOKENS[2:]]


def write_data_set(data_dir: Path, name: str, texts: Sequence[str], labels: Sequence[str]) -> str:
    place = f"datasets/news/{name}"
    planned = storage.plan("dataset", inputs={"name": name}, parameters={}, modules=())
    with storage.output_folder(data_dir / place, planned, {}) as partial:
        (partial / "examples").mkdir()
        digests = [storage.sha256_text(text) for text in texts]
        table = pa.table({"text_digest": digests, "text": list(texts), "category": list(labels)})
        pq.write_table(table, partial / "examples" / "test.parquet")
    return place


def write_model(
    data_dir: Path, run: str, data_set: str, table: pa.Table, classes: tuple[str, ...] = ("no", "yes")
) -> Evaluated:
    folder = data_dir / "models" / "news" / run
    planned = storage.plan("model", inputs={}, parameters={"run": run}, modules=())
    torch.manual_seed(3)
    network = MODELS["bilstm"](OPTIONS, Sizes(len(TOKENS), 2, 1))
    training = preset_named("smoke").training
    config = a_config(model=OPTIONS, training=training, vocabulary_size=len(TOKENS), class_names=classes)
    with storage.output_folder(folder, planned, {"data_set_folder": data_set}) as partial:
        (partial / "weights.safetensors").write_bytes(save(network.state_dict()))
        (partial / "config.json").write_text(config.model_dump_json(), "utf-8")
        ids = pa.array(range(len(TOKENS)), pa.int32())
        pq.write_table(pa.table({"token": TOKENS, "token_id": ids}), partial / "vocabulary.parquet")
        pq.write_table(table, partial / "predictions.parquet")
    return an_evaluated(folder)


def predictions(texts: Sequence[str], labels: Sequence[str], answers: Sequence[str]) -> pa.Table:
    digests = [storage.sha256_text(text) for text in texts]
    return pa.table({"text_digest": digests, "label": list(labels), "prediction": list(answers)})


def challenged(data_dir: Path, evaluated: Evaluated) -> Comparison:
    return challenge(evaluated, PromotionRule(), Store(data_dir))[0]


@pytest.fixture
def champion(tmp_path: Path) -> Evaluated:
    """In service; its test split is the first half of TEXTS, and the model itself answers what it answers."""
    half = TEXTS[:32]
    labels = ["yes"] * len(half)
    place = write_data_set(tmp_path, "old", half, labels)
    evaluated = write_model(tmp_path, "champion", place, predictions(half, labels, labels))
    assert challenged(tmp_path, evaluated).is_promoted
    return evaluated


def answers_of(champion: Evaluated, texts: Sequence[str]) -> list[str]:
    model = load_model(champion.folder)
    return [model.class_names[at] for at in model.predict_probabilities(texts).argmax(axis=1)]


def test_a_champion_is_given_the_rows_of_a_new_test_split_once(tmp_path: Path, champion: Evaluated) -> None:
    labels = [("no", "yes")[n % 2] for n in range(len(TEXTS))]
    place = write_data_set(tmp_path, "new", TEXTS, labels)
    challenger = write_model(tmp_path, "challenger", place, predictions(TEXTS, labels, labels))
    comparison = challenged(tmp_path, challenger)
    right = np.mean([answer == label for answer, label in zip(answers_of(champion, TEXTS), labels, strict=True)])
    assert 0 < right < 1
    assert comparison.rows == len(TEXTS)
    assert comparison.gain_rate == pytest.approx(1 - right)
    assert "the champion was scored anew" in comparison.reason
    (kept,) = (tmp_path / "champions" / "news" / "category" / "rescored").iterdir()
    made_at = (kept / "manifest.json").stat().st_mtime_ns
    other = predictions(TEXTS, labels, ["no"] * len(TEXTS))
    challenged(tmp_path, write_model(tmp_path, "another", place, other))
    assert (kept / "manifest.json").stat().st_mtime_ns == made_at


def test_a_row_whose_label_was_corrected_is_a_new_row(tmp_path: Path, champion: Evaluated) -> None:
    labels = ["no", *["yes"] * 31]
    place = write_data_set(tmp_path, "new", TEXTS[:32], labels)
    comparison = challenged(
        tmp_path, write_model(tmp_path, "challenger", place, predictions(TEXTS[:32], labels, labels))
    )
    assert "the champion was scored anew" in comparison.reason


def test_rows_that_left_the_test_split_need_no_scoring(tmp_path: Path, champion: Evaluated) -> None:
    labels = ["yes"] * 20
    place = write_data_set(tmp_path, "new", TEXTS[:20], labels)
    comparison = challenged(
        tmp_path, write_model(tmp_path, "challenger", place, predictions(TEXTS[:20], labels, labels))
    )
    assert (comparison.rows, comparison.gain_rate) == (20, 0)
    assert "scored anew" not in comparison.reason


def test_a_damaged_champion_is_not_scored_and_stays_in_service(tmp_path: Path, champion: Evaluated) -> None:
    labels = ["yes"] * len(TEXTS)
    place = write_data_set(tmp_path, "new", TEXTS, labels)
    challenger = write_model(tmp_path, "challenger", place, predictions(TEXTS, labels, labels))
    (champion.folder / "weights.safetensors").write_bytes(b"changed")
    comparison = challenged(tmp_path, challenger)
    assert comparison.against_champion == "not comparable"
    assert "weights.safetensors" in comparison.reason


def test_a_challenger_whose_data_are_gone_is_an_error_not_a_verdict(tmp_path: Path, champion: Evaluated) -> None:
    labels = ["yes"] * len(TEXTS)
    challenger = write_model(tmp_path, "challenger", "datasets/news/gone", predictions(TEXTS, labels, labels))
    with pytest.raises(DamagedOutputError, match="datasets/news/gone"):
        challenged(tmp_path, challenger)


def test_a_champion_whose_answers_are_damaged_gives_them_anew(tmp_path: Path, champion: Evaluated) -> None:
    labels = ["yes"] * 32
    place = write_data_set(tmp_path, "new", TEXTS[:32], labels)
    challenger = write_model(tmp_path, "challenger", place, predictions(TEXTS[:32], labels, labels))
    (champion.folder / "predictions.parquet").write_bytes(b"changed")
    comparison = challenged(tmp_path, challenger)
    assert (comparison.rows, comparison.against_champion != "not comparable") == (32, True)
    assert "the champion was scored anew" in comparison.reason


def test_a_champion_is_not_compared_on_rows_that_it_was_trained_on(tmp_path: Path, champion: Evaluated) -> None:
    labels = ["yes"] * len(TEXTS)
    examples = tmp_path / "datasets" / "news" / "old" / "examples"
    digests = [storage.sha256_text(text) for text in TEXTS[40:50]]
    pq.write_table(pa.table({"text_digest": digests}), examples / "train.parquet")
    place = write_data_set(tmp_path, "new", TEXTS, labels)
    challenger = write_model(tmp_path, "challenger", place, predictions(TEXTS, labels, labels))
    comparison = challenged(tmp_path, challenger)
    assert comparison.against_champion == "not comparable"
    assert comparison.reason == f"the champion has read 10 of the {len(TEXTS)} test rows in training"


@pytest.mark.parametrize("split", ["train", "val"])
def test_where_what_it_has_read_is_damaged_it_is_not_compared(tmp_path: Path, champion: Evaluated, split: str) -> None:
    (tmp_path / "datasets" / "news" / "old" / "examples" / f"{split}.parquet").write_bytes(b"PAR1 cut short")
    labels = ["yes"] * len(TEXTS)
    place = write_data_set(tmp_path, "new", TEXTS, labels)
    challenger = write_model(tmp_path, "challenger", place, predictions(TEXTS, labels, labels))
    comparison = challenged(tmp_path, challenger)
    assert comparison.against_champion == "not comparable"
    assert "what the champion has read in training cannot be read" in comparison.reason


def test_texts_that_its_encoder_has_read_count(tmp_path: Path, champion: Evaluated) -> None:
    labels, fingerprint = ["yes"] * len(TEXTS), "ab" * 32
    encoder = tmp_path / "encoders" / "news" / fingerprint[: storage.DIGEST_CHARACTERS]
    encoder.mkdir(parents=True)
    digests = [storage.sha256_text(text) for text in TEXTS[40:43]]
    pq.write_table(pa.table({"text_digest": digests}), encoder / "texts.parquet")
    manifest = champion.folder / storage.MANIFEST
    kept = json.loads(manifest.read_text())
    kept["inputs"]["encoder"] = fingerprint
    kept["facts"]["data_set"] = "news"
    manifest.write_text(json.dumps(kept))
    place = write_data_set(tmp_path, "new", TEXTS, labels)
    challenger = write_model(tmp_path, "challenger", place, predictions(TEXTS, labels, labels))
    expected = f"the champion has read 3 of the {len(TEXTS)} test rows in training"
    assert challenged(tmp_path, challenger).reason == expected


@pytest.mark.parametrize("unsup_rows", [0, 10])
def test_unlabelled_texts_count_where_the_champion_has_read_them(
    tmp_path: Path, champion: Evaluated, unsup_rows: int
) -> None:
    labels = ["yes"] * len(TEXTS)
    digests = [storage.sha256_text(text) for text in (*TEXTS[:3], *TEXTS[40:50])]  # three of its own test split
    unsup = tmp_path / "datasets" / "news" / "old" / "examples" / "unsup.parquet"
    pq.write_table(pa.table({"text_digest": digests}), unsup)
    manifest = champion.folder / storage.MANIFEST
    kept = json.loads(manifest.read_text())
    kept["facts"]["unsup_rows"] = unsup_rows
    manifest.write_text(json.dumps(kept))
    place = write_data_set(tmp_path, "new", TEXTS, labels)
    challenger = write_model(tmp_path, "challenger", place, predictions(TEXTS, labels, labels))
    comparison = challenged(tmp_path, challenger)
    assert (comparison.against_champion == "not comparable") == bool(unsup_rows)
    assert ("has read 10 of" in comparison.reason) == bool(unsup_rows)
