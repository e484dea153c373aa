"""Task: compare a new delivery with the data that the champion was trained on, before anything is trained on it."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run

from tasks.dashboard import publish_markdown
from tasks.outcome import ended, store
from text_classifier.config import Settings
from text_classifier.contract import load_contract
from text_classifier.drift import measure_drift, refusal
from text_classifier.records import LABELLED_SPLITS, DataSet, Drift, shown_name
from text_classifier.report.drift_pages import drift_markdown


def _run_name() -> str:
    data_set, label = task_run.parameters["data_set"], task_run.parameters["label"]
    rows = sum(data_set.split_rows.get(split, 0) for split in LABELLED_SPLITS)
    return f"detect drift in {rows:,} rows of {data_set.data_set} for {label}"


@task(name="detect-drift", task_run_name=_run_name, cache_policy=NO_CACHE)
def detect_drift(data_set: DataSet, label: str, accept_drift: bool = False, refresh: bool = False) -> State[Drift]:
    """Measure drift, publish it, and stop the run where a rule of severity `error` is broken, unless that is accepted.

    Raises:
        DriftError: such a rule is broken, and nobody has said `accept_drift`.
    """
    rules = load_contract(Settings().contracts_dir, data_set.data_set).drift_rules
    drift = measure_drift(data_set, label, rules, store(refresh))
    title = f"Drift of {shown_name(data_set.data_set, data_set.origin)}, label {label}"
    publish_markdown(f"{data_set.data_set}-{label}-drift", drift_markdown(drift, accept_drift), title)
    if drift.failed and not accept_drift:
        raise refusal(drift)
    accepted = "Accepted. " if drift.failed else ""
    return ended(drift, accepted + drift.sentence, drift.making.is_reused)
