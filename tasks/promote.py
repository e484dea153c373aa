"""Put the new model in service when it has earned it; keep the ledger either way. Undone when publication fails."""

from __future__ import annotations

import logging
from contextlib import ExitStack

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.transactions import Transaction, get_transaction

from tasks.dashboard import publish_table
from tasks.outcome import ended, store
from text_classifier.champion import challenge, champion_dir, read_ledger, withdraw
from text_classifier.comparison import Comparison
from text_classifier.config import PromotionRule
from text_classifier.records import Evaluated, shown_name
from text_classifier.report.ledger_rows import ledger_rows
from text_classifier.training.model_folder import VERDICT

logger = logging.getLogger("text_classifier.tasks.promote")

_PROMOTION = "promotion"


@task(
    name="promote",
    task_run_name="compare {evaluated.run} on {evaluated.test_rows:,} test rows with the champion",
    cache_policy=NO_CACHE,
)
def promote(evaluated: Evaluated, rule: PromotionRule) -> State[Comparison]:
    """Compare the model with the champion, put it in service if `rule` allows, and publish the ledger.

    In a Prefect transaction the promotion is undone when a later step fails; the transaction encloses publication.
    """
    comparison, is_repeated = challenge(evaluated, rule, store())
    transaction = get_transaction()
    is_published = is_repeated and (evaluated.folder / VERDICT).exists()  # not by a run that was killed before
    reused = f", reused: compared by {comparison.compared_by} at {comparison.compared_at}" if is_repeated else ""
    message = f"{comparison.sentence}: {comparison.reason}"
    logger.info("%s: %s%s", evaluated.run, message, reused)
    with ExitStack() as unpublished:
        if transaction and comparison.is_promoted and not is_published:
            transaction.set(_PROMOTION, (evaluated, comparison))
            unpublished.callback(_withdraw, evaluated, comparison)  # a task that fails itself is not rolled back
        _publish(evaluated, f"this run was {comparison.decision}")
        unpublished.pop_all()
    return ended(comparison, message, is_repeated)


@promote.on_rollback
def undo(transaction: Transaction) -> None:
    """Put the champion of before back, and publish the ledger that says so."""
    evaluated, comparison = transaction.get(_PROMOTION, (None, None))
    if comparison and _withdraw(evaluated, comparison):
        _publish(evaluated, "the promotion by this run was undone, because publication failed")


def _withdraw(evaluated: Evaluated, comparison: Comparison) -> bool:
    is_withdrawn = withdraw(evaluated, comparison, store())
    if is_withdrawn:
        logger.warning("%s is not in service: its publication failed, %s", comparison.run, _before(comparison))
    return is_withdrawn


def _before(comparison: Comparison) -> str:
    return f"{comparison.champion} is again" if comparison.champion else "nor is another model"


def _publish(evaluated: Evaluated, told: str) -> None:
    shown = shown_name(evaluated.data_set, evaluated.origin)
    ledger = read_ledger(champion_dir(store().data_dir, evaluated.data_set, evaluated.label))
    publish_table(
        f"{evaluated.data_set}-{evaluated.label}-champion",
        ledger_rows(ledger, shown),
        f"Every comparison with the model in service: {shown}, {evaluated.label}. Newest first; {told}.",
    )
