"""Derive anew every figure that a run has published, and say equal or name what differs."""

from __future__ import annotations

from prefect import flow

from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.train import trained_model
from tasks.verify import verify as verify_model
from text_classifier.config import DataSetName, RunName


@flow(name="verify", flow_run_name=run_name)
def verify(data_set: DataSetName = "news", run: RunName = None, quick: bool = False) -> str:
    """Compare what was published of the latest (or the named) run with what its data, weights and papers give.

    Nothing published is changed. The run fails when something differs, after its table was published.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        run: Folder name of the model below models/<data set>/. Empty: the one that a run made or reused last.
        quick: Take the signal test and the baselines as they stand instead of fitting them anew.
    """
    with only_run_of(data_set):
        state = verify_model(trained_model(data_set, run), quick)
        verification = state.result()
    return ending(verification.sentence, verification.sentence)
