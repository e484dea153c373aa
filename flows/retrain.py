"""The whole chain in one run: fetch, check, encode, train, report, and the champion's challenge."""

from __future__ import annotations

from prefect import flow

from tasks.build_vocabulary import build_vocabulary
from tasks.ingest import ingest
from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.promote import promote
from tasks.report import report as write_report
from tasks.train import train
from tasks.validate import known_label, validate
from text_classifier.config import DataSetName, Label, MaxEpochs, PresetName, Seed, Source
from text_classifier.records import Report, TrainRun


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
        source: File, folder, pattern (the newest file that fits) or address such as s3://bucket/key. Empty:
            what TEXT_CLASSIFIER_<DATA SET> names, else the contract's own.
        max_epochs: Passes over the train split, at most. Empty: what the preset says.
        seed: Of weights, batches and dropout. The split has a seed of its own, in the contract.
        refresh: Make every output anew, also where an undamaged one could be reused; the raw copy of the source stays.
    """
    label = known_label(data_set, label)
    with only_run_of(data_set):
        ingested = ingest(data_set, source, refresh).result()
        prepared = validate(ingested, refresh).result()
        corpus = build_vocabulary(prepared, preset, refresh).result()
        model = train(prepared, corpus, label, preset, TrainRun(seed, max_epochs, refresh)).result()
        published = write_report(model, refresh).result()
        promote(published).result()
    return ending(published, published.headline)
