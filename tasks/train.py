"""Task: train a model, with its progress in the dashboard."""

from __future__ import annotations

import logging
import time
from typing import cast
from uuid import UUID

from httpx import HTTPError
from prefect import task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext
from prefect.exceptions import PrefectException
from prefect.runtime import task_run

from tasks.dashboard import artifact_key
from tasks.outcome import ended, store
from text_classifier import training
from text_classifier.config import Settings
from text_classifier.records import DataSet, EncodedCorpus, TrainedModel, TrainRun, shown_name
from text_classifier.training import TrainingJob, TrainingProgress, latest_model

logger = logging.getLogger("text_classifier.tasks.train")

_PAUSE_SECONDS = 1.0
_PAUSE_AFTER_FAILURE_SECONDS = 60.0


def _run_name() -> str:
    asked = task_run.parameters
    data_set, rows = asked["data_set"].data_set, asked["data_set"].split_rows.get("train", 0)
    return f"train {asked['preset']} on {rows:,} examples of {data_set}, label {asked['label']}"


@task(name="train", task_run_name=_run_name, cache_policy=NO_CACHE)
def train(data_set: DataSet, corpus: EncodedCorpus, label: str, preset: str, options: TrainRun) -> State[TrainedModel]:
    """Train the preset's model on an encoded corpus and write its complete folder."""
    shown = f"{shown_name(data_set.data_set, data_set.origin)}, label {label}"
    dashboard = ProgressArtifact(f"{data_set.data_set}-{label}-training", f"Training {preset} on {shown}")
    job = TrainingJob(data_set, corpus, label, preset, options)
    model = training.train(job, store(options.refresh), dashboard.show)
    dashboard.finish(model)
    return ended(model, figures(model), model.making.is_reused)


def figures(model: TrainedModel) -> str:
    """What was trained, in words."""
    return f"{model.weights:,} weights, {model.epochs} epochs in {model.seconds:,.0f} s: {model.run}"


def trained_model(data_set: str, run: str | None) -> TrainedModel:
    """The model of a data set that was made or reused last, or that of the named run."""
    return latest_model(Settings().data_dir, data_set, run)


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

    def finish(self, model: TrainedModel) -> None:
        """Fill the bar: training may have stopped early."""
        self._publish(100, figures(model))

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
    steps = (progress.epoch - 1) * progress.steps + progress.step
    return round(100 * steps / (progress.epochs * progress.steps), 1)


def described(progress: TrainingProgress) -> str:
    """Where training stands, in words."""
    return (
        f"epoch {progress.epoch} of {progress.epochs}, step {progress.step} of {progress.steps}, "
        f"loss {progress.loss:.4f}, {progress.examples_per_second:,.0f} examples/s, "
        f"{progress.seconds_left:,.0f} s left at most"
    )
