"""An encoder that learns to continue texts: what it reads, when it is found again, and what starts from it."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from telling_texts import pairs

from text_classifier import storage
from text_classifier.config import preset_named
from text_classifier.errors import TrainingError, UnknownNameError
from text_classifier.records import DataSet, TrainRun
from text_classifier.store import Store
from text_classifier.training import TrainingJob, TrainingProgress, train
from text_classifier.training.networks import BiLSTM, Sizes
from text_classifier.training.pretraining import PretrainingJob, pretrain
from text_classifier.training.pretraining.encoders import starting_encoder
from text_classifier.training.pretraining.starting import start_from
from text_classifier.training.pretraining.texts import read_texts
from text_classifier.vocabulary import build

PRESET = "smoke-pretrained"
RING = 12
"""Words of which each has one that usually comes next."""

Job = Callable[..., PretrainingJob]
Films = Callable[..., DataSet]


def ring_texts(rows: int, seed: int) -> Iterator[tuple[str, str]]:
    """Each word is followed by the next of the ring, one time in ten by any."""
    rng = np.random.default_rng(seed)
    for _ in range(rows):
        word, said = rng.integers(RING), []
        for _ in range(rng.integers(8, 40)):
            word = (word + 1) % RING if rng.random() < 0.9 else rng.integers(RING)
            said.append(f"w{chr(97 + word)}")
        yield " ".join(said), "odd" if len(said) % 2 else "even"


@pytest.fixture
def rings(write_data_set: Films) -> Films:
    """Texts with a structure; `leaked` are texts of `unsup` beside its 400 own."""

    def make(
        labels: tuple[str, str] = ("even", "odd"), leaked: int = 0, train_rows: int = 120, held_out: str = ""
    ) -> DataSet:
        test = list(ring_texts(40, 3)) + ([(held_out, "odd")] if held_out else [])
        splits = {
            "train": list(ring_texts(train_rows, 0)) + test[:leaked],
            "val": list(ring_texts(40, 1)),
            "test": test,
            "unsup": list(ring_texts(400, 2)) + test[:leaked] + list(ring_texts(2 * leaked, 1)),
        }
        renamed = dict(zip(("even", "odd"), labels, strict=True))
        return write_data_set({name: [(text, renamed[label]) for text, label in rows] for name, rows in splits.items()})

    return make


@pytest.fixture
def job_of(tmp_path: Path) -> Job:
    def job(data_set: DataSet, epochs: int | None = None, seed: int = 1) -> PretrainingJob:
        corpus = build(data_set, preset_named(PRESET), Store(tmp_path))
        return PretrainingJob(data_set, corpus, PRESET, TrainRun(seed, epochs))

    return job


def training_job(data_set: DataSet, tmp_path: Path) -> TrainingJob:
    return TrainingJob(data_set, build(data_set, preset_named(PRESET), Store(tmp_path)), "mood", PRESET, TrainRun(1))


def test_the_perplexity_falls_to_that_of_the_texts(rings: Films, job_of: Job, tmp_path: Path) -> None:
    encoder = pretrain(job_of(rings(), epochs=30), Store(tmp_path))
    history = pq.read_table(encoder.folder / "history.parquet")
    assert history.column_names == [
        *("epoch", "step", "train_loss", "val_loss", "learning_rate", "seconds", "val_perplexity")
    ]
    perplexities = history["val_perplexity"].to_pylist()
    # A word's next: 0.9 + 0.1 / 12 for the one, 0.1 / 12 for each of the others; known without its neighbours: 12.
    likely, other = 0.9 + 0.1 / RING, 0.1 / RING
    floor = np.exp(-likely * np.log(likely) - (RING - 1) * other * np.log(other))
    assert perplexities[0] > 8
    assert floor < encoder.perplexity == min(perplexities) < 2 * floor


def test_an_encoder_reads_train_and_unsup_but_for_the_copies_of_val_and_test(
    rings: Films, job_of: Job, tmp_path: Path
) -> None:
    data_set = rings(leaked=7)
    job = job_of(data_set, epochs=1)
    encoder = pretrain(job, Store(tmp_path))
    read = pq.read_table(encoder.folder / "texts.parquet")["text_digest"].to_pylist()
    digests = {
        name: pq.read_table(data_set.folder / "examples" / f"{name}.parquet")["text_digest"].to_pylist()
        for name in ("train", "unsup", "val", "test")
    }
    held_out, readable = {*digests["val"], *digests["test"]}, [*digests["train"], *digests["unsup"]]
    assert len(read) == len(set(read)) == encoder.read_texts
    assert set(read) == set(readable) - held_out
    left_out = storage.verify(encoder.folder).facts["left_out_rows"]
    assert left_out == sum(digest in held_out for digest in readable) >= 7 + 7 + 14
    windows = read_texts(job, 50).train  # no text is longer
    learned = [
        windows.tokens[first : first + size].tolist()
        for first, size in zip(windows.starts, windows.lengths, strict=True)
    ]
    encoded = [pq.read_table(job.corpus.folder / "encoded" / f"{name}.parquet") for name in ("train", "unsup")]
    rows = pa.concat_tables(encoded).to_pylist()
    assert learned == [row["token_ids"] for row in rows if row["text_digest"] not in held_out]


def test_no_label_is_read(rings: Films, job_of: Job, tmp_path: Path) -> None:
    encoders = [pretrain(job_of(rings(labels), epochs=1), Store(tmp_path)) for labels in (("even", "odd"), ("x", "x"))]
    first, second = ((encoder.folder / "weights.safetensors").read_bytes() for encoder in encoders)
    assert encoders[0].folder != encoders[1].folder
    assert first == second


def test_a_second_pretraining_finds_the_encoder_and_makes_it_the_latest(
    rings: Films, job_of: Job, tmp_path: Path
) -> None:
    job, told = job_of(rings(), epochs=1), list[TrainingProgress]()
    first = pretrain(job, Store(tmp_path), told.append)
    other = pretrain(dataclasses.replace(job, options=TrainRun(2, 1)), Store(tmp_path))
    preset = preset_named(PRESET)
    assert starting_encoder(job.data_set, preset, tmp_path) == other != first
    steps = len(told)
    again = pretrain(job, Store(tmp_path), told.append)
    assert (again, again.making.is_reused, len(told)) == (first, True, steps)
    assert starting_encoder(job.data_set, preset, tmp_path) == first


def test_a_pretraining_that_was_cut_off_goes_on_and_ends_with_the_same_weights(
    rings: Films, job_of: Job, tmp_path: Path
) -> None:
    job, steps = job_of(rings()), list[tuple[int, int]]()

    def interrupt(progress: TrainingProgress) -> None:
        if (progress.epoch, progress.step) == (2, 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(job, Store(tmp_path), interrupt)
    resumed = pretrain(job, Store(tmp_path), lambda progress: steps.append((progress.epoch, progress.step)))
    weights = (resumed.folder / "weights.safetensors").read_bytes()
    assert steps[0] == (2, 3)
    assert not list((tmp_path / "checkpoints" / "films").iterdir())
    assert (pretrain(job, Store(tmp_path, refresh=True)).folder / "weights.safetensors").read_bytes() == weights


def test_tokens_find_their_embedding_whatever_their_id(rings: Films, job_of: Job, tmp_path: Path) -> None:
    encoder = pretrain(job_of(rings(), epochs=1), Store(tmp_path))
    learned = load_file(encoder.folder / "weights.safetensors")
    known = pq.read_table(encoder.folder / "vocabulary.parquet")["token"].to_pylist()
    now = ["[PAD]", "[UNK]", "unheard", *reversed(known[2:]), "of"]
    network = BiLSTM(preset_named(PRESET).model, Sizes(len(now), 2, unk_id=1))
    head = network.head.weight.clone()
    start_from(network, encoder.folder, pa.chunked_array([now]))
    rows, mean = network.embedding.weight, learned["embedding.weight"].mean(dim=0)
    for token, row in zip(now, rows, strict=True):
        expected = learned["embedding.weight"][known.index(token)] if token in known else mean
        torch.testing.assert_close(row, expected, rtol=0, atol=0)
    for name in learned.keys() - {"embedding.weight"}:
        assert torch.equal(network.state_dict()[name], learned[name])
    assert torch.equal(network.head.weight, head)


def test_a_model_starts_from_the_weights_of_the_latest_encoder(rings: Films, job_of: Job, tmp_path: Path) -> None:
    job = job_of(rings(), epochs=3)
    encoder = pretrain(job, Store(tmp_path))
    tomorrow = rings(train_rows=150)
    model = train(training_job(tomorrow, tmp_path), Store(tmp_path))
    assert storage.read_manifest(model.folder).inputs["encoder"] == encoder.fingerprint
    trained, learned = (load_file(folder / "weights.safetensors") for folder in (model.folder, encoder.folder))
    moved = max(float((trained[name] - learned[name]).abs().max()) for name in learned if name.startswith("layers."))
    assert 0 < moved < 0.01  # two steps of a learning rate of 0.001; weights drawn anew would lie up to 0.7 apart
    assert train(training_job(tomorrow, tmp_path), Store(tmp_path)).folder == model.folder
    pretrain(dataclasses.replace(job, options=TrainRun(2, 1)), Store(tmp_path))
    assert train(training_job(tomorrow, tmp_path), Store(tmp_path)).folder != model.folder


def test_an_encoder_that_has_read_todays_test_is_refused(rings: Films, job_of: Job, tmp_path: Path) -> None:
    today = rings()
    pretrain(job_of(today, epochs=1), Store(tmp_path))
    read = pq.read_table(today.folder / "examples" / "unsup.parquet")["text"][17].as_py()
    tomorrow = rings(held_out=read)
    with pytest.raises(TrainingError, match=r"0 examples of val, 1 examples of test; .* run pretrain-encoder again"):
        train(training_job(tomorrow, tmp_path), Store(tmp_path))
    pretrain(job_of(tomorrow, epochs=1), Store(tmp_path))
    assert train(training_job(tomorrow, tmp_path), Store(tmp_path)).epochs == 1


def test_without_an_encoder_of_the_presets_shape_the_flow_that_makes_one_is_named(
    rings: Films, job_of: Job, tmp_path: Path
) -> None:
    data_set, preset = rings(), preset_named(PRESET)
    with pytest.raises(TrainingError, match=r"no encoder of films .* 0 encoders.* run pretrain-encoder"):
        train(training_job(data_set, tmp_path), Store(tmp_path))
    pretrain(job_of(data_set, epochs=1), Store(tmp_path))
    larger = preset.model_copy(update={"model": preset.model.model_copy(update={"hidden_size": 9})})
    with pytest.raises(TrainingError, match=r"1 encoders, none of this shape; .*hidden_size 9"):
        starting_encoder(data_set, larger, tmp_path)
    assert starting_encoder(data_set, preset_named("smoke"), tmp_path) is None


def test_a_preset_that_starts_from_no_encoder_pretrains_none(rings: Films, job_of: Job, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="pretrained, smoke-pretrained"):
        pretrain(dataclasses.replace(job_of(rings()), preset="smoke"), Store(tmp_path))


def test_texts_of_one_token_are_nothing_to_learn_from(write_data_set: Films, job_of: Job, tmp_path: Path) -> None:
    data_set = write_data_set({"train": [("one", "a"), ("one", "b")], "val": pairs(4, 0)})
    with pytest.raises(TrainingError, match="none in train"):
        pretrain(job_of(data_set), Store(tmp_path))
    assert not list((tmp_path / "encoders" / "films").iterdir())
