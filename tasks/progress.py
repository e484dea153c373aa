"""The bar in the dashboard that shows how far a training is."""

from __future__ import annotations

import logging
import time
from typing import cast
from uuid import UUID

from httpx import HTTPError
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import TaskRunContext
from prefect.exceptions import PrefectException

from tasks.dashboard import artifact_key
from text_classifier.training import TrainingProgress

logger = logging.getLogger("text_classifier.tasks.progress")

_PAUSE_SECONDS = 1.0
_PAUSE_AFTER_FAILURE_SECONDS = 60.0


class ProgressArtifact:
    """A bar in the dashboard, moved once a second at most. Training goes on without it when the server is away."""

    def __init__(self, key: str, title: str) -> None:
        self._key, self._title = artifact_key(key), title
        self._artifact: UUID | None = None
        self._due = 0.0
        self._said = False

    def show(self, progress: TrainingProgress) -> None:
        """Show where training stands; outside of a task run there is nowhere to."""
        if time.monotonic() >= self._due:
            self._publish(done_pct(progress), described(progress))

    def finish(self, figures: str) -> None:
        """Fill the bar: training may have stopped early."""
        self._publish(100, figures)

    def _publish(self, done_pct: float, description: str) -> None:
        if TaskRunContext.get() is None:
            return
        pause = _PAUSE_SECONDS
        try:
            self._send(done_pct, description)
        except (HTTPError, OSError, PrefectException) as error:
            pause = _PAUSE_AFTER_FAILURE_SECONDS
            self._say(error)
        self._due = time.monotonic() + pause

    def _send(self, done_pct: float, standing: str) -> None:
        description = f"{self._title}: {standing}"
        if self._artifact is None:
            self._artifact = cast(UUID, create_progress_artifact(done_pct, self._key, description))
        else:
            update_progress_artifact(self._artifact, done_pct, description)

    def _say(self, error: BaseException) -> None:
        if not self._said:
            self._said = True
            logger.warning(
                "no progress in the dashboard for now, training goes on: %s: %s", type(error).__name__, error
            )


def done_pct(progress: TrainingProgress) -> float:
    """Steps done of those of all epochs, to a tenth; early stopping may leave the rest undone."""
    return round(100 * progress.done_rate, 1)


def described(progress: TrainingProgress) -> str:
    """Where training stands, in words."""
    network = f"network {progress.member} of {progress.members}, " if progress.members > 1 else ""
    return (
        f"{network}epoch {progress.epoch} of {progress.epochs}, step {progress.step} of {progress.steps}, "
        f"loss {progress.loss:.4f}, {progress.examples_per_second:,.0f} examples/s, "
        f"{progress.seconds_left:,.0f} s left at most"
    )
