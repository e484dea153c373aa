"""Task: train a model, with its progress in the dashboard."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run

from tasks.outcome import ended, store
from tasks.progress import ProgressArtifact
from text_classifier import training
from text_classifier.config import Settings
from text_classifier.records import DataSet, EncodedCorpus, TrainedModel, TrainRun, shown_name
from text_classifier.training import TrainingJob, latest_model


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
    dashboard.finish(figures(model))
    return ended(model, figures(model), model.making.is_reused)


def figures(model: TrainedModel) -> str:
    """What was trained, in words."""
    return f"{model.weights:,} weights, {model.epochs} epochs in {model.seconds:,.0f} s: {model.run}"


def trained_model(data_set: str, run: str | None) -> TrainedModel:
    """The model of a data set that was made or reused last, or that of the named run."""
    return latest_model(Settings().data_dir, data_set, run)
