from pathlib import Path

import pytest

from tasks.build_vocabulary import build_vocabulary
from tasks.train import train, trained_model
from text_classifier.errors import DamagedOutputError, UnknownNameError
from text_classifier.records import DataSet, TrainRun
from text_classifier.training import load_model

PAIRS = [("dull flat film", "sad"), ("warm bright film", "glad")] * 20


@pytest.fixture
def films(write_data_set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataSet:
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))
    return write_data_set({"train": PAIRS, "val": PAIRS[:8], "test": PAIRS[:6]})


def test_a_trained_model_is_found_by_later_flows(films: DataSet) -> None:
    corpus = build_vocabulary.fn(films, "smoke", False).result()
    model = train.fn(films, corpus, "mood", "smoke", TrainRun(seed=1)).result()
    assert trained_model("films", None) == trained_model("films", model.run) == model
    assert load_model(model.folder).class_names == ("glad", "sad")


def test_an_unknown_label_is_refused(films: DataSet) -> None:
    corpus = build_vocabulary.fn(films, "smoke", False).result()
    with pytest.raises(UnknownNameError, match="mood"):
        train.fn(films, corpus, "category", "smoke", TrainRun(seed=1))
    with pytest.raises(DamagedOutputError, match="no model of films"):
        trained_model("films", None)
