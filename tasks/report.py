"""Publish what came of a run where people look: the verdict, accuracy, errors, the history of all runs."""

from __future__ import annotations

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from tasks.dashboard import publish_markdown, publish_table
from tasks.outcome import ended, store
from text_classifier.comparison import Comparison
from text_classifier.evaluation.figures import read_figures
from text_classifier.records import DataSet, Evaluated, Report, SignalTest, shown_name
from text_classifier.report.history import history_rows
from text_classifier.report.no_model import overview_without_model, write_without_model
from text_classifier.report.summary import accuracy_rows, error_rows, overview
from text_classifier.report.write import write_report
from text_classifier.training.model_folder import CARD, ERRORS, PAGE

logger = logging.getLogger("text_classifier.tasks.report")


@task(
    name="report",
    task_run_name="report on {evaluated.run}: {evaluated.test_rows:,} test rows",
    cache_policy=NO_CACHE,
)
def report(evaluated: Evaluated, comparison: Comparison, data_set: DataSet, refresh: bool = False) -> State[Report]:
    """Write the model's report and publish it: verdict, model card, accuracy, errors, and the history of all runs."""
    written = write_report(evaluated, comparison, data_set, store(refresh))
    logger.info("%s", written.headline)
    logger.info("report: %s", written.folder / PAGE)
    logger.info("errors: %s", written.folder / ERRORS)
    figures = read_figures(written.folder)
    subject, title = _subject(written), _title(written)
    publish_markdown(f"{subject}-report", overview(figures, written), f"Report on {title}")
    publish_markdown(f"{subject}-model-card", (written.folder / CARD).read_text("utf-8"), f"Model card of {title}")
    publish_table(f"{subject}-accuracy", accuracy_rows(figures), f"Accuracy on test of {title}")
    publish_table(f"{subject}-errors", error_rows(figures, written.folder), f"Wrong answers on test of {title}")
    _publish_history(written)
    return ended(written, written.headline, written.making.is_reused)


@task(
    name="report-without-model",
    task_run_name="report that {data_set.data_set} shows no signal",
    cache_policy=NO_CACHE,
)
def report_without_model(signal: SignalTest, data_set: DataSet, preset: str, refresh: bool = False) -> State[Report]:
    """Publish that nothing was trained because the texts say nothing about the label."""
    written = write_without_model(signal, data_set, preset, store(refresh))
    logger.info("%s", written.headline)
    publish_markdown(
        f"{_subject(written)}-report", overview_without_model(signal, written), f"Report on {_title(written)}"
    )
    _publish_history(written)
    return ended(written, written.headline, written.making.is_reused)


def _publish_history(report: Report) -> None:
    history = history_rows(store().data_dir, report.data.data_set, report.label)
    publish_table(f"{_subject(report)}-history", history, f"All runs on {_title(report)}, newest first")


def _subject(report: Report) -> str:
    return f"{report.data.data_set}-{report.label}"


def _title(report: Report) -> str:
    return f"{shown_name(report.data.data_set, report.data.origin)}, label {report.label}"
