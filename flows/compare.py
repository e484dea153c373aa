"""Lay any two reported models of a data set side by side."""

from __future__ import annotations

from prefect import flow

from tasks.compare import compare as lay_side_by_side
from tasks.compare import models_to_compare
from tasks.naming import run_name
from tasks.outcome import ending
from text_classifier.config import DataSetName, NamedRun, RunName
from text_classifier.records import SideBySide


@flow(name="compare", flow_run_name=run_name)
def compare(data_set: DataSetName, first: NamedRun, second: RunName = None, refresh: bool = False) -> SideBySide:
    """Say which of two models is better on the test examples of both, and publish them side by side.

    Changes nothing of either and promotes nothing, so it does not wait for other runs of the data set.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        first: Folder name of a reported model below models/<data set>/. It is A on the page.
        second: Folder name of the other, B. Empty: the model in service for the label of the first.
        refresh: Write the page anew, also where an undamaged one could be reused.
    """
    models = models_to_compare(data_set, first, second)
    written = lay_side_by_side(*models, refresh=refresh).result()
    return ending(written, written.sentence)
