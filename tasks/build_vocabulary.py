"""Task: the vocabulary of a data set, and its examples as token ids."""

from __future__ import annotations

from prefect import task
from prefect.runtime import task_run

from text_classifier.config import Settings, preset_named
from text_classifier.records import DataSet, EncodedCorpus
from text_classifier.vocabulary import build


def _run_name() -> str:
    return f"build vocabulary of {task_run.parameters['data_set'].data_set} for {task_run.parameters['preset']}"


@task(name="build-vocabulary", task_run_name=_run_name)
def build_vocabulary(data_set: DataSet, preset: str, refresh: bool = False) -> EncodedCorpus:
    """Build the preset's vocabulary from the train split, or reuse the one that stands."""
    return build(data_set, preset_named(preset), Settings().data_dir, refresh)
