"""The network as Lightning sees it: a step of training, a step of validation, the optimizer; and who watches them."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any

import pyarrow as pa
import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from text_classifier.config.options import TrainingOptions
from text_classifier.errors import TrainingError
from text_classifier.training.batches import Batch
from text_classifier.training.job import OnProgress, TrainingProgress

logger = logging.getLogger(__name__)

Weights = tuple[torch.Tensor, ...] | list[torch.Tensor]

_OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
_RISING_SHARE = 0.2  # of the steps of a one-cycle schedule
_VAL_METRICS = ("val_loss", "val_accuracy_rate")
HISTORY_SCHEMA = pa.schema(
    {
        "epoch": pa.int32(),
        "step": pa.int64(),
        "train_loss": pa.float64(),
        "val_loss": pa.float64(),
        "val_accuracy_rate": pa.float64(),
        "learning_rate": pa.float64(),
        "seconds": pa.float64(),
    }
)


def move_average(decay: float, averaged: Weights, current: Weights, seen: torch.Tensor | int) -> None:
    """Move the average towards the current weights, by more than 1 - decay while few steps were `seen`.

    Without that the initial values would still weigh in the average of a short run.
    """
    rate = min(decay, (1 + int(seen)) / (4 + int(seen)))
    for kept, new in zip(averaged, current, strict=True):
        kept.lerp_(new, 1 - rate)


class TrainingModule(pl.LightningModule):
    """Logs `train_loss`, and per epoch `val_loss` and `val_accuracy_rate`; `steps` are those of the whole run."""

    def __init__(self, network: nn.Module, options: TrainingOptions, steps: int) -> None:
        super().__init__()
        self.network, self.options, self.steps = network, options, steps
        decay = options.averaging_decay_rate
        self.averaged = AveragedModel(network, multi_avg_fn=partial(move_average, decay)) if decay else None

    @property
    def scored(self) -> nn.Module:
        """The network that is watched and kept: the one with averaged weights where they are averaged."""
        scored: nn.Module = self.averaged.module if self.averaged else self.network
        return scored

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        loss = F.cross_entropy(self.network(batch.token_ids, batch.lengths), batch.labels)
        if not torch.isfinite(loss):
            raise self._diverged(loss.item(), batch_idx)
        self.log("train_loss", loss, on_step=True, on_epoch=True, batch_size=len(batch.labels))
        return loss

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,  # noqa: ARG002
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,  # noqa: ARG002
    ) -> None:
        """By their norm. Lightning refuses to with a fused optimizer under bf16, which scales no gradient."""
        if gradient_clip_val:
            nn.utils.clip_grad_norm_(self.network.parameters(), gradient_clip_val)

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        if self.averaged:
            self.averaged.update_parameters(self.network)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        logits = self.scored(batch.token_ids, batch.lengths)  # (B, C)
        correct = (logits.argmax(dim=-1) == batch.labels).float().mean()
        loss = F.cross_entropy(logits, batch.labels)
        self.log_dict({"val_loss": loss, "val_accuracy_rate": correct}, batch_size=len(batch.labels))

    def configure_optimizers(self) -> dict[str, object]:  # type: ignore[override]
        options = self.options
        optimizer = _OPTIMIZERS[options.optimizer](
            [weight for weight in self.network.parameters() if weight.requires_grad],
            lr=options.learning_rate,
            eps=options.epsilon,
            weight_decay=options.weight_decay,
            fused=True,  # one pass over the embedding's 4 M weights and moments where the plain loop takes ten
        )
        if options.schedule == "constant":
            return {"optimizer": optimizer}
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, options.learning_rate, total_steps=self.steps, pct_start=_RISING_SHARE
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _diverged(self, loss: float, batch_idx: int) -> TrainingError:
        return TrainingError(
            "the loss is no longer a number",
            where=f"epoch {self.current_epoch + 1}, step {batch_idx + 1}",
            seen=str(loss),
            expected="a finite loss",
            to_do="lower learning_rate or set gradient_clip in the preset",
        )


class History(pl.Callback):
    """One row per finished epoch: means over the epoch, the rate at its end, seconds since the start."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float | None]] = []
        self._started = time.perf_counter()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        row = {
            "epoch": trainer.current_epoch + 1,
            "step": trainer.global_step,
            **{name: metrics.get(name) for name in ("train_loss", "val_loss", "val_accuracy_rate")},
            "learning_rate": float(trainer.optimizers[0].param_groups[0]["lr"]),
            "seconds": time.perf_counter() - self._started,
        }
        self.rows.append(row)
        told = ", ".join(
            f"{name} {metrics[name]:.4f}" for name in sorted(metrics) if not name.endswith(("_step", "_epoch"))
        )
        logger.info("epoch %d of %s: %s; %.1f seconds", row["epoch"], trainer.max_epochs, told, row["seconds"])

    def table(self) -> pa.Table:
        """The rows as they go into `history.parquet`; no val columns' values where nothing was held out."""
        return pa.Table.from_pylist(self.rows, HISTORY_SCHEMA)


class ProgressReporter(pl.Callback):
    """Calls `on_progress` after every step; the time left counts the validations that are still to come."""

    def __init__(self, on_progress: OnProgress) -> None:
        self.on_progress = on_progress
        self._started, self._examples = time.perf_counter(), 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._started, self._examples = time.perf_counter(), 0

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: Any,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        elapsed = time.perf_counter() - self._started
        self._examples += len(batch.labels)
        steps, epochs = int(trainer.num_training_batches), trainer.max_epochs or 1
        left = steps * epochs - trainer.global_step
        progress = TrainingProgress(
            epoch=trainer.current_epoch + 1,
            epochs=epochs,
            step=batch_idx + 1,
            steps=steps,
            loss=float(outputs["loss"]),
            examples_per_second=self._examples / elapsed,
            seconds_left=elapsed / trainer.global_step * left,
        )
        self.on_progress(progress)
