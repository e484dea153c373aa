from pathlib import Path

from tasks.find_signal import find_signal
from text_classifier.config import SignalRule
from text_classifier.storage import verify

TELLING = [("dull grey film", "sad"), ("warm bright film", "glad")] * 10


def test_the_run_ends_with_what_was_found_and_the_next_reuses_it(write_data_set, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))
    data_set = write_data_set({"train": TELLING, "val": TELLING[:4], "test": TELLING[:8]})
    first = find_signal.fn(data_set, "mood", SignalRule())
    assert first.name == "Completed"
    assert first.message.startswith("signal found: balanced accuracy 1.000 on 12 examples, 0.")
    assert "of 200 refits" in first.message
    assert verify(first.result().folder).inputs == {"data_set": data_set.fingerprint}
    second = find_signal.fn(data_set, "mood", SignalRule())
    assert (second.name, second.message, second.result()) == ("Cached", first.message, first.result())
    assert find_signal.fn(data_set, "mood", SignalRule(), refresh=True).name == "Completed"


def test_no_signal_is_a_result_and_no_failure(write_data_set, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))
    data_set = write_data_set({"train": [("a", "sad"), ("a", "glad")] * 9, "test": [("a", "sad"), ("a", "glad")] * 9})
    state = find_signal.fn(data_set, "mood", SignalRule())
    assert state.is_completed()
    assert state.message.startswith("signal not found: balanced accuracy 0.500 on 18 examples")
    assert state.message.endswith("p = 1.000")
