"""One Prefect server for all flow tests, and a data root of its own for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="session", autouse=True)
def _server() -> Iterator[None]:
    with (
        prefect_test_harness(server_startup_timeout=120),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        yield


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("NEWS", "IMDB", "IMDB_SAMPLE"):
        monkeypatch.delenv(f"TEXT_CLASSIFIER_{name}", raising=False)
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"
