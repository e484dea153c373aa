"""Publish accuracy and error tables for a trained model."""

from __future__ import annotations

from prefect import flow

from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.promote import promote
from tasks.report import report as write_report
from tasks.train import trained_model
from text_classifier.config import DataSetName, RunName
from text_classifier.records import Report


@flow(name="report", flow_run_name=run_name)
def report(data_set: DataSetName = "news", run: RunName = None, refresh: bool = False) -> Report:
    """Score the latest (or the named) model on the test split, publish its tables, and compare it with the champion.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        run: Folder name of the model below models/<data set>/. Empty: the one that a run made or reused last.
        refresh: Score and write anew, also where an undamaged report could be reused.
    """
    with only_run_of(data_set):
        published = write_report(trained_model(data_set, run), refresh).result()
        promote(published).result()
    return ending(published, published.headline)
