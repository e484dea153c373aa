"""A training that is cut off at any moment and started again ends as if nobody had touched it, to the bit."""

import logging
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import interrupted_training
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from interrupted_training import (
    EVERY_STEP,
    MOST_EPOCHS,
    ONLY_WHERE_DUE_ANYWAY,
    OPTIONS,
    MakeNetwork,
    batches,
    line,
    network,
    train_in_this_process,
    train_to_the_end,
)
from safetensors.torch import load_file
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from text_classifier.errors import TrainingError
from text_classifier.training.checkpoints import Checkpoints
from text_classifier.training.course import Course
from text_classifier.training.fitting import fit
from text_classifier.training.job import TrainingProgress, ignore_progress
from text_classifier.training.networks import BiLSTM

KILLS = int(os.environ.get("TEXT_CLASSIFIER_TEST_KILLS", "4"))
BATCHES = batches()
STEPS = BATCHES.steps(0)
"""Of the first epoch, the longest: it reads the unlabelled texts."""
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["safetensors.torch", "pyarrow.parquet", "text_classifier.training.fitting"])

Weights = dict[str, torch.Tensor]
Undisturbed = tuple[list[str], Weights, list[dict[str, float]]]


def started(folder: Path, share: float) -> multiprocessing.Process:
    process = _PROCESSES.Process(target=train_in_this_process, args=(folder, share))
    process.start()
    return process


def without_seconds(history: pa.Table) -> list[dict[str, float]]:
    return history.drop_columns(["seconds"]).to_pylist()


def stands_at(checkpoint: Path | None) -> int:
    """Steps that were done when it was written."""
    if checkpoint is None:
        return 0
    epoch, step, _ = checkpoint.name.split("-")
    return after(int(epoch)) + int(step)


def after(epochs: int) -> int:
    """Steps of so many epochs."""
    return sum(BATCHES.steps(epoch) for epoch in range(epochs))


def newest(work: Path) -> Path | None:
    return max(work.glob("*.ckpt"), default=None)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The lines of all steps, the weights and the history of a training that nobody cuts off."""
    fitted, weights, lines = train_to_the_end(tmp_path_factory.mktemp("undisturbed"), ONLY_WHERE_DUE_ANYWAY)
    losses = fitted.history["val_loss"].to_pylist()
    assert len(lines) == after(len(losses)) < after(MOST_EPOCHS)  # training stopped early
    assert losses.index(min(losses)) == len(losses) - 3
    assert not fitted.resumed_at_steps
    return lines, weights, without_seconds(fitted.history)


def assert_ended_alike(weights: Weights, history: pa.Table, undisturbed: Undisturbed) -> None:
    assert weights.keys() == undisturbed[1].keys()
    assert all(torch.equal(weights[name], undisturbed[1][name]) for name in weights)
    assert without_seconds(history) == undisturbed[2]


def test_a_process_killed_at_random_moments_ends_with_the_weights_of_an_undisturbed_one(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    rng, left, trainings = random.Random(0), KILLS, 0
    whole_seconds = seconds_of_a_whole_process(tmp_path / "timed")
    while left:
        folder = tmp_path / str(trainings)
        folder.mkdir()
        left -= killed_again_and_again(folder, rng, left, whole_seconds)
        trainings += 1
        assert_went_on(folder, undisturbed[0])
        assert_ended_alike(
            load_file(folder / "weights.safetensors"), pq.read_table(folder / "history.parquet"), undisturbed
        )


def seconds_of_a_whole_process(folder: Path) -> float:
    """Of the second one: the first starts the server that the others are forked from."""
    for place in (folder / "first", folder / "second"):
        place.mkdir(parents=True)
        started_at = time.monotonic()
        started(place, EVERY_STEP).join(60)
    return time.monotonic() - started_at


def killed_again_and_again(folder: Path, rng: random.Random, most: int, whole_seconds: float) -> int:
    """How often processes of one training were killed before one reached the end; `most` times at most."""
    kills = 0
    while True:
        process = started(folder, EVERY_STEP if rng.random() < 0.5 else 0.3)
        process.join(rng.uniform(0, whole_seconds) if kills < most else 60)
        process.kill()
        process.join(60)
        if process.exitcode == 0:
            return kills
        assert process.exitcode == -signal.SIGKILL
        kills += 1
        with (folder / "steps.txt").open("a") as log:
            log.write(f"killed {stands_at(newest(folder / 'work'))}\n")


def assert_went_on(folder: Path, lines: list[str]) -> None:
    """Every process did the steps from the last checkpoint on, one after the other, each with the loss of old."""
    at = kept = 0
    for told in (folder / "steps.txt").read_text().splitlines():
        match told.split():
            case ["started"]:
                at = kept
            case ["killed", done]:
                assert int(done) >= kept
                kept = int(done)
            case _:
                assert told == lines[at]
                at += 1
    assert at == len(lines)


class Interrupted:
    """Cuts a training off once, by what Ctrl-C raises, at a moment of its choice."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lines = folder, []

    def until(self, step: int) -> None:
        """Interrupted between that step and the next."""

        def tell(progress: TrainingProgress) -> None:
            self.lines.append(line(progress))
            if len(self.lines) == step:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fit(network(), batches(), self.folder, tell, ONLY_WHERE_DUE_ANYWAY)

    def go_on(self) -> tuple[tuple[int, ...], Weights, pa.Table]:
        fitted, weights, lines = train_to_the_end(self.folder, ONLY_WHERE_DUE_ANYWAY)
        self.lines += lines
        return fitted.resumed_at_steps, weights, fitted.history


