"""Pre-train an encoder on the texts of prepared data, labelled or not, for the presets that start from one."""

from __future__ import annotations

from prefect import flow

from tasks.build_vocabulary import build_vocabulary
from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.pretrain import figures, pretrain
from tasks.validate import prepared_data_set
from text_classifier.config import DataSetName, Fingerprint, MaxEpochs, PresetName, Seed
from text_classifier.records import PretrainedEncoder, TrainRun


@flow(name="pretrain-encoder", flow_run_name=run_name)
def pretrain_encoder(
    data_set: DataSetName = "imdb",
    preset: PresetName = "pretrained",
    fingerprint: Fingerprint = None,
    max_epochs: MaxEpochs = None,
    seed: Seed = 0,
    refresh: bool = False,
) -> PretrainedEncoder:
    """Teach the preset's encoder to continue the texts of train and unsup; later trainings of the preset start from it.

    Texts that stand in val or test too are left out, and no label is read. Needed once: the encoder serves nightly runs
    until one of its texts turns up in val or test, which they refuse.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        preset: Options of vocabulary, model and training under one name; one that pre-trains an encoder.
        fingerprint: Which prepared data set. Empty: the one that a run made or reused last.
        max_epochs: Passes over the texts, at most. Empty: what the preset says.
        seed: Of weights, batches and dropout.
        refresh: Make every output anew, also where an undamaged one could be reused.
    """
    with only_run_of(data_set):
        prepared = prepared_data_set(data_set, fingerprint)
        corpus = build_vocabulary(prepared, preset, refresh).result()
        encoder = pretrain(prepared, corpus, preset, TrainRun(seed, max_epochs, refresh)).result()
    return ending(encoder, figures(encoder))
