"""Fetch the source, check it against its contract, and encode it: everything before training."""

from __future__ import annotations

from prefect import flow

from tasks.build_vocabulary import build_vocabulary
from tasks.ingest import ingest
from tasks.naming import run_name
from tasks.outcome import ending, only_run_of
from tasks.validate import figures, validate
from text_classifier.config import DataSetName, PresetName, Source
from text_classifier.records import DataSet


@flow(name="prepare-data", flow_run_name=run_name)
def prepare_data(
    data_set: DataSetName = "news", preset: PresetName = "default", source: Source = None, refresh: bool = False
) -> DataSet:
    """Turn a source into validated examples by split, a vocabulary and token ids.

    Rows that cannot be read or that break the contract are set aside with a reason. A step whose inputs,
    parameters and code have not changed since an earlier run reuses that run's output.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        preset: Options of vocabulary, model and training under one name; default is the recommendation.
        source: File, folder, pattern (the newest file that fits) or address such as s3://bucket/key. Empty:
            what TEXT_CLASSIFIER_<DATA SET> names, else the contract's own.
        refresh: Make every output anew, also where an undamaged one could be reused; the raw copy of the source stays.
    """
    with only_run_of(data_set):
        ingested = ingest(data_set, source, refresh).result()
        prepared = validate(ingested, refresh).result()
        build_vocabulary(prepared, preset, refresh).result()
    return ending(prepared, figures(prepared))
