"""A person decides over the rule: promote a model by hand, or put the champion before back in service."""

from __future__ import annotations

from dataclasses import replace

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from tasks.dashboard import publish_table
from tasks.outcome import ended, store
from text_classifier import champion
from text_classifier.comparison import Comparison
from text_classifier.records import TrainedModel
from text_classifier.report.ledger_rows import ledger_rows
from text_classifier.store import Store


@task(name="promote-by-hand", task_run_name="promote {model.run} by hand", cache_policy=NO_CACHE)
def promote_by_hand(model: TrainedModel, reason: str, who: str | None) -> State[Comparison]:
    """Put the model in service, and publish the ledger."""
    return _ended(champion.promote_by_hand(model, reason, _signed(who)), model.data_set, model.label)


@task(name="roll-back", task_run_name="put the champion of {data_set} before this one back", cache_policy=NO_CACHE)
def roll_back(data_set: str, label: str, reason: str, who: str | None) -> State[Comparison]:
    """Put the champion before in service again, and publish the ledger."""
    return _ended(champion.roll_back(data_set, label, reason, _signed(who)), data_set, label)


def _signed(who: str | None) -> Store:
    """The data root as the person sees it whom the ledger names beside the flow run."""
    root = store()
    return replace(root, run=", ".join(part for part in (who, root.run) if part))


def _ended(line: Comparison, data_set: str, label: str) -> State[Comparison]:
    ledger = champion.read_ledger(champion.champion_dir(store().data_dir, data_set, label))
    publish_table(
        f"{data_set}-{label}-champion",
        ledger_rows(ledger, data_set),
        f"Every comparison with the model in service: {data_set}, {label}. Newest first; this run put {line.run} in "
        "service by hand.",
    )
    before = f"; before it {line.champion}" if line.champion else ""
    return ended(line, f"{line.run} is in service{before} ({line.rule}: {line.reason})", is_reused=False)