@pytest.fixture
def interrupted(tmp_path: Path) -> Interrupted:
    return Interrupted(tmp_path / "work")


@pytest.mark.parametrize("step", [1, 2, STEPS - 1, STEPS, STEPS + 1, after(4), after(5)])
def test_an_interrupt_between_two_steps_costs_no_step(
    interrupted: Interrupted, undisturbed: Undisturbed, step: int
) -> None:
    interrupted.until(step)
    assert stands_at(newest(interrupted.folder)) == step
    resumed_at_steps, weights, history = interrupted.go_on()
    assert resumed_at_steps == (step,)
    assert interrupted.lines == undisturbed[0]
    assert_ended_alike(weights, history, undisturbed)


def test_an_interrupt_in_the_middle_of_an_update_leaves_no_checkpoint_of_half_a_step(
    interrupted: Interrupted, undisturbed: Undisturbed
) -> None:
    updates = iter(range(1, 10))

    def interrupt(*_: object) -> None:
        if next(updates) == 5:
            raise KeyboardInterrupt

    hook = register_optimizer_step_post_hook(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            fit(network(), batches(), interrupted.folder, ignore_progress, ONLY_WHERE_DUE_ANYWAY)
    finally:
        hook.remove()
    assert stands_at(newest(interrupted.folder)) == 1
    _, weights, history = interrupted.go_on()
    assert interrupted.lines == undisturbed[0][1:]
    assert_ended_alike(weights, history, undisturbed)


class InterruptedWhileLearning(BiLSTM):
    """In its third step, when dropout has drawn its numbers."""

    steps = 0

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        logits = super().forward(token_ids, lengths)
        self.steps += 1
        if self.steps == 3:
            raise KeyboardInterrupt
        return logits


class InterruptedWhileValidating(BiLSTM):
    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        if not self.training:
            raise KeyboardInterrupt
        return super().forward(token_ids, lengths)


@pytest.mark.parametrize(("make", "steps"), [(InterruptedWhileLearning, 2), (InterruptedWhileValidating, STEPS)])
def test_an_interrupt_while_the_network_computes_costs_no_step(
    interrupted: Interrupted, undisturbed: Undisturbed, make: MakeNetwork, steps: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(network(make), batches(), interrupted.folder, ignore_progress, ONLY_WHERE_DUE_ANYWAY)
    resumed_at_steps, weights, history = interrupted.go_on()
    assert resumed_at_steps == (steps,)
    assert interrupted.lines == undisturbed[0][steps:]
    assert_ended_alike(weights, history, undisturbed)


def test_a_training_that_was_cut_off_after_its_last_epoch_does_no_step_again(
    interrupted: Interrupted, undisturbed: Undisturbed
) -> None:
    interrupted.go_on()
    interrupted.lines.clear()
    _, weights, history = interrupted.go_on()
    assert not interrupted.lines
    assert_ended_alike(weights, history, undisturbed)


def test_sigterm_leaves_a_checkpoint_of_the_last_step(undisturbed: Undisturbed, tmp_path: Path) -> None:
    process = started(tmp_path, ONLY_WHERE_DUE_ANYWAY)
    steps = tmp_path / "steps.txt"
    while process.is_alive() and (not steps.exists() or steps.read_text().count("\n") < 5):
        time.sleep(0.001)
    process.terminate()
    process.join(60)
    assert process.exitcode == 128 + signal.SIGTERM
    told = steps.read_text().splitlines()[1:]
    assert told == undisturbed[0][: len(told)]
    assert stands_at(newest(tmp_path / "work")) in (len(told), len(told) + 1)


def test_how_often_checkpoints_are_written_changes_nothing(undisturbed: Undisturbed, tmp_path: Path) -> None:
    fitted, weights, lines = train_to_the_end(tmp_path, EVERY_STEP)
    assert lines == undisturbed[0]
    assert_ended_alike(weights, fitted.history, undisturbed)


def test_the_last_two_checkpoints_are_kept_and_hold_no_code(interrupted: Interrupted) -> None:
    interrupted.until(STEPS + 3)
    assert [stands_at(path) for path in sorted(interrupted.folder.glob("*.ckpt"))] == [STEPS, STEPS + 3]
    for path in interrupted.folder.glob("*.ckpt"):
        torch.load(path, weights_only=True)
    assert {path.name for path in interrupted.folder.iterdir()} >= {"tensorboard"}
    assert not list(interrupted.folder.glob(".*"))


def cut_short(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size // 2)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut_short, flip_a_bit, empty])
def test_a_damaged_checkpoint_is_passed_over_and_said(
    interrupted: Interrupted, undisturbed: Undisturbed, caplog: pytest.LogCaptureFixture, damage
) -> None:
    interrupted.until(STEPS + 3)
    path = newest(interrupted.folder)
    assert path
    damage(path)
    resumed_at_steps, weights, history = interrupted.go_on()
    assert resumed_at_steps == (STEPS,)
    assert f"passed over a damaged checkpoint: {path}" in caplog.text
    assert interrupted.lines == undisturbed[0][: STEPS + 3] + undisturbed[0][STEPS:]
    assert_ended_alike(weights, history, undisturbed)


def test_without_an_undamaged_checkpoint_the_training_starts_over(
    interrupted: Interrupted, undisturbed: Undisturbed
) -> None:
    interrupted.until(STEPS + 3)
    for path in interrupted.folder.glob("*.ckpt"):
        flip_a_bit(path)
    resumed_at_steps, weights, history = interrupted.go_on()
    assert resumed_at_steps == ()
    assert_ended_alike(weights, history, undisturbed)


def test_a_checkpoint_of_another_machine_is_passed_over_and_what_differs_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = {"course": {"epoch": 0, "step": 3}, "module": {"weight": torch.ones(2)}}
    Checkpoints(tmp_path, {"hardware": "a", "environment": "e"}).write(state)
    assert Checkpoints(tmp_path, {"hardware": "a", "environment": "e"}).read() is not None
    assert Checkpoints(tmp_path, {"hardware": "b", "environment": "e"}).read() is None
    assert "hardware was 'a' and is 'b'" in caplog.text
    assert "environment was" not in caplog.text
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_of_another_training_is_passed_over(
    interrupted: Interrupted, undisturbed: Undisturbed, caplog: pytest.LogCaptureFixture
) -> None:
    interrupted.until(STEPS + 3)
    interrupted.folder = interrupted.folder.rename(interrupted.folder.with_name("another"))
    resumed_at_steps, weights, history = interrupted.go_on()
    assert resumed_at_steps == ()
    assert "/another'" in caplog.text
    assert_ended_alike(weights, history, undisturbed)


def test_epochs_without_gain_are_counted_from_the_best_one() -> None:
    course = Course()
    assert [course.finish_epoch({}, loss) for loss in (3.0, 4.0, 2.0, 2.0, 5.0)] == [True, False, True, False, False]
    assert (course.best_loss, course.idle_epochs, course.epoch) == (2.0, 2, 5)


class Broken(nn.Module):
    """From its fourth step on it is not what it should be."""

    def __init__(self, loss: float, gradient: float) -> None:
        super().__init__()
        self.weight, self.steps, self.loss, self.gradient = nn.Parameter(torch.zeros(2)), 0, loss, gradient

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        logits = self.weight.expand(len(lengths), 2).clone()
        self.steps += self.training
        if self.steps == 4:
            logits.register_hook(lambda gradient: gradient * self.gradient)
            logits = logits + torch.tensor([self.loss, 0.0])
        return logits


@pytest.mark.parametrize("loss", [torch.nan, torch.inf, 1e6])
def test_a_loss_that_explodes_stops_the_run_and_names_its_step_and_the_last_good_checkpoint(
    tmp_path: Path, loss: float
) -> None:
    with pytest.raises(TrainingError, match="exploded") as error:
        fit(Broken(loss, 1.0), batches(), tmp_path, ignore_progress, EVERY_STEP)
    path = newest(tmp_path)
    assert path
    assert stands_at(path) == 3
    assert error.value.where == "epoch 1, step 4"
    assert str(path) in error.value.to_do


def test_weights_that_are_no_numbers_stop_the_run_and_are_never_kept(tmp_path: Path) -> None:
    options = OPTIONS.model_copy(update={"gradient_clip": 0.0, "averaging_decay_rate": 0.0})
    with pytest.raises(TrainingError, match="a weight is no number") as error:
        fit(Broken(0.0, torch.inf), batches(options), tmp_path, ignore_progress, EVERY_STEP)
    path = newest(tmp_path)
    assert path
    assert stands_at(path) == 3
    assert str(path) in error.value.to_do
    kept = torch.load(path, weights_only=True)["module"]
    assert all(weights.isfinite().all() for weights in kept.values())


@pytest.fixture(autouse=True, scope="module")
def _no_lines_of_lightning() -> Iterator[None]:
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    yield
    logging.getLogger("pytorch_lightning").setLevel(logging.INFO)


assert interrupted_training  # named for the processes, which import it
