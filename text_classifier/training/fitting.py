"""The one door to Lightning's Trainer: batches in, best weights and history out."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import TensorBoardLogger
from torch import nn

from text_classifier.config.options import TrainingOptions
from text_classifier.training.batches import Batches, Windows, plan_epoch, plan_scoring
from text_classifier.training.examples import Int64s
from text_classifier.training.job import OnProgress
from text_classifier.training.module import History, ProgressReporter, TrainingModule
from text_classifier.training.precision import choose_precision
from text_classifier.training.scoring import SCORING_BATCH

_LOGGED_EVERY_STEPS = 50


@dataclass(frozen=True, slots=True)
class Readable:
    """What a model reads of a split, and the class ids (N,)."""

    windows: Windows
    labels: Int64s


class SplitBatches(pl.LightningDataModule):
    """The batches of train, planned anew for each epoch from the seed and the epoch's number, and those of val."""

    def __init__(self, train: Readable, val: Readable | None, options: TrainingOptions, seed: int) -> None:
        super().__init__()
        self.train, self.val, self.options, self.seed = train, val, options, seed

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return -(-len(self.train.labels) // self.options.batch_size)

    def train_dataloader(self) -> Batches:
        epoch = self.trainer.current_epoch if self.trainer else 0
        plan = plan_epoch(self.train.windows.lengths, self.options, self.seed, epoch)
        return Batches(self.train.windows, self.train.labels, plan, self.options)

    def val_dataloader(self) -> Batches | list[Batches]:
        if self.val is None:
            return []
        plan = plan_scoring(self.val.windows.lengths, SCORING_BATCH)
        return Batches(self.val.windows, self.val.labels, plan, self.options)


def fit(network: nn.Module, data: SplitBatches, folder: Path, on_progress: OnProgress) -> pa.Table:
    """Train `network` in place and leave it, on the CPU, with its best weights; returns the history.

    Best is the epoch with the lowest monitored loss; the last epoch where nothing is held out. Writes `checkpoints/`
    (best.ckpt, last.ckpt) and `tensorboard/` below `folder`.

    Raises:
        TrainingError: the loss is no longer a number.
    """
    _let_lines_propagate()
    history = History()
    best = _best_checkpoint(folder, data.options) if data.val or data.options.monitor == "train_loss" else None
    callbacks = [history, ProgressReporter(on_progress), *_stopping(data.options, best), _last_checkpoint(folder)]
    module = TrainingModule(network, data.options, data.steps * data.options.max_epochs)
    with warnings.catch_warnings():
        # Lightning 2.6 flattens its loaders with a class that torch 2.13 has begun to retire.
        warnings.filterwarnings("ignore", "`isinstance.treespec, LeafSpec.` is deprecated", FutureWarning)
        _trainer(data, folder, callbacks).fit(module, datamodule=data)
    if best is not None:
        checkpoint = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
        module.load_state_dict(checkpoint["state_dict"])
    network.load_state_dict(module.scored.state_dict())
    network.cpu().eval()
    return history.table()


def _trainer(data: SplitBatches, folder: Path, callbacks: list[pl.Callback]) -> pl.Trainer:
    return pl.Trainer(
        accelerator="auto",
        devices=1,
        precision=choose_precision(data.options.precision),
        max_epochs=data.options.max_epochs,
        gradient_clip_val=data.options.gradient_clip or None,
        logger=TensorBoardLogger(folder, name="tensorboard", version=""),
        callbacks=callbacks,
        limit_val_batches=None if data.val else 0,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=min(_LOGGED_EVERY_STEPS, data.steps),
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )


def _best_checkpoint(folder: Path, options: TrainingOptions) -> ModelCheckpoint:
    return ModelCheckpoint(
        folder / "checkpoints",
        filename="best",
        monitor=options.monitor,
        save_weights_only=True,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )


def _last_checkpoint(folder: Path) -> ModelCheckpoint:
    return ModelCheckpoint(
        folder / "checkpoints", filename="last", save_on_train_epoch_end=True, enable_version_counter=False
    )


def _stopping(options: TrainingOptions, best: ModelCheckpoint | None) -> list[pl.Callback]:
    if best is None:
        return []
    if not options.patience_epochs:
        return [best]
    early = EarlyStopping(options.monitor, patience=options.patience_epochs, check_on_train_epoch_end=True)
    return [best, early]


def _is_no_advertisement(record: logging.LogRecord) -> bool:
    return "Tip:" not in record.getMessage()


def _let_lines_propagate() -> None:
    """Lightning prints its lines itself when it was imported before logging was set up; logging shall decide."""
    logging.getLogger("pytorch_lightning.utilities.rank_zero").addFilter(_is_no_advertisement)
    for name in ("pytorch_lightning", "lightning_fabric"):
        lines = logging.getLogger(name)
        own = [handler for handler in lines.handlers if type(handler) is logging.StreamHandler]
        for handler in own:
            lines.removeHandler(handler)
            lines.propagate = True
