import dataclasses
import json
import logging
import os
import resource
import shutil
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from telling_texts import pairs
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from text_classifier import storage
from text_classifier.config import TrainingOptions
from text_classifier.errors import (
    DamagedOutputError,
    OutputUnwritableError,
    TrainingError,
    UnknownNameError,
)
from text_classifier.records import TrainedModel, TrainRun
from text_classifier.store import LATEST, Store
from text_classifier.training import (
    TrainingJob,
    TrainingProgress,
    fitting,
    latest_model,
    load_model,
    predict_split,
    read_config,
    train,
)
from text_classifier.training.batches import Readable, SplitBatches, read_windows
from text_classifier.training.fitting import fit
from text_classifier.training.job import ignore_progress
from text_classifier.training.module import move_average
from text_classifier.training.planning import planned_model, short, unfinished
from text_classifier.training.scoring import logits_of, probabilities_of


@pytest.fixture
def model(films, job_of, tmp_path: Path) -> TrainedModel:
    return train(job_of(films, epochs=2), Store(tmp_path))


def test_a_model_folder_is_whole_and_alone(model: TrainedModel, tmp_path: Path) -> None:
    assert {path.name for path in model.folder.iterdir()} == {
        "weights.safetensors",
        "model.onnx",
        "config.json",
        "vocabulary.parquet",
        "history.parquet",
        "tensorboard",
        "manifest.json",
    }
    assert not list((tmp_path / "checkpoints" / "films").iterdir())
    assert {path.name for path in model.folder.parent.iterdir()} == {model.run, LATEST}
    facts = storage.verify(model.folder).facts
    assert (tmp_path / facts["corpus_folder"] / "manifest.json").exists()
    assert (tmp_path / facts["data_set_folder"] / "manifest.json").exists()
    assert (facts["train_rows"], facts["val_rows"], model.epochs) == (300, 50, 2)
    assert facts["onnx_largest_difference"] < 1e-5
    assert model.run.endswith(f"-smoke-mood-{model.fingerprint[:8]}")


def test_the_history_has_a_row_per_epoch(model: TrainedModel) -> None:
    history = pq.read_table(model.folder / "history.parquet")
    assert history.column_names == [
        "member",
        "epoch",
        "step",
        "train_loss",
        "val_loss",
        "val_accuracy_rate",
        "learning_rate",
        "seconds",
    ]
    assert history.select(["epoch", "step"]).to_pylist() == [{"epoch": 1, "step": 3}, {"epoch": 2, "step": 6}]
    assert all(value is not None for row in history.to_pylist() for value in row.values())


def test_a_model_needs_nothing_but_its_folder(model: TrainedModel, films, tmp_path: Path) -> None:
    moved = model.folder.rename(tmp_path / "elsewhere")
    for place in ("datasets", "vocabularies"):
        (tmp_path / place).rename(tmp_path / f"{place} away")
    classifier = load_model(moved)
    assert classifier.class_names == ("glad", "sad")
    assert classifier.predict_probabilities(["the film was dull", ""]).shape == (2, 2)
    assert classifier.predict_probabilities([]).shape == (0, 2)


def test_encoded_examples_score_as_their_raw_texts(model: TrainedModel, films, tmp_path: Path) -> None:
    keys, scored = predict_split(model, tmp_path, "test")
    probabilities = scored.probabilities
    examples = pq.read_table(films.folder / "examples" / "test.parquet")
    assert keys.equals(examples.select(["example_id", "text_digest"]))
    assert probabilities.dtype == np.float32
    raw = load_model(model.folder).predict_probabilities(examples["text"].to_pylist())
    np.testing.assert_array_equal(probabilities, raw)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_a_signal_is_learned(films, job_of, tmp_path: Path) -> None:
    model = train(job_of(films, epochs=30), Store(tmp_path))
    probabilities = predict_split(model, tmp_path, "test")[1].probabilities
    labels = pq.read_table(films.folder / "examples" / "test.parquet")["mood"].to_pylist()
    predictions = [read_config(model.folder).class_names[column] for column in probabilities.argmax(axis=1)]
    assert np.mean([a == b for a, b in zip(predictions, labels, strict=True)]) > 0.9


