"""Put a model in service by hand, with a reason that the ledger keeps."""

from __future__ import annotations

from prefect import flow

from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.overrule import promote_by_hand
from tasks.train import trained_model
from text_classifier.config import DataSetName, NamedRun, Person, Reason


@flow(name="promote", flow_run_name=run_name)
def promote(data_set: DataSetName, run: NamedRun, reason: Reason, who: Person = None) -> str:
    """Make a model the champion of its data set and label, whatever its comparison said; its path.

    Refused for SAMPLE and GENERATED data and for the notebooks' presets, and for a model that has no undamaged files
    or was never scored on test.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        run: Folder name of the model below models/<data set>/. Its label says which champion it replaces.
        reason: Why, in a sentence. The ledger keeps it.
        who: Your name, for the ledger. Empty: it names the flow run alone, as Prefect's server knows no people.
    """
    with only_run_of(data_set):
        model = trained_model(data_set, run)
        state = promote_by_hand(model, reason, who)
        state.result()
    return ending(str(model.folder), state.message or "")
