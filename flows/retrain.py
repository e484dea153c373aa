"""The whole chain in one run: fetch, check, look for a signal, train, judge, challenge the champion, report."""

from __future__ import annotations

from prefect import flow
from prefect.transactions import transaction

from tasks.build_vocabulary import build_vocabulary
from tasks.detect_drift import detect_drift
from tasks.evaluate import evaluate
from tasks.find_signal import find_signal
from tasks.fit_baselines import fit_baselines
from tasks.ingest import ingest
from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.promote import promote
from tasks.report import report as write_report
from tasks.report import report_without_model
from tasks.train import train
from tasks.validate import known_label, validate
from text_classifier.config import (
    DataSetName,
    Label,
    MaxEpochs,
    PresetName,
    PromotionRule,
    Seed,
    SignalRule,
    SkipTraining,
    Source,
    skips_training,
)
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
    skip_training_without_signal: SkipTraining = None,
    accept_drift: bool = False,
    signal: SignalRule = SignalRule(),
    promotion: PromotionRule = PromotionRule(),
) -> Report:
    """Prepare the data, train the preset's model, judge it and publish the report, whose sentence ends the run.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        preset: Options of vocabulary, model and training under one name; default is the recommendation.
        label: Label column to learn. Empty: the first that the contract names.
        source: File, folder, pattern (the newest file that fits) or address such as s3://bucket/key. Empty:
            what TEXT_CLASSIFIER_<DATA SET> names, else the contract's own.
        max_epochs: Passes over the train split, at most. Empty: what the preset says.
        seed: Of weights, batches and dropout. The split has a seed of its own, in the contract.
        refresh: Make every output anew, also where an undamaged one could be reused; the raw copy of the source stays.
        skip_training_without_signal: Train nothing where the texts say nothing about the label. Empty: what the
            preset says.
        accept_drift: Go on although the new data differ from those of the model in service by more than the contract
            allows.
        signal: How a signal is looked for, and what counts as one.
        promotion: What the model must show before it is put in service.
    """
    label = known_label(data_set, label)
    with only_run_of(data_set):
        ingested = ingest(data_set, source, refresh).result()
        prepared = validate(ingested, refresh).result()
        detect_drift(prepared, label, accept_drift, refresh).result()
        signal_test = find_signal(prepared, label, signal, refresh).result()
        if not signal_test.is_found and skips_training(preset, skip_training_without_signal):
            published = report_without_model(signal_test, prepared, preset, refresh).result()
            return ending(published, published.headline)
        baselines = fit_baselines(prepared, label, preset, refresh).result()
        corpus = build_vocabulary(prepared, preset, refresh).result()
        model = train(prepared, corpus, label, preset, TrainRun(seed, max_epochs, refresh)).result()
        evaluated = evaluate(model, signal_test, baselines, refresh).result()
        with transaction():
            comparison = promote(evaluated, promotion).result()
            published = write_report(evaluated, comparison, prepared, refresh).result()
    return ending(published, published.headline)
