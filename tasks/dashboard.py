"""Where text and tables become Prefect artifacts: documents beside the run in the dashboard."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.context import FlowRunContext, TaskRunContext
from prefect.settings import get_current_settings

from text_classifier.showable import artifact_key, cut_table, showable

__all__ = ["artifact_key", "publish_markdown", "publish_table"]

logger = logging.getLogger("text_classifier.dashboard")


def publish_table(key: str, rows: Sequence[Mapping[str, object]], description: str) -> None:
    """Publish a table under `key` (any words; see `artifact_key`), every cell cleaned and long tables cut.

    An artifact belongs to a run: outside of one nothing is published.
    """
    key = artifact_key(key)
    if _in_a_run():
        table, told = cut_table(rows, description)
        artifact = create_table_artifact(key=key, table=cast(list[Any], table), description=showable(told))
        _log_address(key, cast(UUID, artifact))


def publish_markdown(key: str, markdown: str, description: str) -> None:
    """Publish Markdown under `key`; text from outside in it must have gone through `markdown_text`.

    An artifact belongs to a run: outside of one nothing is published.
    """
    key = artifact_key(key)
    if _in_a_run():
        artifact = create_markdown_artifact(key=key, markdown=showable(markdown), description=showable(description))
        _log_address(key, cast(UUID, artifact))


def _in_a_run() -> bool:
    return TaskRunContext.get() is not None or FlowRunContext.get() is not None


def _log_address(key: str, artifact: UUID) -> None:
    page = f"/artifacts/artifact/{artifact}"
    dashboard = get_current_settings().ui_url or ""  # empty while the server is embedded: there is no dashboard yet
    logger.info("published %s: %s", key, dashboard.rstrip("/") + page)
