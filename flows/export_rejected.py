"""Write the rejected rows of a data set to a CSV that a person edits."""

from __future__ import annotations

from prefect import flow

from tasks.naming import run_name
from tasks.outcome import ending
from tasks.repair import export_rejected as write_rejected
from tasks.validate import judged_data_set
from text_classifier.config import DataSetName, Fingerprint


@flow(name="export-rejected", flow_run_name=run_name)
def export_rejected(data_set: DataSetName = "news", fingerprint: Fingerprint = None) -> str:
    """Write the rejected rows with the reason of each and what could be read of it; the end of the run names the file.

    Correct the columns of the contract in it, take out the rows that are to stay rejected, and start readmit with it.

    Args:
        data_set: Name of a contract in data_contracts/, such as news. Its source is a delimited file.
        fingerprint: Of the data (16 to 64 characters), prepared or refused. Empty: those of the last run.
    """
    state = write_rejected(judged_data_set(data_set, fingerprint))
    return ending(state.result(), state.message or "")