def test_the_same_seed_gives_the_same_weights_and_another_others(films, job_of, tmp_path: Path) -> None:
    weights, anew = [], Store(tmp_path, refresh=True)
    for seed in (1, 1, 2):
        torch.manual_seed(99)
        weights.append(load_file(train(job_of(films, seed=seed), anew).folder / "weights.safetensors"))
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


def test_what_a_model_is_called_and_whether_it_may_be_promoted_does_not_decide_what_is_trained(films, job_of) -> None:
    _, planned = planned_model(job_of(films))
    assert set(planned.parameters["options"]) == {"vocabulary", "model", "training"}


def cut_off(job: TrainingJob, store: Store, step: int) -> Path:
    """Train until Ctrl-C after that step; where the checkpoints are."""
    told: list[TrainingProgress] = []

    def tell(progress: TrainingProgress) -> None:
        told.append(progress)
        time.sleep(0.1)
        if len(told) == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(job, store, tell)
    return unfinished(store.data_dir, "films", planned_model(job)[1])


def steps_of(job: TrainingJob, store: Store) -> tuple[TrainedModel, int]:
    """The trained model, and how many steps that took now."""
    told: list[TrainingProgress] = []
    return train(job, store, told.append), len(told)


def test_a_training_that_was_cut_off_goes_on_and_leaves_the_same_model(films, job_of, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.INFO)
    job, store = job_of(films, epochs=3), Store(tmp_path)
    whole, steps = steps_of(job, Store(tmp_path, refresh=True))
    assert steps == 9
    work = cut_off(job, Store(tmp_path, refresh=True), 5)
    half = whole.folder.with_name(f".20200101-000000-smoke-mood-{short(planned_model(job)[1])}.0123abcd.partial")
    half.mkdir()  # what a process leaves that is killed while it writes
    undisturbed = storage.sha256_file(whole.folder / "weights.safetensors")
    shutil.rmtree(whole.folder)
    model, steps = steps_of(job, store)
    assert steps == 4
    assert f"training goes on from {work}" in caplog.text
    assert storage.verify(model.folder).facts["resumed_at_steps"] == [5]
    assert model.seconds >= pq.read_table(model.folder / "history.parquet")["seconds"].to_pylist()[-1] > 0.3
    assert not work.exists()
    assert {path.name for path in model.folder.parent.iterdir()} == {model.run, LATEST}
    assert storage.sha256_file(model.folder / "weights.safetensors") == undisturbed


def test_refresh_starts_over_and_another_job_does_not_take_up_what_was_cut_off(films, job_of, tmp_path: Path) -> None:
    store = Store(tmp_path)
    work = cut_off(job_of(films, epochs=3), store, 5)
    for other in (job_of(films, epochs=3, seed=2), job_of(films, epochs=2)):
        _, steps = steps_of(other, store)
        assert steps == 3 * (other.options.max_epochs or 1)
    assert work.exists()
    _, steps = steps_of(job_of(films, epochs=3), Store(tmp_path, refresh=True))
    assert steps == 9
    assert not work.exists()


