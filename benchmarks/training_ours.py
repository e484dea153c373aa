"""This project's side of `benchmarks.training`: notebook 1's network on its own loader, through the real `fit`.

B batch, T tokens, C classes.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.tensorboard import SummaryWriter

from benchmarks.training_measured import (
    AROUND,
    EMBEDDING,
    HIDDEN,
    LAYERS,
    MAX_LENGTH_TOKENS,
    VOCABULARY,
    WITHOUT_KERNEL,
    Clock,
    Measured,
    Reviews,
    Run,
)
from text_classifier.config.options import ModelOptions, TrainingOptions
from text_classifier.training.batches import Readable, SplitBatches, read_windows
from text_classifier.training.checkpoints import Checkpoints
from text_classifier.training.fitting import fit
from text_classifier.training.job import TrainingProgress, ignore_progress
from text_classifier.training.layers import BidirectionalLSTM
from text_classifier.training.module import TrainingModule
from text_classifier.training.networks import MODELS, Sizes
from text_classifier.training.precision import choose_precision, described
from text_classifier.training.process import keep_freed_memory

_UNK_ID = 2  # of Keras's ranks
_CLASSES = 2
_SEED = 0
_EPOCHS = 4


class Nothing(nn.Module):
    """A network without work: what an epoch costs around the network."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(_CLASSES))

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        return self.logits.expand(len(lengths), -1)  # (B, C)


def train_ours(reviews: Reviews, run: Run) -> Measured:
    """Whole epochs of `fit`: batches, Lightning, logging and checkpoints in them."""
    keep_freed_memory()
    options, clock = _options(run), Clock()
    torch.manual_seed(_SEED)
    _fit(network_of(run), reviews, options, clock.span_ended)
    computed = sum(batch.token_ids.numel() for batch in _data(reviews, options).of_epoch(0))
    measured = clock.measured(len(reviews.labels), computed / len(reviews.labels), described(options.precision))
    return replace(measured, parts_seconds=_parts(reviews, run)) if run.apart else measured


def network_of(run: Run) -> nn.Module:
    """Notebook 1's sizes in the network of `default`, switched as the run says."""
    model = ModelOptions(architecture="bilstm", embedding_size=EMBEDDING, hidden_size=HIDDEN, layers=LAYERS)
    network = MODELS[model.architecture](model, Sizes(VOCABULARY, _CLASSES, _UNK_ID))
    for module in network.modules():
        if isinstance(module, BidirectionalLSTM):
            module.may_use_kernel = run.variant != WITHOUT_KERNEL
    return network


def _parts(reviews: Reviews, run: Run) -> dict[str, float]:
    """Seconds of an epoch's steps without Lightning, by part; and of an epoch around a network without work."""
    steps = min((_steps_alone(reviews, run) for _ in range(_EPOCHS - 1)), key=lambda parts: sum(parts.values()))
    clock = Clock()
    _fit(Nothing(), reviews, _options(run), clock.span_ended)
    return steps | {AROUND: min(clock.measured(1, 0, "").spans_seconds)}


def _options(run: Run) -> TrainingOptions:
    """All that a step of `default` does: clipping, one-cycle, averaged weights."""
    return TrainingOptions(
        max_length_tokens=MAX_LENGTH_TOKENS,
        keep="tail",
        batch_size=run.batch_size,
        max_epochs=_EPOCHS,
        schedule="one-cycle",
        gradient_clip=1.0,
        averaging_decay_rate=0.997,
    )


def _fit(network: nn.Module, reviews: Reviews, options: TrainingOptions, on_epoch_end: Callable[[], object]) -> None:
    def on_progress(progress: TrainingProgress) -> None:
        if progress.step == progress.steps:
            on_epoch_end()

    with tempfile.TemporaryDirectory() as folder:
        fit(network, _data(reviews, options), Path(folder), on_progress)


def _data(reviews: Reviews, options: TrainingOptions) -> SplitBatches:
    windows = read_windows(reviews.tokens, reviews.offsets, options, _UNK_ID)
    return SplitBatches(Readable(windows, reviews.labels), None, options, _SEED)


def _steps_alone(reviews: Reviews, run: Run) -> dict[str, float]:
    options, network = _options(run), network_of(run)
    data = _data(reviews, options)
    with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as board:
        module = TrainingModule(network, data, Checkpoints(Path(folder), {}), ignore_progress, board)
    optimizer = module.configure_optimizers()
    assert module.schedule
    assert module.averaged
    in_bfloat16 = choose_precision(options.precision) == "bf16-mixed"
    spent, last = dict.fromkeys(("batches", "forward", "backward", "optimizer", "average"), 0.0), time.perf_counter()

    def lap(part: str) -> None:
        nonlocal last
        now = time.perf_counter()
        spent[part] += now - last
        last = now

    for batch in data.of_epoch(0):
        lap("batches")
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
            loss = F.cross_entropy(network(batch.token_ids, batch.lengths), batch.labels)
        lap("forward")
        loss.backward()  # type: ignore[no-untyped-call]
        lap("backward")
        nn.utils.clip_grad_norm_(network.parameters(), options.gradient_clip)
        optimizer.step()
        module.schedule.step()
        optimizer.zero_grad()
        lap("optimizer")
        module.averaged.update_parameters(network)
        lap("average")
    return spent
