"""Task: apply a data set's contract to its ingested rows."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run

from tasks.dashboard import publish_table
from tasks.outcome import ended, store
from text_classifier.config import Settings
from text_classifier.contract import Verdict, latest_data_set, load_contract
from text_classifier.contract import validate as apply_contract
from text_classifier.errors import UnknownNameError
from text_classifier.records import DataSet, Ingested, shown_name


def _run_name() -> str:
    ingested = task_run.parameters["ingested"]
    return f"validate {ingested.kept_rows:,} rows of {ingested.data_set}"


@task(name="validate", task_run_name=_run_name, cache_policy=NO_CACHE)
def validate(ingested: Ingested, refresh: bool) -> State[DataSet]:
    """Reject rows that break the contract and write the rest by split; the table of rules is published in any case."""
    contract = load_contract(Settings().contracts_dir, ingested.data_set)
    shown = shown_name(ingested.data_set, ingested.origin)

    def publish(verdicts: Sequence[Verdict]) -> None:
        description = f"Contract of {shown}, version {contract.version}: every rule and what came of it"
        publish_table(f"{ingested.data_set}-contract", [table_row(shown, verdict) for verdict in verdicts], description)

    data_set = apply_contract(ingested, contract, store(refresh), publish)
    return ended(data_set, figures(data_set), data_set.making.is_reused)


def figures(data_set: DataSet) -> str:
    """What became of the rows, in words."""
    kept = ", ".join(f"{split} {rows:,}" for split, rows in data_set.split_rows.items())
    return f"{data_set.read_rows:,} rows: {data_set.rejected_rows:,} rejected, kept {kept}"


def known_label(data_set: str, label: str | None) -> str:
    """The label column to learn: the named one, else the contract's first.

    Raises:
        UnknownNameError: nobody knows the data set, or its contract names no such label column.
    """
    columns = load_contract(Settings().contracts_dir, data_set).label_columns
    if label is not None and label not in columns:
        raise UnknownNameError.of(f"label of {data_set}", label, columns)
    return label or columns[0]


def prepared_data_set(data_set: str, fingerprint: str | None) -> DataSet:
    """The data set of that name that was prepared or reused last, or the one with that fingerprint."""
    return latest_data_set(Settings().data_dir, data_set, fingerprint)


def table_row(shown: str, verdict: Verdict) -> dict[str, object]:
    """The verdict on data of the name `shown`, which holds the mark of GENERATED or SAMPLE data."""
    return {
        "data": shown,
        "rule": verdict.rule_id,
        "severity": verdict.severity,
        "rows failing": verdict.failing_rows,
        "verdict": verdict.verdict,
        "consequence": verdict.consequence,
        "column": verdict.column,
        "rows checked": verdict.rows_checked,
        "seen": verdict.seen,
        "expected": verdict.expected,
        "description": verdict.description,
    }
