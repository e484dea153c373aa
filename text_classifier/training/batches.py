"""Which examples make a step, and the tensors of it.

B examples of a batch, T tokens of its longest text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from text_classifier.config.options import TrainingOptions
from text_classifier.training.examples import Float32s, Int32s, Int64s
from text_classifier.training.objectives import CLASS_OF_TEXT, Objective

PAD_ID = 0
SCORING_BATCH = 128
_POOL_BATCHES = 50  # batches that are sorted by length together: 2-4 % of padding, and still shuffled
_LENGTH_STEP = 8  # T is the next multiple: fewer shapes, so the allocator and oneDNN find theirs again


class Batch(NamedTuple):
    """`token_ids` (B, T) int64, `lengths` (B,) int64 in 1..T, `labels` (B,) int64 or (B, C) float32."""

    token_ids: torch.Tensor
    lengths: torch.Tensor
    labels: torch.Tensor

    def split(self, rows: int) -> list[Batch]:
        """The batch in pieces of at most `rows` examples, as wide as the whole."""
        return [Batch(*parts) for parts in zip(*(torch.split(whole, rows) for whole in self), strict=True)]


@dataclass(frozen=True, slots=True)
class Windows:
    """What a model reads of N texts: tokens[starts[i]:starts[i] + lengths[i]], at least one token each."""

    tokens: Int32s
    starts: Int64s
    lengths: Int64s


def read_windows(tokens: Int32s, offsets: Int64s, options: TrainingOptions, unk_id: int) -> Windows:
    """The first or last `max_length_tokens` of N texts, which lie end to end between N + 1 bounds.

    A text without tokens reads as one unknown token.
    """
    lengths = np.minimum(np.diff(offsets), options.max_length_tokens)
    starts = offsets[:-1] if options.keep == "head" else offsets[1:] - lengths
    empty = lengths == 0
    tokens = np.append(tokens, np.int32(unk_id))
    return Windows(tokens, np.where(empty, len(tokens) - 1, starts), np.where(empty, 1, lengths))


def plan_epoch(lengths: Int64s, options: TrainingOptions, seed: int, epoch: int) -> list[Int64s]:
    """The rows of every batch of an epoch, a function of the seed and the epoch alone.

    Each row occurs once. With `bucketed` padding the texts of a batch are of like length.
    """
    rng = np.random.default_rng([seed, epoch])
    rows = rng.permutation(len(lengths))
    if options.padding == "bucketed":
        pool = options.batch_size * _POOL_BATCHES
        pools = [rows[start : start + pool] for start in range(0, len(rows), pool)]
        rows = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in pools])
    batches = _cut(rows, options.batch_size)
    return [batches[i] for i in rng.permutation(len(batches))]


def plan_scoring(lengths: Int64s, batch_size: int) -> list[Int64s]:
    """The rows of every batch when nothing is learned: shortest texts first, each row once."""
    return _cut(np.argsort(lengths, kind="stable"), batch_size)


def pad(windows: Windows, rows: Int64s, options: TrainingOptions) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids (B, T) and lengths (B,) of the rows; padding stands behind the text, with `front` before it."""
    lengths = windows.lengths[rows]
    if options.padding == "front":
        width = options.max_length_tokens
        first = lengths - width
    else:
        width = (int(lengths.max()) // _LENGTH_STEP + 1) * _LENGTH_STEP  # the kernel wants a column of padding
        first = np.zeros_like(lengths)
    within = first[:, None] + np.arange(width)  # (B, T) position in the text; outside it: padding
    inside = (within >= 0) & (within < lengths[:, None])
    token_ids = np.where(inside, windows.tokens[(windows.starts[rows][:, None] + within) * inside], PAD_ID)
    return torch.from_numpy(token_ids.astype(np.int64)), torch.from_numpy(lengths)


@dataclass(frozen=True, slots=True)
class Readable:
    """What a model reads of N texts, and their class ids (N,), which only some objectives ask for."""

    windows: Windows
    labels: Int64s


@dataclass(frozen=True, slots=True)
class SoftlyLabelled:
    """What a model reads of N texts, and how likely each class of each is: (N, C), rows sum to 1."""

    windows: Windows
    labels: Float32s


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of a plan, made as they are asked for."""

    read: Readable | SoftlyLabelled
    plan: list[Int64s]
    options: TrainingOptions

    def __len__(self) -> int:
        return len(self.plan)

    def __iter__(self) -> Iterator[Batch]:
        for rows in self.plan:
            token_ids, lengths = pad(self.read.windows, rows, self.options)
            yield Batch(token_ids, lengths, torch.from_numpy(self.read.labels[rows]))


@dataclass(frozen=True, slots=True)
class SplitBatches:
    """The batches of every epoch, planned from the seed and the epoch's number, and those of val.

    Epochs count from 0.

    Attributes:
        objective: what is to be predicted of them.
        unsup: what the first `unsup_epochs` read as well as train.
    """

    train: Readable
    val: Readable | None
    options: TrainingOptions
    seed: int
    objective: Objective = CLASS_OF_TEXT
    unsup: SoftlyLabelled | None = None

    @property
    def most_steps(self) -> int:
        """Batches of all epochs."""
        return sum(self.steps(epoch) for epoch in range(self.options.max_epochs))

    def steps(self, epoch: int) -> int:
        """Batches of an epoch."""
        unsup = self._unsup_in(epoch)
        rows = len(self.train.labels) + (len(unsup.labels) if unsup else 0)
        return -(-rows // self.options.batch_size)

    def predictions(self, epoch: int) -> int:
        """That an epoch asks for."""
        unsup = self._unsup_in(epoch)
        read = [self.train.windows.lengths] + ([unsup.windows.lengths] if unsup else [])
        return sum(self.objective.predictions(torch.from_numpy(lengths)) for lengths in read)

    def of_epoch(self, epoch: int, first: int = 0) -> Batches:
        """Those of an epoch from its batch `first` on."""
        unsup = self._unsup_in(epoch)
        read = _together(self.train, unsup) if unsup else self.train
        plan = plan_epoch(read.windows.lengths, self.options, self.seed, epoch)
        return Batches(read, plan[first:], self.options)

    def of_val(self) -> Batches | list[Batches]:
        """Those of val; none where nothing is held out."""
        if self.val is None:
            return []
        plan = plan_scoring(self.val.windows.lengths, SCORING_BATCH)
        return Batches(self.val, plan, self.options)

    def _unsup_in(self, epoch: int) -> SoftlyLabelled | None:
        return self.unsup if epoch < self.options.unsup_epochs else None


def _together(train: Readable, unsup: SoftlyLabelled) -> SoftlyLabelled:
    """The rows of train, sure of their classes, and behind them those of `unsup`."""
    first, second, sure = train.windows, unsup.windows, np.eye(unsup.labels.shape[1], dtype=np.float32)
    windows = Windows(
        np.concatenate([first.tokens, second.tokens]),
        np.concatenate([first.starts, second.starts + len(first.tokens)]),
        np.concatenate([first.lengths, second.lengths]),
    )
    return SoftlyLabelled(windows, np.concatenate([sure[train.labels], unsup.labels]))


def _cut(rows: Int64s, size: int) -> list[Int64s]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
