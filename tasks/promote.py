"""Put the new model in service when it is shown to be better; keep the ledger either way."""

from __future__ import annotations

import logging
from dataclasses import asdict

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from tasks.dashboard import artifact_key, publish_table
from tasks.outcome import ended, store
from text_classifier.champion import challenge, champion_dir, read_ledger
from text_classifier.records import Report, shown_name

logger = logging.getLogger("text_classifier.tasks.promote")


@task(
    name="promote",
    task_run_name="compare {report.run} on {report.test_rows:,} test rows with the champion",
    cache_policy=NO_CACHE,
)
def promote(report: Report) -> State[bool]:
    """Whether the model of `report` became the champion of its data set and label; publishes the ledger."""
    outputs = store()
    comparison, is_repeated = challenge(report, outputs)
    decision = "promoted" if comparison.is_promoted else "not promoted"
    message = f"{decision} ({comparison.outcome}: {comparison.reason})"
    reused = f", reused: compared by {comparison.compared_by} at {comparison.compared_at}" if is_repeated else ""
    logger.info("%s: %s%s", report.run, message, reused)
    shown = shown_name(report.data_set, report.origin)
    ledger = read_ledger(champion_dir(outputs.data_dir, report.data_set, report.label))
    publish_table(
        artifact_key(report.data_set, report.label, "champion"),
        [{"data": shown, **asdict(line)} for line in reversed(ledger)],
        f"Every comparison with the model in service: {shown}, {report.label}. Newest first; this run was {decision}.",
    )
    return ended(comparison.is_promoted, message, is_repeated)
