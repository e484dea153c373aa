"""Put the new model in service when it is shown to be better; keep the ledger either way."""

from __future__ import annotations

import logging
from dataclasses import asdict

from prefect import task

from tasks.dashboard import artifact_key, publish_table
from text_classifier.champion import challenge, champion_dir, read_ledger
from text_classifier.config import Settings
from text_classifier.records import Report, shown_name

logger = logging.getLogger("text_classifier.tasks.promote")


@task(name="promote", task_run_name="compare {report.run} with the champion")
def promote(report: Report) -> bool:
    """Whether the model of `report` became the champion of its data set and label; publishes the ledger."""
    data_dir = Settings().data_dir
    comparison = challenge(report, data_dir)
    decision = "promoted" if comparison.is_promoted else "not promoted"
    logger.info("%s: %s (%s: %s)", report.run, decision, comparison.outcome, comparison.reason)
    shown = shown_name(report.data_set, report.origin)
    ledger = read_ledger(champion_dir(data_dir, report.data_set, report.label))
    publish_table(
        artifact_key(report.data_set, report.label, "champion"),
        [{"data": shown, **asdict(line)} for line in reversed(ledger)],
        f"Every comparison with the model in service: {shown}, {report.label}. Newest first; this run was {decision}.",
    )
    return comparison.is_promoted
