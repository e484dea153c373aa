"""Ingest as a Prefect task: a source becomes typed rows; only what may pass by itself is tried again."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run

from tasks.outcome import ended, is_worth_a_retry, store
from text_classifier.config import Settings
from text_classifier.corpus import SourceRequest
from text_classifier.corpus import ingest as ingest_source
from text_classifier.records import Ingested


def _run_name() -> str:
    return f"ingest {task_run.parameters['data_set']}"


@task(
    name="ingest",
    task_run_name=_run_name,
    retries=2,
    retry_delay_seconds=[5, 20],
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def ingest(data_set: str, source: str | None = None, refresh: bool = False) -> State[Ingested]:
    """Fetch the source of a data set and read its rows.

    Args:
        data_set: a contract's name.
        source: a file, a folder, a pattern (the newest file that fits) or an address; None: what
            TEXT_CLASSIFIER_<DATA SET> names, else the contract's generator or official download.
        refresh: read the rows anew even where the same ones stand.
    """
    settings = Settings()
    request = SourceRequest(data_set, source or settings.source_of(data_set), settings.download_timeout_seconds)
    ingested = ingest_source(request, settings.contracts_dir, store(refresh))
    return ended(ingested, f"{ingested.address}: {ingested.told_rows}", ingested.making.is_reused)
