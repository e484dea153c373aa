"""A training as Lightning sees it: its steps, its validations, what is watched and kept, and its state as a whole."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel
from torch.utils.tensorboard import SummaryWriter

from text_classifier.config.options import TrainingOptions
from text_classifier.errors import TrainingError
from text_classifier.training.batches import Batch, Batches, SplitBatches
from text_classifier.training.checkpoints import Checkpoints, random_states, set_random_states
from text_classifier.training.course import Course
from text_classifier.training.gradients import gradient_within_memory
from text_classifier.training.job import OnProgress, TrainingProgress
from text_classifier.training.networks import ENCODER

logger = logging.getLogger(__name__)

Weights = tuple[torch.Tensor, ...] | list[torch.Tensor]

_OPTIMIZERS: dict[str, type[torch.optim.Adam]] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
_RISING_SHARE = 0.2  # of the steps of a one-cycle schedule
_EXPLODED = 1e3  # mean loss: the true class is thought to have a probability of e**-1000
_LOGGED_EVERY_STEPS = 50


def move_average(decay: float, averaged: Weights, current: Weights, seen: torch.Tensor | int) -> None:
    """Move the average towards the current weights, by more than 1 - decay while few steps were `seen`.

    Without that the initial values would still weigh in the average of a short run.
    """
    rate = min(decay, (1 + int(seen)) / (4 + int(seen)))
    for kept, new in zip(averaged, current, strict=True):
        kept.lerp_(new, 1 - rate)


def learned_groups(network: nn.Module, options: TrainingOptions) -> list[dict[str, Any]]:
    """The weights that are learned, those of the encoder in a group of their own where they take smaller steps."""
    learned = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
    if options.encoder_rate_share == 1:
        return [{"params": list(learned.values())}]
    above = [weight for name, weight in learned.items() if not name.startswith(ENCODER)]
    below = [weight for name, weight in learned.items() if name.startswith(ENCODER)]
    return [{"params": above}, {"params": below, "lr": options.learning_rate * options.encoder_rate_share}]


class TrainingModule(pl.LightningModule):
    """Trains `network` on `data` from the last of the `checkpoints` on.

    Lightning moves the tensors, sets the numbers to compute in and calls the hooks. Where the training stands is kept
    here, in `course` and `state`, so that it can be taken up again between any two steps.
    """

    def __init__(
        self,
        network: nn.Module,
        data: SplitBatches,
        checkpoints: Checkpoints,
        on_progress: OnProgress,
        board: SummaryWriter,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network, self.data, self.checkpoints = network, data, checkpoints
        self.on_progress, self.board = on_progress, board
        decay = data.options.averaging_decay_rate
        self.averaged = AveragedModel(network, multi_avg_fn=partial(move_average, decay)) if decay else None
        state = checkpoints.read()
        self.course = Course.resumed(state["course"]) if state else Course()
        self.best: dict[str, torch.Tensor] | None = state["best"] if state else None
        self._found, self._is_between_steps = state, False
        self._most_steps = data.most_steps
        if state:
            self.load_state_dict(state["module"])

    @property
    def scored(self) -> nn.Module:
        """The network that is watched and kept: the one with averaged weights where they are averaged."""
        scored: nn.Module = self.averaged.module if self.averaged else self.network
        return scored

    @property
    def is_over(self) -> bool:
        """Whether no epoch is left, or enough of them have brought nothing."""
        options, course = self.data.options, self.course
        is_idle = self._watches and 0 < options.patience_epochs <= course.idle_epochs
        return is_idle or course.epoch >= options.max_epochs

    @property
    def _watches(self) -> bool:
        return self.data.val is not None or self.data.options.monitor == "train_loss"

    def state(self) -> dict[str, Any]:
        """All that decides how the training goes on."""
        return {
            "course": self.course.as_kept(),
            "module": self.state_dict(),
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule else None,
            "random": self._random,
        }

    def keep(self) -> None:
        """Write a checkpoint, unless a step or the end of an epoch was cut off in its middle.

        Raises:
            TrainingError: a weight is no number.
        """
        if not self._is_between_steps:
            return
        # A number that is none makes a sum that is none, in a sixth of the time of isfinite().all().
        if not all(weights.sum().isfinite() for weights in self.state_dict().values()):
            raise self._diverged("a weight is no number", "not finite")
        self.checkpoints.write(self.state())
        self.board.flush()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        options = self.data.options
        self.optimizer = _OPTIMIZERS[options.optimizer](
            learned_groups(self.network, options),
            lr=options.learning_rate,
            eps=options.epsilon,
            weight_decay=options.weight_decay,
            fused=True,  # one pass over the embedding's 4 M weights and moments where the plain loop takes ten
        )
        self.schedule: OneCycleLR | None = None
        if options.schedule == "one-cycle":
            steps = max(self._most_steps, 3)  # it divides by those of its rise and of its fall
            rising = max(_RISING_SHARE, 2 / steps)
            peaks = [group["lr"] for group in self.optimizer.param_groups]
            self.schedule = OneCycleLR(self.optimizer, peaks, total_steps=steps, pct_start=rising)
        if self._found:
            self.optimizer.load_state_dict(self._found["optimizer"])
            if self.schedule:
                self.schedule.load_state_dict(self._found["schedule"])
        return self.optimizer

    def train_dataloader(self) -> Batches:
        """Of an epoch whose steps are all done the last batch, because Lightning validates after a batch only."""
        return self.data.of_epoch(self.course.epoch, min(self.course.step, self._steps - 1))

    def val_dataloader(self) -> Batches | list[Batches]:
        return self.data.of_val()

    def on_train_start(self) -> None:
        if self._found:
            set_random_states(self._found["random"], self.device)
        self._found, self._random = None, random_states(self.device)
        self._started = time.perf_counter() - self.course.seconds
        self._is_between_steps = True

    def training_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        if self.course.step == self._steps:
            return
        objective = self.data.objective
        loss, self.course.piece_rows = gradient_within_memory(self.network, batch, self.course.piece_rows, objective)
        if not abs(loss) < _EXPLODED:
            raise self._diverged("the loss has exploded or is no longer a number", str(loss))
        with self._moving():
            self._update()
            self.course.count_step(loss, len(batch.labels), objective.predictions(batch.lengths))
        if self.course.steps % _LOGGED_EVERY_STEPS == 0:
            self.board.add_scalar("train_loss_step", loss, self.course.steps)
        self.on_progress(self._progress(loss))
        if self.checkpoints.are_due:
            self.keep()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        objective = self.data.objective
        metrics = objective.metrics(self.scored, batch)
        self.log_dict(metrics, on_epoch=True, logger=False, batch_size=objective.predictions(batch.lengths))

    def on_train_epoch_end(self) -> None:
        metrics = {"train_loss": self.course.loss_sum / self.data.predictions(self.course.epoch)}
        metrics |= {name: float(value) for name, value in self.trainer.callback_metrics.items()}
        monitor = self.data.options.monitor
        watched = metrics[monitor] if self._watches else None
        if watched is not None and not math.isfinite(watched):
            raise self._diverged(f"{monitor} is no number", str(watched))
        if watched is not None and monitor == "val_accuracy_rate":
            watched = 1 - watched
        with self._moving():
            row = {
                "epoch": self.course.epoch + 1,
                "step": self.course.steps,
                **metrics,
                "learning_rate": float(self.optimizer.param_groups[0]["lr"]),
                "seconds": self.course.seconds,
            }
            if self.course.finish_epoch(row, watched):
                self.best = {name: weights.cpu().clone() for name, weights in self.scored.state_dict().items()}
        self._tell(row, metrics)
        self.keep()
        self.trainer.should_stop = self.is_over

    def _update(self) -> None:
        if self.data.options.gradient_clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.data.options.gradient_clip)
        self.optimizer.step()
        if self.schedule:
            self.schedule.step()
        if self.averaged:
            self.averaged.update_parameters(self.network)

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """Goes from one state that can be kept to the next; what is cut off in between cannot."""
        self._is_between_steps = False
        yield
        self._random = random_states(self.device)
        self.course.seconds = time.perf_counter() - self._started
        self._is_between_steps = True

    @property
    def _steps(self) -> int:
        """Of the epoch that is under way."""
        return self.data.steps(self.course.epoch)

    @property
    def _place(self) -> str:
        return f"epoch {self.course.epoch + 1}, step {min(self.course.step + 1, self._steps)}"

    def _progress(self, loss: float) -> TrainingProgress:
        course, most = self.course, self._most_steps
        return TrainingProgress(
            epoch=course.epoch + 1,
            epochs=self.data.options.max_epochs,
            step=course.step,
            steps=self._steps,
            done_rate=course.steps / most,
            loss=loss,
            examples_per_second=course.examples / course.seconds,
            seconds=course.seconds,
            seconds_left=course.seconds / course.steps * (most - course.steps),
        )

    def _tell(self, row: dict[str, Any], metrics: dict[str, float]) -> None:
        told = ", ".join(f"{name} {metrics[name]:.4f}" for name in sorted(metrics))
        logger.info(
            "epoch %d of %d: %s; %.1f seconds", row["epoch"], self.data.options.max_epochs, told, row["seconds"]
        )
        for name, value in metrics.items():
            self.board.add_scalar(name, value, self.course.steps)

    def _diverged(self, what: str, seen: str) -> TrainingError:
        return TrainingError(
            what,
            where=self._place,
            seen=seen,
            expected=f"a finite loss below {_EXPLODED:g}, and finite weights",
            to_do="lower learning_rate or set gradient_clip in the preset; "
            f"the last good checkpoint is {self.checkpoints.newest or 'none yet'}",
        )
