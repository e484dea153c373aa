"""Look whether new data was delivered, and announce it so that a retraining can be triggered."""

from __future__ import annotations

from prefect import flow

from tasks.announce import announce
from tasks.naming import run_name
from tasks.outcome import ending
from text_classifier.config import DataSetName, Source


@flow(name="watch-source", flow_run_name=run_name)
def watch_source(data_set: DataSetName = "news", source: Source = None) -> bool:
    """Compare a source with what was last announced; the end of the run says whether new data was announced.

    Nothing is downloaded for it: address, size, time and ETag are compared. New data becomes the event
    text-classifier.new-data, at least once: what could not be announced or remembered is announced by the next run.

    Args:
        data_set: Name of a contract in data_contracts/, such as news or imdb.
        source: File, folder, pattern (the newest file that fits) or address. Empty: what TEXT_CLASSIFIER_<DATA SET>
            names; where that is empty too, nothing is ever new.
    """
    sighting = announce(data_set, source)
    return ending(sighting.is_new, sighting.sentence)
