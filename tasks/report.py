"""Judge a trained model on the test split, and publish what came of it where people look."""

from __future__ import annotations

import logging

from prefect import task

from tasks.dashboard import publish_markdown, publish_table
from text_classifier.config import Settings
from text_classifier.records import Report, TrainedModel
from text_classifier.report.figures import read_figures
from text_classifier.report.history import history_rows
from text_classifier.report.summary import accuracy_rows, error_rows, overview
from text_classifier.report.write import write_report

logger = logging.getLogger("text_classifier.tasks.report")


@task(name="report", task_run_name="report on {model.run}")
def report(model: TrainedModel) -> Report:
    """Write the model's report and publish it: verdict, accuracy, errors, and the history of all runs."""
    data_dir = Settings().data_dir
    written = write_report(model, data_dir)
    logger.info("%s", written.first_sentence)
    logger.info("report: %s", written.folder / "report.html")
    logger.info("errors: %s", written.folder / "errors.parquet")
    _publish(written, history_rows(data_dir, model.data_set, model.label))
    return written


def _publish(report: Report, history: list[dict[str, object]]) -> None:
    figures = read_figures(report.folder)
    subject = f"{report.data_set}-{report.label}"
    title = f"{figures['name']}, label {report.label}"
    publish_markdown(f"{subject}-report", overview(figures, report.folder), f"Report on {title}")
    publish_table(f"{subject}-accuracy", accuracy_rows(figures), f"Accuracy on test of {title}")
    publish_table(f"{subject}-errors", error_rows(figures, report.folder), f"Wrong answers on test of {title}")
    publish_table(f"{subject}-history", history, f"All runs on {title}, newest first")
