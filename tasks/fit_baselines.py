"""Task: fit the simple classifiers that a model must beat, on the rows that it is trained on."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run

from tasks.outcome import ended, store
from text_classifier import baselines
from text_classifier.baselines import read_right
from text_classifier.config import preset_named
from text_classifier.records import Baselines, DataSet
from text_classifier.vocabulary.building import counted_splits


def _run_name() -> str:
    data_set = task_run.parameters["data_set"]
    splits = counted_splits(preset_named(task_run.parameters["preset"]))
    rows = sum(data_set.split_rows.get(split, 0) for split in splits)
    return f"fit baselines to {rows:,} examples of {data_set.data_set}, label {task_run.parameters['label']}"


@task(name="fit-baselines", task_run_name=_run_name, cache_policy=NO_CACHE)
def fit_baselines(data_set: DataSet, label: str, preset: str, refresh: bool = False) -> State[Baselines]:
    """Fit every baseline to the splits that the preset trains on, or take those that stand."""
    fitted = baselines.fit_baselines(data_set, label, counted_splits(preset_named(preset)), store(refresh))
    return ended(fitted, figures(fitted), fitted.making.is_reused)


def figures(fitted: Baselines) -> str:
    """How often every baseline is right on test, in words."""
    rates = ", ".join(f"{name} {100 * right.mean():.1f} %" for name, right in read_right(fitted).items())
    return f"right on test: {rates}"
