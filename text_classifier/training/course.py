"""How far a training has come: what it must know, beside its tensors, to go on from there."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Course:
    """Where a training stands between two steps. It moves by whole steps and whole epochs.

    Attributes:
        epoch: epochs finished.
        step: steps done of the epoch that is under way, 0..steps of an epoch. All of them may be done and the epoch
            not finished: then its validation is still to come.
        steps: steps done in all.
        examples: examples learned from in all, each as often as it was read.
        loss_sum: of the predictions of the epoch under way, before the step that learned from each.
        seconds: that the training has taken, those of processes before this one included.
        piece_rows: examples of a batch that are read at once; None: all of them.
        best_loss: lowest watched loss, or rate of errors, at the end of an epoch.
        idle_epochs: epochs since then.
        rows: of the history, one per finished epoch.
        resumed_at_steps: where processes took the training up again.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    examples: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    piece_rows: int | None = None
    best_loss: float = math.inf
    idle_epochs: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    resumed_at_steps: list[int] = field(default_factory=list)

    @classmethod
    def resumed(cls, kept: dict[str, Any]) -> Course:
        """The course that `as_kept` described, taken up again."""
        course = cls(**kept)
        course.resumed_at_steps = [*course.resumed_at_steps, course.steps]
        return course

    def as_kept(self) -> dict[str, Any]:
        """Numbers, names and lists of them, for a checkpoint."""
        return asdict(self)

    def count_step(self, loss: float, rows: int, predictions: int) -> None:
        """A step on `rows` examples, the mean loss of whose `predictions` was `loss`."""
        self.step += 1
        self.steps += 1
        self.examples += rows
        self.loss_sum += loss * predictions

    def finish_epoch(self, row: dict[str, Any], watched: float | None) -> bool:
        """Close the epoch with its row of the history; whether what is `watched`, a loss, is the lowest so far."""
        self.rows.append(row)
        self.epoch, self.step, self.loss_sum = self.epoch + 1, 0, 0.0
        is_best = watched is not None and watched < self.best_loss
        if is_best and watched is not None:
            self.best_loss, self.idle_epochs = watched, 0
        else:
            self.idle_epochs += 1
        return is_best
