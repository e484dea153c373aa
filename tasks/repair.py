"""Rejected rows out to a file that a person edits, and the edited ones back into their places."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run

from tasks.outcome import ended, store
from text_classifier import corpus
from text_classifier.config import Settings
from text_classifier.contract import load_contract
from text_classifier.records import DataSet, Ingested


def _export_name() -> str:
    data_set = task_run.parameters["data_set"]
    return f"export {data_set.rejected_rows:,} rejected rows of {data_set.data_set}"


@task(name="export-rejected", task_run_name=_export_name, cache_policy=NO_CACHE)
def export_rejected(data_set: DataSet) -> State[str]:
    """Write the rejected rows to a CSV below repairs/, with what could be read of them; its path."""
    settings = Settings()
    contract = load_contract(settings.contracts_dir, data_set.data_set)
    path, rows = corpus.export_rejected(data_set, contract, settings.data_dir)
    return ended(str(path), f"{rows:,} rejected rows of {data_set.data_set} stand in {path}", is_reused=False)


def _readmit_name() -> str:
    return f"readmit rows of {task_run.parameters['data_set'].data_set}"


@task(name="readmit", task_run_name=_readmit_name, cache_policy=NO_CACHE)
def readmit(data_set: DataSet, repaired: str) -> State[Ingested]:
    """Put the rows of an edited CSV in their places among the ingested ones."""
    contract = load_contract(Settings().contracts_dir, data_set.data_set)
    ingested, rows = corpus.readmit(Path(repaired), data_set, contract, store())
    message = f"{rows:,} repaired rows taken; {ingested.kept_rows:,} rows kept, {ingested.rejected_rows:,} rejected"
    return ended(ingested, message, ingested.making.is_reused)
