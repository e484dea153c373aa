"""Task: lay two reported models side by side, and publish which of them is better."""

from __future__ import annotations

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from tasks.dashboard import publish_markdown
from tasks.outcome import ended, store
from text_classifier.config import Settings
from text_classifier.contract import load_contract
from text_classifier.records import SideBySide, TrainedModel
from text_classifier.report.side_by_side import write_side_by_side
from text_classifier.report.side_by_side.chosen import chosen_models
from text_classifier.report.side_by_side.summary import comparison_markdown
from text_classifier.report.side_by_side.writing import PAGE, read_comparison

logger = logging.getLogger("text_classifier.tasks.compare")


@task(name="compare", task_run_name="compare {first.run} with {second.run}", cache_policy=NO_CACHE)
def compare(first: TrainedModel, second: TrainedModel, refresh: bool = False) -> State[SideBySide]:
    """Write the page of both models, and publish its sentence, tables and pictures."""
    written = write_side_by_side(first.folder, second.folder, store(refresh))
    tree, page = read_comparison(written.folder), written.folder / PAGE
    logger.info("%s", written.sentence)
    logger.info("comparison: %s", page)
    publish_markdown(
        f"{written.data_set}-{written.label}-comparison",
        comparison_markdown(tree, page),
        f"Two models side by side: {tree['name']}, label {tree['label']}",
    )
    return ended(written, written.sentence, written.making.is_reused)


def models_to_compare(data_set: str, first: str, second: str | None) -> tuple[TrainedModel, TrainedModel]:
    """The models of two runs; without a `second` the one in service for the label of the first.

    Raises:
        UnknownNameError: there is no such data set or run.
        ConfigError: no model is in service, or both are the same.
    """
    settings = Settings()
    load_contract(settings.contracts_dir, data_set)
    return chosen_models(settings.data_dir, data_set, first, second)
