"""The benchmark of training, on reviews so few that it takes seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import accuracy
from benchmarks.accuracy import Learned
from benchmarks.training import compared, random_reviews, shown
from benchmarks.training_measured import AROUND, WITHOUT_KERNEL, Measured, Run
from benchmarks.training_ours import network_of, train_ours
from benchmarks.training_peers import train_plain_pytorch
from text_classifier.config.options import TrainingOptions
from text_classifier.training.batches import pad, read_windows
from text_classifier.training.layers import BidirectionalLSTM

FEW = random_reviews(70)


def test_the_peers_read_the_last_tokens_padded_in_front_as_notebook_1_does() -> None:
    options = TrainingOptions(max_length_tokens=200, keep="tail", padding="front")
    windows = read_windows(FEW.tokens, FEW.offsets, options, unk_id=2)
    assert np.array_equal(FEW.padded(), pad(windows, np.arange(70), options)[0].numpy())


def test_generated_reviews_are_as_long_as_those_of_imdb() -> None:
    lengths = np.diff(random_reviews(20_000).offsets)
    assert np.quantile(lengths, [0.5, 0.9]) == pytest.approx([173, 451], rel=0.03)


def test_the_first_reviews_are_whole() -> None:
    first = FEW.first(3)
    assert first.tokens.tolist() == FEW.tokens[: FEW.offsets[3]].tolist()
    assert len(first.offsets) == 4
    assert len(FEW.first(1_000).labels) == 70


@pytest.mark.parametrize("variant", ["", WITHOUT_KERNEL])
def test_this_project_is_timed_by_whole_epochs_and_their_parts(variant: str) -> None:
    measured = train_ours(FEW, Run("this project", 32, 0, variant, apart=True))
    assert len(measured.spans_seconds) == 3
    assert measured.span_examples == 70
    assert measured.tokens <= 200
    assert set(measured.parts_seconds) == {"batches", "forward", "backward", "optimizer", "average", AROUND}
    assert sum(measured.parts_seconds.values()) > 0


@pytest.mark.parametrize(("variant", "may_use_kernel"), [("", True), (WITHOUT_KERNEL, False)])
def test_a_run_without_the_kernel_has_no_layer_that_may_use_it(variant: str, may_use_kernel: bool) -> None:
    network = network_of(Run("this project", 32, 0, variant))
    layers = [layer for layer in network.modules() if isinstance(layer, BidirectionalLSTM)]
    assert [layer.may_use_kernel for layer in layers] == [may_use_kernel, may_use_kernel]


def test_a_peer_is_timed_by_the_steps_after_its_first() -> None:
    measured = train_plain_pytorch(FEW, Run("PyTorch's nn.LSTM", 16, 0))
    assert len(measured.spans_seconds) == 1
    assert (measured.span_examples, measured.tokens) == (16, 200)


def test_a_training_is_a_process_of_its_own_and_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    FEW.save(tmp_path / "reviews.npz")
    measured = shown(Run("PyTorch's nn.LSTM", 16, 0), tmp_path / "reviews.npz")
    assert measured.peak_megabytes > 100
    assert capsys.readouterr().out.startswith("| PyTorch's nn.LSTM | 16 | ")


def test_every_trainer_is_compared_by_its_best_and_by_the_batches_of_the_notebook() -> None:
    lines = compared(
        [
            (Run("Keras on JAX", 32, 1), seconds_per_batch(0.128, 32)),
            (Run("Keras on JAX", 64, 1), seconds_per_batch(0.064, 64)),
            (Run("this project", 64, 1, apart=True), seconds_per_batch(0.032, 64)),
            (Run("this project", 64, 1, WITHOUT_KERNEL), seconds_per_batch(0.048, 64)),
        ]
    )
    assert "| Keras on JAX, notebook 1's batches | 32 |  | 4.000 | 8.00 |" in lines
    assert "| Keras on JAX | 64 |  | 1.000 | 2.00 |" in lines
    assert "| this project, without the kernel | 64 | without the kernel | 0.750 | 1.50 |" in lines
    assert f"| {AROUND} | 0.002 | 6.2% |" in lines


def test_recipes_are_compared_by_the_mean_and_the_spread_of_their_seeds() -> None:
    learned = [Learned("fast", 90.0, 20, 12), Learned("fast", 91.0, 24, 13), Learned("NB-SVM", 91.5, 60, 60)]
    lines = accuracy.table(learned)
    assert "| fast | 2 | 90.50 | 0.71 | 22 |" in lines
    assert "| NB-SVM | 1 | 91.50 |  | 60 |" in lines


def test_the_recipes_are_drawn_as_a_picture(tmp_path: Path) -> None:
    accuracy.draw([Learned("fast", 90.0, 20, 12), Learned("NB-SVM", 91.5, 60, 60)], "val", tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_a_disturbed_step_does_not_count() -> None:
    assert seconds_per_batch(0.1, 10).ms_per_example == pytest.approx(10)


def seconds_per_batch(seconds: float, batch_size: int) -> Measured:
    parts = {"forward": seconds - 0.01, AROUND: 0.002}
    return Measured([seconds, seconds, 9 * seconds], batch_size, 1, 200, "made", parts_seconds=parts)
