"""Take rows that a person has repaired back into their data set."""

from __future__ import annotations

from prefect import flow

from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.repair import readmit as put_in_place
from tasks.validate import figures, judged_data_set, validate
from text_classifier.config import DataSetName, Fingerprint, RepairedFile
from text_classifier.records import DataSet


@flow(name="readmit", flow_run_name=run_name)
def readmit(repaired: RepairedFile, data_set: DataSetName = "news", fingerprint: Fingerprint = None) -> DataSet:
    """Read only the repaired rows, put them where they stand in the source, and apply the contract: a new version.

    The file is kept: every later run on the same source has these rows as well. A row that breaks the contract
    again is rejected again, with its new reason.

    Args:
        repaired: Path of the CSV that export-rejected wrote and a person edited.
        data_set: Name of a contract in data_contracts/, such as news.
        fingerprint: Of the data that the rows were exported from, prepared or refused. Empty: those of the last run.
    """
    with only_run_of(data_set):
        ingested = put_in_place(judged_data_set(data_set, fingerprint), repaired).result()
        prepared = validate(ingested, refresh=False).result()
    return ending(prepared, figures(prepared))
