from pathlib import Path

import pytest
from prefect.client.schemas.objects import State, StateType
from prefect.events.clients import NullEventsClient
from prefect.events.worker import EventsWorker
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.announce import announce
from text_classifier.errors import ServerError, SourceFormatError, SourceUnavailableError, UnknownNameError

NOBODY = "http://127.0.0.1:9/api"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("TEXT_CLASSIFIER_NEWS", raising=False)
    path = tmp_path / "news.csv"
    path.write_text("title;text\n", "utf-8")
    return path


def test_a_server_that_does_not_answer_fails_the_task_and_nothing_is_remembered(file: Path, tmp_path: Path) -> None:
    with temporary_settings({PREFECT_API_URL: NOBODY}):
        for _ in range(2):
            with pytest.raises(ServerError, match=r"could not be announced.*to do: see that PREFECT_API_URL answers"):
                announce.fn("news", str(file))
    EventsWorker.drain_all()
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def test_events_that_are_switched_off_fail_the_task(file: Path, tmp_path: Path) -> None:
    EventsWorker.set_client_override(NullEventsClient)
    try:
        with temporary_settings({PREFECT_API_URL: NOBODY}):
            with pytest.raises(ServerError, match="emit_event made no event"):
                announce.fn("news", str(file))
    finally:
        EventsWorker.drain_all()
        EventsWorker.set_client_override(None)
    assert not (tmp_path / "data" / "raw" / "news" / "announced.json").exists()


def test_without_a_source_nothing_is_announced(file: Path) -> None:
    assert announce.fn("news").sentence == "no new data at generator:news"


def test_an_unknown_data_set_is_told_with_the_known_ones(file: Path) -> None:
    with pytest.raises(UnknownNameError, match="imdb, "):
        announce.fn("nosuch", str(file))


@pytest.mark.parametrize(
    ("error", "again"),
    [(SourceUnavailableError("refused"), True), (ServerError("no event"), False), (SourceFormatError("wrong"), False)],
)
def test_only_what_may_pass_by_itself_is_tried_again(error: Exception, again: bool) -> None:
    state: State[object] = State(type=StateType.FAILED, data=error)
    assert announce.retry_condition_fn is not None
    assert announce.retry_condition_fn(announce, None, state) is again
