"""Judge a trained model on the test split, and publish what came of it where people look."""

from __future__ import annotations

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from tasks.dashboard import publish_markdown, publish_table
from tasks.outcome import ended, store
from text_classifier.records import Report, TrainedModel
from text_classifier.report.figures import read_figures
from text_classifier.report.history import history_rows
from text_classifier.report.summary import accuracy_rows, error_rows, overview
from text_classifier.report.write import write_report

logger = logging.getLogger("text_classifier.tasks.report")


@task(name="report", task_run_name="report on {model.run}: {model.test_rows:,} test rows", cache_policy=NO_CACHE)
def report(model: TrainedModel, refresh: bool = False) -> State[Report]:
    """Write the model's report and publish it: verdict, accuracy, errors, and the history of all runs."""
    outputs = store(refresh)
    written = write_report(model, outputs)
    logger.info("%s", written.headline)
    logger.info("report: %s", written.folder / "report.html")
    logger.info("errors: %s", written.folder / "errors.parquet")
    _publish(written, history_rows(outputs.data_dir, model.data_set, model.label))
    return ended(written, written.headline, written.making.is_reused)


def _publish(report: Report, history: list[dict[str, object]]) -> None:
    figures = read_figures(report.folder)
    subject = f"{report.data_set}-{report.label}"
    title = f"{figures['name']}, label {report.label}"
    publish_markdown(f"{subject}-report", overview(figures, report.headline, report.folder), f"Report on {title}")
    publish_table(f"{subject}-accuracy", accuracy_rows(figures), f"Accuracy on test of {title}")
    publish_table(f"{subject}-errors", error_rows(figures, report.folder), f"Wrong answers on test of {title}")
    publish_table(f"{subject}-history", history, f"All runs on {title}, newest first")
