from pathlib import Path

import pytest

from tasks.build_vocabulary import build_vocabulary
from text_classifier.errors import UnknownNameError
from text_classifier.storage import verify


def test_the_corpus_is_written_below_the_data_root_and_reused(write_data_set, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))
    data_set = write_data_set({"train": [("dull dull film", "sad"), ("warm film", "glad")]})
    corpus = build_vocabulary.fn(data_set, "smoke", False).result()
    assert corpus.folder.parent == tmp_path / "vocabularies"
    assert verify(corpus.folder).inputs == {"data_set": data_set.fingerprint}
    assert build_vocabulary.fn(data_set, "smoke", False).result() == corpus


def test_an_unknown_preset_is_refused_before_anything_is_written(write_data_set, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))
    with pytest.raises(UnknownNameError, match="did you mean 'default'"):
        build_vocabulary.fn(write_data_set({"train": [("a a", "x")]}), "defualt", False)
    assert not (tmp_path / "vocabularies").exists()
