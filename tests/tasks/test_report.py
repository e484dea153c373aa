import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.report import report
from text_classifier import storage
from text_classifier.config import preset_named
from text_classifier.errors import DamagedOutputError, MisalignedPredictionsError
from text_classifier.records import DataSet, Split, TrainedModel, TrainRun
from text_classifier.store import Store
from text_classifier.training import TrainingJob, latest_model, load_model, train
from text_classifier.vocabulary import build

ROWS: dict[Split, int] = {"train": 120, "val": 30, "test": 40}
WORDS = {"neg": "dull flat tired bore", "pos": "bright warm lively joy"}
FILLERS = ("the", "film", "was", "long", "and", "in", "colour")


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


def films(data_dir: Path) -> DataSet:
    """A validated data set in the data root, and the papers of its ingestion."""
    address = "films.csv"
    ingested = storage.plan("ingested", inputs={"source": "ab" * 32}, parameters={}, modules=())
    folder = data_dir / "ingested" / "films" / ingested.fingerprint[: storage.DIGEST_CHARACTERS]
    with storage.output_folder(folder, ingested, {"form": "delimited", "source_digest": "ab" * 32}):
        pass
    facts = {
        "data_set": "films",
        "address": address,
        "contract_version": "1.0.0",
        "split_seed": 7,
        "read_rows": sum(ROWS.values()) + 2,
        "rejected_rows": 2,
        "leaked_rows": 0,
        "split_rows": dict(ROWS),
    }
    planned = storage.plan("dataset", inputs={"ingested": ingested.fingerprint}, parameters={}, modules=())
    folder = data_dir / "datasets" / "films" / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    with storage.output_folder(folder, planned, facts) as partial:
        (partial / "examples").mkdir()
        for split in ROWS:
            pq.write_table(examples(split), partial / "examples" / f"{split}.parquet")
    classes = {"sentiment": ("neg", "pos")}
    rows = sum(ROWS.values()) + 2
    return DataSet("films", "sample", folder, planned.fingerprint, address, "1.0.0", 7, classes, rows, 2, 0, dict(ROWS))


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainedModel:
    """A model that was really trained, for a second or two, in a data root of its own."""
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))
    data_set = films(tmp_path)
    corpus = build(data_set, preset_named("smoke"), Store(tmp_path))
    return train(TrainingJob(data_set, corpus, "sentiment", "smoke", TrainRun(seed=1)), Store(tmp_path))


def test_a_trained_model_gets_its_report(model: TrainedModel, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        written = report.fn(model).result()
    assert (written.test_rows, written.read_rows, written.rejected_rows) == (40, 192, 2)
    assert "films (SAMPLE)" in written.first_sentence
    assert written.first_sentence in caplog.text
    assert str(written.folder / "report.html") in caplog.text
    assert written.first_sentence.split(":")[0] in (written.folder / "report.html").read_text("utf-8").replace(
        "&#39;", "'"
    )


def test_predictions_are_those_of_the_raw_texts(model: TrainedModel) -> None:
    predictions = pq.read_table(report.fn(model).result().folder / "predictions.parquet")
    texts = examples("test")["text"].to_pylist()
    expected = load_model(model.folder).predict_probabilities(texts)
    np.testing.assert_allclose(predictions["p_pos"].to_numpy(), expected[:, 1], atol=1e-5)
    assert predictions["example_id"].to_pylist() == examples("test")["example_id"].to_pylist()


def test_a_reported_model_is_whole_and_stays_as_old_as_it_is(model: TrainedModel) -> None:
    before = storage.read_manifest(model.folder)
    report.fn(model)
    report.fn(model)
    after = storage.verify(model.folder)
    assert after.created_at == before.created_at
    assert latest_model(model.folder.parents[2], "films") == model


def test_predictions_of_a_corpus_in_another_order_are_refused(model: TrainedModel) -> None:
    corpus = model.folder.parents[2] / storage.read_manifest(model.folder).facts["corpus_folder"]
    path = corpus / "encoded" / "test.parquet"
    pq.write_table(pq.read_table(path).take([1, 0, *range(2, 40)]), path)
    with pytest.raises(DamagedOutputError):
        report.fn(model)
    manifest = storage.read_manifest(corpus)
    storage.write_manifest(corpus, manifest, manifest.facts)
    with pytest.raises(MisalignedPredictionsError, match="position 0"):
        report.fn(model)
    assert not (model.folder / "report.html").exists()
