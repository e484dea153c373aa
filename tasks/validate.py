"""Task: apply a data set's contract to its ingested rows."""

from __future__ import annotations

from collections.abc import Iterator

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run

from tasks.dashboard import publish_table
from tasks.outcome import ended, store
from text_classifier.config import Settings
from text_classifier.contract import Findings, Surroundings, latest_data_set, load_contract
from text_classifier.contract import judged_data_set as latest_judged
from text_classifier.contract import validate as apply_contract
from text_classifier.corpus import raw_rows
from text_classifier.errors import UnknownNameError
from text_classifier.records import DataSet, Ingested, TrainedModel, shown_name
from text_classifier.report.contract_page import contract_page
from text_classifier.report.contract_tables import Row, copy_row, share_rows, verdict_row
from text_classifier.storage import read_manifest


def _run_name() -> str:
    ingested = task_run.parameters["ingested"]
    return f"validate {ingested.kept_rows:,} rows of {ingested.data_set}"


@task(name="validate", task_run_name=_run_name, cache_policy=NO_CACHE)
def validate(ingested: Ingested, refresh: bool) -> State[DataSet]:
    """Reject rows that break the contract and write the rest by split; what was found is published in any case."""
    contract = load_contract(Settings().contracts_dir, ingested.data_set)
    shown = shown_name(ingested.data_set, ingested.origin)

    def publish(findings: Findings) -> None:
        for name, rows, description in tables(findings, shown, contract.version):
            publish_table(f"{ingested.data_set}-{name}", rows, description)

    outputs = store(refresh)
    raw = raw_rows(ingested, contract, outputs.data_dir)
    data_set = apply_contract(ingested, contract, outputs, Surroundings(publish, contract_page, raw))
    return ended(data_set, figures(data_set), data_set.making.is_reused)


def tables(findings: Findings, shown: str, version: str) -> Iterator[tuple[str, list[Row], str]]:
    """(name, rows, description) of every table that is published of the data set of the name `shown`."""
    verdicts = [verdict_row(shown, verdict) for verdict in findings.verdicts]
    yield "contract", verdicts, f"Contract of {shown}, version {version}: every rule and what came of it"
    copies = [copy_row(shown, count) for count in findings.copies]
    yield "copies", copies, f"Copies in {shown}: by the text as it is, and without case, punctuation and white space"
    told = "Percent of the split; in the lines 'all rows', of the data set"
    yield "splits", share_rows(shown, findings.class_rows), f"Splits of {shown} by class. {told}"


def figures(data_set: DataSet) -> str:
    """What became of the rows, in words."""
    kept = ", ".join(f"{split} {rows:,}" for split, rows in data_set.split_rows.items())
    return f"{data_set.read_rows:,} rows: {data_set.told_set_aside}, kept {kept}"


def known_label(data_set: str, label: str | None) -> str:
    """The label column to learn: the named one, else the contract's first.

    Raises:
        UnknownNameError: nobody knows the data set, or its contract names no such label column.
    """
    columns = load_contract(Settings().contracts_dir, data_set).label_columns
    if label is not None and label not in columns:
        raise UnknownNameError.of(f"label of {data_set}", label, columns)
    return label or columns[0]


def judged_data_set(data_set: str, fingerprint: str | None) -> DataSet:
    """The data set of that name that was prepared or refused last, or the one with that fingerprint."""
    return latest_judged(Settings().data_dir, data_set, fingerprint)


def data_set_of(model: TrainedModel) -> DataSet:
    """The data set that a model was trained on."""
    fingerprint = read_manifest(model.folder).inputs["data_set"]
    return latest_data_set(Settings().data_dir, model.data_set, fingerprint)


def prepared_data_set(data_set: str, fingerprint: str | None) -> DataSet:
    """The data set of that name that was prepared or reused last, or the one with that fingerprint."""
    return latest_data_set(Settings().data_dir, data_set, fingerprint)
