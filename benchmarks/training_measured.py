"""What `benchmarks.training` trains on, and what it measures of each training."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

TrainerName = Literal["Keras on TensorFlow", "Keras on JAX", "PyTorch's nn.LSTM", "this project"]
WITHOUT_KERNEL, ON_GPU = "without the kernel", "on the GPU"  # variants of this project
AROUND = "loader and Lightning"  # a part of its epoch, measured with a network without work
CORES = 2
VOCABULARY, MAX_LENGTH_TOKENS, EMBEDDING, HIDDEN, LAYERS = 20_000, 200, 128, 64, 2


@dataclass(frozen=True)
class Run:
    """One training, in a process of its own.

    Attributes:
        batch_size: reviews per step.
        seconds: how long a peer goes on after its first step.
        variant: a switch of the trainer, such as a key of `training_peers.VARIANTS`.
        apart: also measure the parts of an epoch.
    """

    trainer: TrainerName
    batch_size: int
    seconds: float
    variant: str = ""
    apart: bool = False

    @property
    def name(self) -> str:
        return f"{self.trainer}, {self.variant}" if self.variant else self.trainer


@dataclass(frozen=True)
class Measured:
    """What a training took after its first step (of this project: its first epoch).

    Attributes:
        spans_seconds: of each step, of this project: each epoch.
        span_examples: in each of them.
        cpu_seconds: of all threads, in all spans.
        tokens: computed per example, padding counted.
        parts_seconds: of an epoch, by part, where it was taken apart.
    """

    spans_seconds: list[float]
    span_examples: int
    cpu_seconds: float
    tokens: float
    made_with: str
    peak_megabytes: float = 0.0
    parts_seconds: dict[str, float] = field(default_factory=dict)

    @property
    def ms_per_example(self) -> float:
        """By the median span: what disturbs a few of them does not count."""
        return float(1000 * np.median(self.spans_seconds) / self.span_examples)

    @property
    def least_ms_per_example(self) -> float:
        return 1000 * min(self.spans_seconds) / self.span_examples

    @property
    def cpu_ms_per_example(self) -> float:
        return 1000 * self.cpu_seconds / (self.span_examples * len(self.spans_seconds))


@dataclass(frozen=True)
class Reviews:
    """N reviews: their token ids end to end, N + 1 bounds in those, labels 0 and 1."""

    tokens: NDArray[np.int32]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]

    @classmethod
    def load(cls, path: Path) -> Reviews:
        with np.load(path) as arrays:
            return cls(arrays["tokens"], arrays["offsets"], arrays["labels"])

    def save(self, path: Path) -> None:
        np.savez(path, tokens=self.tokens, offsets=self.offsets, labels=self.labels)

    def first(self, rows: int) -> Reviews:
        """The first so many of them, at most all."""
        offsets = self.offsets[: rows + 1]
        return Reviews(self.tokens[: offsets[-1]], offsets, self.labels[:rows])

    def padded(self) -> NDArray[np.int32]:
        """The last 200 tokens of each, (N, 200), zeros in front."""
        ends, lengths = self.offsets[1:, None], np.diff(self.offsets)[:, None]
        back = MAX_LENGTH_TOKENS - np.arange(MAX_LENGTH_TOKENS)  # 200 .. 1 tokens before the end
        return np.where(back <= lengths, self.tokens[np.maximum(ends - back, 0)], 0).astype(np.int32)


class Clock:
    """Times the spans of a training; the first one is not counted, it compiles."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds
        self._ends: list[float] = []
        self._cpu_ends: list[float] = []

    def span_ended(self) -> bool:
        """Whether the time is over."""
        self._ends.append(time.perf_counter())
        self._cpu_ends.append(time.process_time())
        return len(self._ends) > 1 and self._ends[-1] - self._ends[0] > self.seconds

    def measured(self, span_examples: int, tokens: float, made_with: str) -> Measured:
        cpu_seconds = self._cpu_ends[-1] - self._cpu_ends[0]
        return Measured(np.diff(self._ends).tolist(), span_examples, cpu_seconds, tokens, made_with)
