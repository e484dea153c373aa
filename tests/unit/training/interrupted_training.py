"""A training of a second that can be cut off anywhere, in this process or in one of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from safetensors.torch import save_file
from torch import nn

from text_classifier.config import ModelOptions, TrainingOptions
from text_classifier.training.batches import Readable, SoftlyLabelled, SplitBatches, read_windows
from text_classifier.training.fitting import Fitted, fit
from text_classifier.training.job import TrainingProgress
from text_classifier.training.networks import BiLSTM, Sizes

MOST_EPOCHS = 9
WORDS = 50
OPTIONS = TrainingOptions(
    max_length_tokens=12,
    batch_size=16,
    max_epochs=MOST_EPOCHS,
    learning_rate=0.03,
    weight_decay=0.01,
    schedule="one-cycle",
    gradient_clip=1.0,
    averaging_decay_rate=0.9,
    patience_epochs=2,
    unsup_epochs=1,
)
"""Everything on that leaves a state behind."""
EVERY_STEP = float("inf")
"""Share of the time for checkpoints with which each step writes one."""
ONLY_WHERE_DUE_ANYWAY = 1e-9
"""With it there are those of the first step, of every epoch and of an interrupt."""

MakeNetwork = Callable[[ModelOptions, Sizes], nn.Module]


def batches(options: TrainingOptions = OPTIONS) -> SplitBatches:
    """Texts of random words; whether their first word has an even id is their class, of unlabelled texts by 0.9.

    Every fifth label of val is wrong: the surer the network gets, the more it loses there, and training stops early.
    """
    train, val = _readable(400, 0, options), _readable(60, 1, options)
    val.labels[::5] = 1 - val.labels[::5]
    unsup = _readable(100, 2, options)
    thought = np.eye(2, dtype=np.float32)[unsup.labels] * np.float32(0.8) + np.float32(0.1)
    return SplitBatches(train, val, options, seed=3, unsup=SoftlyLabelled(unsup.windows, thought))


def network(make: MakeNetwork = BiLSTM) -> nn.Module:
    """Two layers, with both kinds of dropout; the same initial weights each time, and random numbers after them."""
    torch.manual_seed(7)
    sizes = Sizes(vocabulary=WORDS, classes=2, unk_id=1)
    return make(ModelOptions(embedding_size=8, hidden_size=4, layers=2, dropout_rate=0.3, word_dropout_rate=0.1), sizes)


def train_to_the_end(folder: Path, share: float) -> tuple[Fitted, dict[str, torch.Tensor], list[str]]:
    """What the training leaves, its weights, and a line for each of its steps."""
    lines: list[str] = []
    trained = network()
    fitted = fit(trained, batches(), folder, lambda progress: lines.append(line(progress)), share)
    return fitted, dict(trained.state_dict()), lines


def train_in_this_process(folder: Path, share: float) -> None:
    """Train; `steps.txt` gets a line after each step, at once, and in the end there are weights and a history."""
    torch.set_num_threads(1)
    log = os.open(folder / "steps.txt", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(log, b"started\n")

    def tell(progress: TrainingProgress) -> None:
        os.write(log, f"{line(progress)}\n".encode())

    trained = network()
    fitted = fit(trained, batches(), folder / "work", tell, share)
    save_file(trained.state_dict(), folder / "weights.safetensors")
    pq.write_table(fitted.history, folder / "history.parquet")


def line(progress: TrainingProgress) -> str:
    """Which step it was and its loss, to the bit."""
    return f"{round(progress.done_rate * _MOST_STEPS)} {progress.loss.hex()}"


def _readable(rows: int, seed: int, options: TrainingOptions) -> Readable:
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, 13, rows))])
    tokens = rng.integers(2, WORDS, offsets[-1]).astype(np.int32)
    return Readable(read_windows(tokens, offsets, options, unk_id=1), (tokens[offsets[:-1]] % 2).astype(np.int64))


_MOST_STEPS = batches().most_steps
