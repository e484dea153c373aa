"""The whole chain: prepare the data, train, report."""

from __future__ import annotations

from prefect import flow

from flows.prepare_data import prepare_data
from flows.report import report
from flows.train_classifier import train_classifier
from tasks.naming import run_name
from tasks.outcome import ending
from tasks.validate import known_label
from text_classifier.config import DataSetName, Label, MaxEpochs, PresetName, Seed, Source
from text_classifier.records import Report


@flow(name="retrain", flow_run_name=run_name)
def retrain(
    data_set: DataSetName = "news",
    preset: PresetName = "default",
    label: Label = None,
    source: Source = None,
    max_epochs: MaxEpochs = None,
    seed: Seed = 0,
    refresh: bool = False,
) -> Report:
    """Prepare the data, train the preset's model and publish its report, whose first sentence ends the run.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        preset: Options of vocabulary, model and training under one name; default is the recommendation.
        label: Label column to learn. Empty: the first that the contract names.
        source: File, folder or http(s) address. Empty: what TEXT_CLASSIFIER_<DATA SET> names, else the contract's own.
        max_epochs: Passes over the train split, at most. Empty: what the preset says.
        seed: Of weights, batches and dropout. The split has a seed of its own, in the contract.
        refresh: Make every output anew, also where an undamaged one could be reused.
    """
    label = known_label(data_set, label)
    prepared = prepare_data(data_set, preset, source, refresh)
    model = train_classifier(prepared.data_set, preset, label, prepared.fingerprint, max_epochs, seed, refresh)
    published = report(prepared.data_set, model.run, refresh)
    return ending(published, published.headline)
