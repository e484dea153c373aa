"""Announce as a Prefect task: new data at a source becomes an event that deployments can be triggered by."""

from __future__ import annotations

import time
from typing import Any

import httpx
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.events import Event, emit_event
from prefect.events.filters import EventFilter, EventIDFilter
from prefect.runtime import task_run

from tasks.outcome import is_worth_a_retry
from text_classifier.config import Settings
from text_classifier.contract import load_contract
from text_classifier.corpus import Sighting, announcing
from text_classifier.errors import ServerError

NEW_DATA = "text-classifier.new-data"

_ARRIVES_WITHIN_SECONDS = 60.0  # a server writes what arrives every 5 seconds
_ASK_EVERY_SECONDS = 0.5


def _run_name() -> str:
    return f"announce {task_run.parameters['data_set']}"


@task(
    name="announce",
    task_run_name=_run_name,
    retries=2,
    retry_delay_seconds=[5, 20],
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def announce(data_set: str, source: str | None = None) -> Sighting:
    """Look where the data comes from, and emit an event when something else stands there than the last time.

    What could not be announced counts as unseen: the next run announces it.

    Args:
        data_set: a contract's name.
        source: a file, a folder, a pattern or an address; None: what TEXT_CLASSIFIER_<DATA SET> names. Without
            either nothing is ever new.

    Raises:
        ServerError: the event did not arrive at the Prefect server.
    """
    settings = Settings()
    contract = load_contract(settings.contracts_dir, data_set)
    named = source or settings.source_of(data_set)
    with announcing(contract, named, settings.data_dir, settings.download_timeout_seconds) as sighting:
        if sighting.is_new:
            demand_arrival(emit_event(NEW_DATA, resource=_resource(data_set), payload=_payload(sighting)))
    return sighting


def demand_arrival(event: Event | None, within_seconds: float = _ARRIVES_WITHIN_SECONDS) -> None:
    """Wait until the server has the event: it is sent in the background, where a refusal is only logged.

    Raises:
        ServerError: it has not, or there is no event.
    """
    if event is None:
        raise _not_announced("emit_event made no event; Prefect's log says why")
    deadline = time.monotonic() + within_seconds
    wanted = EventFilter(id=EventIDFilter(id=[event.id]))
    try:
        with get_client(sync_client=True) as client:
            while not client.read_events(wanted, limit=1).events:
                if time.monotonic() > deadline:
                    raise _not_announced(f"event {event.id} did not arrive within {within_seconds:g} seconds")
                time.sleep(_ASK_EVERY_SECONDS)
    except httpx.HTTPError as error:
        raise _not_announced(f"{type(error).__name__}: {error}") from error


def _resource(data_set: str) -> dict[str, str]:
    return {
        "prefect.resource.id": f"text-classifier.data-set.{data_set}",
        "prefect.resource.name": f"data set {data_set}",
    }


def _payload(sighting: Sighting) -> dict[str, Any]:
    mark = sighting.mark
    return {"data_set": sighting.data_set, "address": mark.address, "size_bytes": mark.size_bytes}


def _not_announced(seen: str) -> ServerError:
    return ServerError(
        "new data could not be announced",
        where="the events of the Prefect server",
        seen=seen,
        expected=f"an event {NEW_DATA}",
        to_do="see that PREFECT_API_URL answers, also over websockets, and that its event services run; "
        "the next run announces the same data",
    )
