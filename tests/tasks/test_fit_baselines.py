from pathlib import Path

import pytest

from tasks.fit_baselines import fit_baselines
from text_classifier.errors import UnknownNameError
from text_classifier.storage import verify

TELLING = [("dull grey film", "sad"), ("warm bright film", "glad")] * 10


def test_the_preset_decides_on_which_rows_they_learn(write_data_set, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))
    data_set = write_data_set({"train": TELLING, "val": TELLING[:4], "test": TELLING[:8]})
    held_out, trained_on = (fit_baselines.fn(data_set, "mood", preset) for preset in ("default", "keras-bilstm"))
    assert [verify(state.result().folder).facts["train_rows"] for state in (held_out, trained_on)] == [20, 24]
    assert held_out.message.startswith("right on test: majority class 50.0 %, stratified chance ")
    assert held_out.message.endswith("NB-SVM 100.0 %")
    assert fit_baselines.fn(data_set, "mood", "default").name == "Cached"
    assert fit_baselines.fn(data_set, "mood", "default", refresh=True).name == "Completed"


def test_an_unknown_preset_is_refused(write_data_set, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))
    with pytest.raises(UnknownNameError, match="did you mean 'default'"):
        fit_baselines.fn(write_data_set({"train": TELLING, "test": TELLING}), "mood", "defualt")
