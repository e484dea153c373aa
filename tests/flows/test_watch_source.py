"""New data becomes an event, once; what ends the run says so."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.events import Event
from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter
from prefect.exceptions import ParameterTypeError

from flows.watch_source import watch_source
from tasks.announce import demand_arrival
from text_classifier.errors import ServerError, SourceNotFoundError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "news-1.csv"
    path.write_text("title;text\n", "utf-8")
    return path


def events_about(address: Path) -> list[Event]:
    wanted = EventFilter(
        event=EventNameFilter(name=["text-classifier.new-data"]),
        resource=EventResourceFilter(id=["text-classifier.data-set.news"]),
    )
    with get_client(sync_client=True) as client:
        return [e for e in client.read_events(wanted, limit=50).events if e.payload["address"] == str(address)]


def test_new_data_is_announced_once_and_the_end_of_the_run_says_so(file: Path, data_dir: Path) -> None:
    first = watch_source("news", str(file.parent / "news-*.csv"), return_state=True)
    assert (first.name, first.message) == ("Completed", f"new data at {file}: announced")
    assert first.result() is True
    second = watch_source("news", str(file.parent / "news-*.csv"), return_state=True)
    assert (second.name, second.message) == ("Completed", f"no new data at {file}")
    assert second.result() is False
    (event,) = events_about(file)
    assert event.resource.name == "data set news"
    assert event.payload == {"data_set": "news", "address": str(file), "size_bytes": 11}
    names = {resource.get("prefect.resource.role"): resource.name for resource in event.related}
    assert names["flow"] == "watch-source"


def test_newer_data_is_announced_again(file: Path, data_dir: Path) -> None:
    assert watch_source("news", str(file))
    os.utime(file, (time.time() + 5,) * 2)
    assert watch_source("news", str(file))
    assert len(events_about(file)) == 2


def test_the_environment_names_the_source(file: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not watch_source("news")
    monkeypatch.setenv("TEXT_CLASSIFIER_NEWS", str(file))
    assert watch_source("news")


def test_a_source_that_is_gone_fails_the_run(file: Path, data_dir: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="to do: correct"):
        watch_source("news", str(file.with_name("gone-*.csv")))


def test_a_name_that_is_no_data_set_is_refused(data_dir: Path) -> None:
    with pytest.raises(ParameterTypeError, match="String should match pattern"):
        watch_source("../news")


def test_an_event_that_does_not_arrive_fails_the_task(data_dir: Path) -> None:
    lost = Event(event="text-classifier.new-data", resource={"prefect.resource.id": "x"}, occurred=datetime.now(UTC))
    with pytest.raises(ServerError, match=f"event {lost.id} did not arrive within 1 seconds"):
        demand_arrival(lost, within_seconds=1)
