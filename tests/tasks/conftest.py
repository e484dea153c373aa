"""A trained model, trained once for all tests of the tasks that judge it."""

import shutil
from pathlib import Path

import pytest
from trained_films import Films, films


@pytest.fixture(scope="session")
def trained_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trained")
    films(root)
    return root


@pytest.fixture
def trained(trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Films:
    """A data root of the test's own with a model that was really trained."""
    data_dir = shutil.copytree(trained_root, tmp_path / "data")
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(data_dir))
    return films(data_dir)
