"""Put the champion of before back in service, with a reason that the ledger keeps."""

from __future__ import annotations

from prefect import flow

from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.overrule import roll_back as put_back
from tasks.validate import known_label
from text_classifier.config import DataSetName, Label, Person, Reason


@flow(name="roll-back", flow_run_name=run_name)
def roll_back(data_set: DataSetName, reason: Reason, label: Label = None, who: Person = None) -> str:
    """Take the champion out of service and put the one before it back; the run of that one.

    Again, and it is the one before that. What is taken out is never promoted by the rule again, only by the flow
    promote. Refused where there is no champion before, and where its files are damaged.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        reason: Why, in a sentence. The ledger keeps it.
        label: Label column whose champion it is. Empty: the first that the contract names.
        who: Your name, for the ledger. Empty: it names the flow run alone, as Prefect's server knows no people.
    """
    label = known_label(data_set, label)
    with only_run_of(data_set):
        state = put_back(data_set, label, reason, who)
        line = state.result()
    return ending(line.run, state.message or "")