def test_what_nobody_takes_up_for_two_weeks_is_removed(films, job_of, tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, young, under_way = (cut_off(job_of(films, epochs=3, seed=seed), store, 2) for seed in (1, 2, 3))
    for work, days in ((old, 15), (young, 13), (under_way, 15)):
        for path in (*work.rglob("*"), work):
            os.utime(path, (0, time.time() - days * 86_400))
    (under_way / "member-2").mkdir()
    (under_way / "member-2" / "a checkpoint").touch()
    os.utime(under_way, (0, time.time() - 15 * 86_400))
    train(job_of(films, seed=4), store)
    assert [place.exists() for place in (old, young, under_way)] == [False, True, True]


def test_tensorboard_shows_every_epoch_of_a_training_that_was_cut_off(films, job_of, tmp_path: Path) -> None:
    job = job_of(films, epochs=3)
    cut_off(job, Store(tmp_path), 5)
    model = train(job, Store(tmp_path))
    events = EventAccumulator(str(model.folder / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("train_loss")] == [3, 6, 9]
    history = pq.read_table(model.folder / "history.parquet")
    shown = [event.value for event in events.Scalars("val_loss")]
    np.testing.assert_allclose(shown, history["val_loss"].to_numpy(), rtol=1e-6)


def test_progress_is_told_after_every_step(films, job_of, tmp_path: Path) -> None:
    told: list[TrainingProgress] = []
    train(job_of(films, epochs=2), Store(tmp_path), told.append)
    assert [(p.epoch, p.step) for p in told] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    assert {(p.epochs, p.steps) for p in told} == {(2, 3)}
    assert told[-1].seconds_left == 0
    assert all(p.examples_per_second > 0 and p.loss > 0 for p in told)


def test_lightnings_lines_and_ours_go_through_logging(films, job_of, tmp_path: Path, caplog, capsys) -> None:
    with caplog.at_level(logging.INFO):
        train(job_of(films), Store(tmp_path))
    assert "training smoke on films (SAMPLE), label mood: 300 examples, 50 held out, 2 classes" in caplog.text
    assert "epoch 1 of 1: train_loss" in caplog.text
    assert "`Trainer.fit` stopped" in caplog.text
    assert capsys.readouterr() == ("", "")


def test_training_warns_of_nothing(films, job_of, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(job_of(films), Store(tmp_path))


def test_many_classes_get_a_column_each(write_data_set, job_of, tmp_path: Path) -> None:
    classes = ("calm", "glad", "sad")
    data_set = write_data_set({"train": pairs(90, 0, classes), "val": pairs(30, 1, classes)})
    classifier = load_model(train(job_of(data_set), Store(tmp_path)).folder)
    assert classifier.class_names == classes
    assert classifier.predict_probabilities(["soft and slow"]).shape == (1, 3)


def test_the_preset_of_notebook_1_trains_on_val_and_watches_nothing(write_data_set, job_of, tmp_path: Path) -> None:
    data_set = write_data_set({"train": pairs(20, 0), "val": pairs(10, 1)})
    model = train(job_of(data_set, preset="keras-bilstm", epochs=1), Store(tmp_path))
    history = pq.read_table(model.folder / "history.parquet").to_pylist()
    assert storage.read_manifest(model.folder).facts["train_rows"] == 30
    assert (history[0]["val_loss"], history[0]["val_accuracy_rate"]) == (None, None)
    assert read_config(model.folder).temperature == 1.0


def test_an_unknown_preset_or_label_is_refused_with_the_known_ones(films, job_of, tmp_path: Path) -> None:
    job = job_of(films)
    with pytest.raises(UnknownNameError, match="did you mean 'smoke'"):
        train(dataclasses.replace(job, preset="smok"), Store(tmp_path))
    with pytest.raises(UnknownNameError, match="mood"):
        train(dataclasses.replace(job, label="sentiment"), Store(tmp_path))


def test_a_corpus_of_another_preset_is_refused(films, job_of, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="other vocabulary options"):
        train(dataclasses.replace(job_of(films), preset="default"), Store(tmp_path))


def test_an_empty_val_split_is_an_error_for_presets_that_watch_it(write_data_set, job_of, tmp_path: Path) -> None:
    data_set = write_data_set({"train": [("a a", "x"), ("b b", "y")] * 2})
    with pytest.raises(TrainingError, match="raise val_pct"):
        train(job_of(data_set), Store(tmp_path))
    assert not list((tmp_path / "models" / "films").iterdir())


def test_a_class_with_one_example_is_an_error(write_data_set, job_of, tmp_path: Path) -> None:
    data_set = write_data_set({"train": [("a a", "x"), ("a b", "x"), ("b b", "y")], "val": [("a", "x")]})
    with pytest.raises(TrainingError, match="'y': 1 in all, 1 to train on"):
        train(job_of(data_set), Store(tmp_path))


class Diverging(nn.Module):
    """Its loss is a number in the first two steps only."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.steps = nn.Parameter(torch.zeros(2)), 0

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        self.steps += 1
        return self.weight.expand(len(lengths), 2) * (torch.nan if self.steps > 2 else 1.0)


def test_a_loss_that_is_no_number_stops_the_run_at_its_step(tmp_path: Path) -> None:
    options = TrainingOptions(batch_size=2)
    windows = read_windows(np.arange(6, dtype=np.int32), np.arange(7), options, unk_id=1)
    readable = Readable(windows, np.zeros(6, np.int64))
    with pytest.raises(TrainingError, match="epoch 1, step 3; seen: nan"):
        fit(Diverging(), SplitBatches(readable, readable, options, seed=0), tmp_path, ignore_progress)


@pytest.mark.parametrize("precision", ["bf16-mixed", "32-true"])
def test_gradients_are_clipped_in_whatever_numbers_a_run_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    monkeypatch.setattr(fitting, "choose_precision", lambda _: precision)
    options = TrainingOptions(batch_size=6, learning_rate=0.1, gradient_clip=1e-6, epsilon=1e-3)
    windows = read_windows(np.arange(6, dtype=np.int32), np.arange(7), options, unk_id=1)
    readable, network = Readable(windows, np.zeros(6, np.int64)), Constant()
    fit(network, SplitBatches(readable, readable, options, seed=0), tmp_path, ignore_progress)
    assert 0 < network.weight.abs().max() < 1e-3  # Adam's first step is 0.1 where the gradient is not clipped


def test_training_stops_early_when_val_gets_no_better(tmp_path: Path) -> None:
    options = TrainingOptions(batch_size=2, max_epochs=9, patience_epochs=1, learning_rate=0.1)
    windows = read_windows(np.arange(6, dtype=np.int32), np.arange(7), options, unk_id=1)
    train_split, val = Readable(windows, np.zeros(6, np.int64)), Readable(windows, np.ones(6, np.int64))
    network = Constant()
    history = fit(network, SplitBatches(train_split, val, options, seed=0), tmp_path, ignore_progress).history
    assert history.num_rows == 2
    assert history["val_loss"].to_pylist() == sorted(history["val_loss"].to_pylist())
    last = torch.load(max(tmp_path.glob("*.ckpt")), weights_only=True)
    assert torch.equal(network.weight, last["best"]["weight"])
    assert not torch.equal(network.weight, last["module"]["network.weight"])


class Constant(nn.Module):
    """The same logits for every text."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return self.weight.expand(len(lengths), 2)


def test_the_average_of_the_weights_is_watched_and_kept(tmp_path: Path) -> None:
    options = TrainingOptions(batch_size=2, max_epochs=2, learning_rate=0.1, averaging_decay_rate=0.9)
    windows = read_windows(np.arange(6, dtype=np.int32), np.arange(7), options, unk_id=1)
    readable, network = Readable(windows, np.zeros(6, np.int64)), Constant()
    history = fit(network, SplitBatches(readable, readable, options, seed=0), tmp_path, ignore_progress).history
    last = torch.load(max(tmp_path.glob("*.ckpt")), weights_only=True)["module"]
    assert torch.equal(network.weight, last["averaged.module.weight"])
    assert (network.weight.abs() < last["network.weight"].abs()).all()  # the weights only grow, their average lags
    kept_loss = -network.weight.log_softmax(dim=0)[0].item()
    assert history["val_loss"].to_pylist()[-1] == pytest.approx(kept_loss, rel=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_one_cycle_schedule_rises_and_falls_in_however_few_steps(tmp_path: Path, steps: int) -> None:
    options = TrainingOptions(batch_size=2, max_epochs=1, learning_rate=0.1, schedule="one-cycle")
    windows = read_windows(np.arange(2 * steps, dtype=np.int32), np.arange(2 * steps + 1), options, unk_id=1)
    readable, network = Readable(windows, np.zeros(2 * steps, np.int64)), Constant()
    fit(network, SplitBatches(readable, readable, options, seed=0), tmp_path, ignore_progress)
    assert network.weight[0] > network.weight[1]


@pytest.mark.parametrize(("monitor", "kept"), [("val_loss", 0.4), ("val_accuracy_rate", 0.1)])
def test_what_is_monitored_decides_which_epoch_is_kept(tmp_path: Path, monitor: str, kept: float) -> None:
    """The margin starts at -0.5 and grows by 0.3 a step; above 0 six of ten answers are right, surest best at 0.41."""
    options = TrainingOptions(max_epochs=4, learning_rate=0.15, monitor=monitor)
    windows = read_windows(np.arange(10, dtype=np.int32), np.arange(11), options, unk_id=1)
    train_rows, val_rows = Readable(windows, np.zeros(10, np.int64)), Readable(windows, np.repeat([0, 1], [6, 4]))
    network = Constant()
    network.weight.data = torch.tensor([-0.25, 0.25])
    fit(network, SplitBatches(train_rows, val_rows, options, seed=0), tmp_path, ignore_progress)
    assert (network.weight[0] - network.weight[1]).item() == pytest.approx(kept, abs=0.01)


def test_n_grams_beside_the_network_are_a_part_of_the_model(films, job_of, tmp_path: Path) -> None:
    model = train(job_of(films, preset="fast", epochs=1), Store(tmp_path))
    classifier = load_model(model.folder)
    texts = pq.read_table(films.folder / "examples" / "test.parquet")["text"].to_pylist()
    scored = classifier.score(texts)
    assert set(scored.parts) == {"lstm", "ngrams"}
    network, windows = classifier.network, classifier.windows_of(texts)
    whole = logits_of(network, windows, classifier.config.training)
    expected = probabilities_of(whole, classifier.config.temperature)
    np.testing.assert_allclose(scored.probabilities, expected, atol=1e-6)
    for name, part in (("lstm", network.deep), ("ngrams", network.wide)):
        alone = logits_of(part, windows, classifier.config.training)
        assert np.array_equal(scored.parts[name], alone.argmax(axis=1))
    assert sum(classifier.config.ngrams) == len(network.wide.weights) - 1 > 0
    assert model.weights > sum(weight.numel() for weight in network.deep.parameters())
    np.testing.assert_array_equal(predict_split(model, tmp_path, "test")[1].probabilities, scored.probabilities)


def test_val_decides_how_much_the_n_grams_count_but_not_what_they_are(write_data_set, job_of, tmp_path: Path) -> None:
    learned, shares = [], []
    for opposite in ({"glad": "glad", "sad": "sad"}, {"glad": "sad", "sad": "glad"}):
        val = [(text, opposite[mood]) for text, mood in pairs(60, 1)]
        data_set = write_data_set({"train": pairs(200, 0), "val": val, "test": pairs(60, 2)})
        weights = load_file(train(job_of(data_set, "fast", epochs=1), Store(tmp_path)).folder / "weights.safetensors")
        shares.append(float(weights["share"]))
        learned.append({name: numbers for name, numbers in weights.items() if name.startswith("wide.")})
    assert all(torch.equal(learned[0][name], learned[1][name]) for name in learned[0])
    assert len(learned[0]) == 5
    assert shares[0] != shares[1]


def test_the_decay_rules_the_average_once_enough_steps_were_seen() -> None:
    for decay in (0.9, 0.99, 0.997):
        averaged = [torch.ones(1)]
        move_average(decay, averaged, [torch.zeros(1)], 1_500)
        assert averaged[0].item() == pytest.approx(decay)


def test_an_average_soon_forgets_the_initial_values() -> None:
    averaged = [torch.zeros(3)]
    for step in range(1, 60):
        move_average(0.999, averaged, [torch.ones(3)], step)
    assert averaged[0].min() > 0.99
    assert averaged[0].max() < 1


def test_a_data_root_that_cannot_be_written_is_told_and_nothing_is_left(films, job_of, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(OutputUnwritableError, match="TEXT_CLASSIFIER_DATA_DIR"):
        train(job_of(films), Store(tmp_path))


def test_a_file_where_checkpoints_belong_is_told(films, job_of, tmp_path: Path) -> None:
    job = job_of(films)
    (tmp_path / "checkpoints").write_text("")
    with pytest.raises(OutputUnwritableError, match="checkpoints"):
        train(job, Store(tmp_path))
    assert not list((tmp_path / "models").rglob("*.*"))


def test_a_full_disk_leaves_nothing_half_written(films, job_of, tmp_path: Path) -> None:
    job = job_of(films)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))  # bytes per file; writing on fails as on a full disk
    try:
        with pytest.raises(OutputUnwritableError, match="nothing half-written was kept"):
            train(job, Store(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list((tmp_path / "models" / "films").iterdir())


def test_the_latest_model_is_the_one_made_or_reused_last(films, job_of, tmp_path: Path) -> None:
    with pytest.raises(DamagedOutputError, match="run train-classifier"):
        latest_model(tmp_path, "films")
    first = train(job_of(films, seed=1), Store(tmp_path))
    second = train(job_of(films, seed=2), Store(tmp_path))
    assert latest_model(tmp_path, "films") == second
    train(job_of(films, seed=1), Store(tmp_path))
    assert latest_model(tmp_path, "films") == first
    assert latest_model(tmp_path, "films", first.run) == first
    with pytest.raises(UnknownNameError, match=first.run):
        latest_model(tmp_path, "films", "20200101-000000-smoke")


def test_a_model_of_another_tokenizer_version_or_corpus_is_refused(model: TrainedModel, tmp_path: Path) -> None:
    path = model.folder / "config.json"
    config = json.loads(path.read_text("utf-8"))
    for changed, message in (
        (config | {"tokenizer_version": 99}, "another version of its tokenizer"),
        (config | {"corpus_fingerprint": "0" * 64}, "was replaced"),
        (config | {"hidden": 1}, "no readable config"),
    ):
        path.write_text(json.dumps(changed), "utf-8")
        manifest = storage.read_manifest(model.folder)
        storage.write_manifest(model.folder, manifest, manifest.facts)
        with pytest.raises(DamagedOutputError, match=message):
            predict_split(model, tmp_path, "test")


def sign_anew(folder: Path) -> None:
    manifest = storage.read_manifest(folder)
    storage.write_manifest(folder, manifest, manifest.facts)


def swap_words(path: Path) -> None:
    """The same vocabulary but for two words that change places, as in one that was counted on other texts."""
    table = pq.read_table(path)
    tokens = table["token"].to_pylist()
    tokens[-2:] = reversed(tokens[-2:])
    pq.write_table(table.set_column(0, "token", [tokens]), path)


def test_a_model_meeting_another_vocabulary_is_refused(model: TrainedModel) -> None:
    swap_words(model.folder / "vocabulary.parquet")
    sign_anew(model.folder)
    with pytest.raises(DamagedOutputError, match=r"meets another vocabulary.*vocabulary\.parquet; seen: \d+ tokens"):
        load_model(model.folder)


def test_a_corpus_of_another_vocabulary_is_refused(model: TrainedModel, tmp_path: Path) -> None:
    corpus = tmp_path / storage.read_manifest(model.folder).facts["corpus_folder"]
    swap_words(corpus / "vocabulary.parquet")
    sign_anew(corpus)
    with pytest.raises(DamagedOutputError, match="the vocabulary that encoded the texts; seen"):
        predict_split(model, tmp_path, "test")


def test_a_model_from_before_parts_and_digests_is_read_as_it_was(model: TrainedModel) -> None:
    expected = load_model(model.folder).predict_probabilities(["dull"])
    path = model.folder / "config.json"
    config = json.loads(path.read_text("utf-8"))
    del config["vocabulary_digest"], config["ngrams"], config["training"]["encoder_rate_share"]
    del config["model"]["directions"], config["model"]["wide_ngram_tokens"], config["model"]["members"]
    del config["training"]["unsup_epochs"]
    path.write_text(json.dumps(config), "utf-8")
    (model.folder / "model.onnx").unlink()
    sign_anew(model.folder)
    np.testing.assert_array_equal(load_model(model.folder).predict_probabilities(["dull"]), expected)


def test_changed_weights_are_refused(model: TrainedModel) -> None:
    with (model.folder / "weights.safetensors").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(DamagedOutputError, match="differs from its manifest"):
        load_model(model.folder)


def test_the_record_of_a_run_survives_its_process(model: TrainedModel, tmp_path: Path) -> None:
    assert latest_model(tmp_path, "films") == model
    assert model.weights == sum(weight.numel() for weight in load_file(model.folder / "weights.safetensors").values())


def test_a_run_may_ask_for_fewer_epochs(films, job_of, tmp_path: Path) -> None:
    job = dataclasses.replace(job_of(films), options=TrainRun(seed=1, max_epochs=1))
    assert train(job, Store(tmp_path)).epochs == 1
