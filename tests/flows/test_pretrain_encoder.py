"""Pre-training as a flow: an encoder from all texts, a model from the encoder, both found again by later runs."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterName

from flows.prepare_data import prepare_data
from flows.pretrain_encoder import pretrain_encoder
from flows.train_classifier import train_classifier
from text_classifier import storage
from text_classifier.errors import TrainingError

DATA_SET, PRESET = "imdb_sample", "smoke-pretrained"


def states(name: str) -> list[str]:
    """State names of the task runs with that in their name, oldest first."""
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(task_run_filter=TaskRunFilter(name=TaskRunFilterName(like_=name)))
    return [f"{run.state_name}" for run in sorted(runs, key=lambda run: run.created or "")]


def test_an_encoder_is_trained_once_and_every_model_of_the_preset_starts_from_it(data_dir: Path) -> None:
    prepared = prepare_data(DATA_SET, PRESET)
    with pytest.raises(TrainingError, match=r"no encoder of imdb_sample .* run pretrain-encoder"):
        train_classifier(DATA_SET, PRESET)
    encoder = pretrain_encoder(DATA_SET, PRESET, max_epochs=1)
    read = pq.read_table(encoder.folder / "texts.parquet").num_rows
    assert prepared.split_rows["train"] < read <= prepared.split_rows["train"] + prepared.split_rows["unsup"]
    assert encoder.folder.is_relative_to(data_dir / "encoders" / DATA_SET)
    first, again = train_classifier(DATA_SET, PRESET), train_classifier(DATA_SET, PRESET)
    assert storage.read_manifest(first.folder).inputs["encoder"] == encoder.fingerprint
    assert again.folder == first.folder
    assert pretrain_encoder(DATA_SET, PRESET, max_epochs=1) == encoder
    assert states(f"pre-train the encoder of {PRESET} on ") == ["Completed", "Cached"]
