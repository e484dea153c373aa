"""Task: the vocabulary of a data set, and its examples as token ids."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run

from tasks.outcome import ended, store
from text_classifier.config import Settings, preset_named
from text_classifier.progress import MEGABYTE
from text_classifier.records import DataSet, EncodedCorpus
from text_classifier.vocabulary import build, encoded_splits


def _run_name() -> str:
    data_set, preset = task_run.parameters["data_set"], task_run.parameters["preset"]
    rows = sum(data_set.split_rows.get(split, 0) for split in encoded_splits(preset_named(preset), data_set))
    return f"build vocabulary of {rows:,} examples of {data_set.data_set} for {preset}"


@task(name="build-vocabulary", task_run_name=_run_name, cache_policy=NO_CACHE)
def build_vocabulary(data_set: DataSet, preset: str, refresh: bool = False) -> State[EncodedCorpus]:
    """Build the preset's vocabulary from the train split, or reuse the one that stands; encode the splits by it."""
    memory_bytes = Settings().vocabulary_megabytes * MEGABYTE
    corpus = build(data_set, preset_named(preset), store(refresh), memory_bytes=memory_bytes)
    return ended(corpus, figures(corpus), corpus.making.is_reused)


def figures(corpus: EncodedCorpus) -> str:
    """What the vocabulary holds, in words."""
    return f"{corpus.vocabulary_size:,} token ids from {corpus.train_tokens:,} tokens of the train split"
