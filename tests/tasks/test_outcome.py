"""Runs of a data set, and of the one that may be taken instead, work one at a time."""

import threading
from pathlib import Path

import pytest

from tasks.outcome import only_run_of


@pytest.mark.parametrize(
    ("first", "second", "waits_for"),
    [("imdb", "imdb", "imdb"), ("imdb", "imdb_sample", "imdb_sample"), ("imdb_sample", "imdb", "imdb_sample")],
)
def test_a_run_waits_for_those_that_may_write_the_same(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    first: str,
    second: str,
    waits_for: str,
) -> None:
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))
    caplog.set_level("INFO")
    ended: list[str] = []

    def run() -> None:
        with only_run_of(second):
            ended.append("second")

    with only_run_of(first):
        thread = threading.Thread(target=run)
        thread.start()
        while thread.is_alive() and f"another run of {waits_for} is on: waiting for it" not in caplog.text:
            threading.Event().wait(0.01)
        with only_run_of("news"):
            ended.append("first")
    thread.join(60)
    assert ended == ["first", "second"]
