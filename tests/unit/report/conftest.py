"""One report for all tests that only read it."""

import pytest
from made_models import HISTORY, make_root, write

from text_classifier.records import Report


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """GENERATED data, the preset of notebook 1, two errors."""
    return write(make_root(tmp_path_factory.mktemp("root"), origin="generated", preset="keras-bilstm", history=HISTORY))


@pytest.fixture(scope="session")
def page(written: Report) -> str:
    return (written.folder / "report.html").read_text("utf-8")
