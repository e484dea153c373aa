"""Train a model on prepared data."""

from __future__ import annotations

from prefect import flow

from tasks.build_vocabulary import build_vocabulary
from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.train import figures, train
from tasks.validate import known_label, prepared_data_set
from text_classifier.config import DataSetName, Fingerprint, Label, MaxEpochs, PresetName, Seed
from text_classifier.records import TrainedModel, TrainRun


@flow(name="train-classifier", flow_run_name=run_name)
def train_classifier(
    data_set: DataSetName = "news",
    preset: PresetName = "default",
    label: Label = None,
    fingerprint: Fingerprint = None,
    max_epochs: MaxEpochs = None,
    seed: Seed = 0,
    refresh: bool = False,
) -> TrainedModel:
    """Train the preset's model on the latest (or the named) prepared data set; write a complete model folder.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        preset: Options of vocabulary, model and training under one name; default is the recommendation.
        label: Label column to learn. Empty: the first that the contract names.
        fingerprint: Which prepared data set. Empty: the one that a run made or reused last.
        max_epochs: Passes over the train split, at most. Empty: what the preset says.
        seed: Of weights, batches and dropout. The split has a seed of its own, in the contract.
        refresh: Make every output anew, also where an undamaged one could be reused.
    """
    label = known_label(data_set, label)
    with only_run_of(data_set):
        prepared = prepared_data_set(data_set, fingerprint)
        corpus = build_vocabulary(prepared, preset, refresh).result()
        model = train(prepared, corpus, label, preset, TrainRun(seed, max_epochs, refresh)).result()
    return ending(model, figures(model))
