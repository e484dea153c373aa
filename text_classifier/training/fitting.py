"""The one door to Lightning's Trainer: batches in, best weights and history out, from the last checkpoint on."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pytorch_lightning as pl
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from text_classifier import storage
from text_classifier.circumstances import circumstances
from text_classifier.training import checkpoints
from text_classifier.training.batches import SplitBatches
from text_classifier.training.checkpoints import Checkpoints
from text_classifier.training.job import OnProgress
from text_classifier.training.model_folder import HISTORY_SCHEMA
from text_classifier.training.module import TrainingModule
from text_classifier.training.precision import choose_precision, described

logger = logging.getLogger(__name__)

TENSORBOARD = "tensorboard"


class Fitted(NamedTuple):
    """What a training leaves beside the weights.

    Attributes:
        history: one row per epoch: means over the epoch, the rate at its end, seconds since the start; no values in
            the columns of val where nothing was held out.
        resumed_at_steps: steps that were done when a process took the training up again; empty: it was never cut off.
        earlier_seconds: that it had taken when this process took it up.
        was_over: it was complete then, and only read.
    """

    history: pa.Table
    resumed_at_steps: tuple[int, ...]
    earlier_seconds: float
    was_over: bool


def fit(
    network: nn.Module,
    data: SplitBatches,
    folder: Path,
    on_progress: OnProgress,
    checkpoint_share: float = checkpoints.SHARE,
) -> Fitted:
    """Train `network` in place and leave it, on the CPU, with its best weights.

    Best is the epoch that is best by what is monitored; the last one where nothing is held out. `folder`, by the last
    two names of its path, belongs to this training alone and outlives its process: called again with it after a process
    ended, however it ended, `fit` goes on from the last checkpoint there and comes to the same weights as if it had
    never been cut off: to the bit on a CPU, as far as cuDNN repeats itself on a GPU.
    `folder` gets checkpoints after the first step, then as often as they take `checkpoint_share` of the time, after
    every epoch, and when an interrupt ends the training; and `tensorboard/`.

    Raises:
        TrainingError: the loss or a weight is no longer a number, or the memory does not hold one example.
        OutputUnwritableError: `folder` cannot be written.
    """
    _let_lines_propagate()
    made_with = circumstances() | {
        "computed_with": described(data.options.precision),
        "training": "/".join(folder.parts[-2:]),
    }
    kept = Checkpoints(folder, made_with, checkpoint_share)
    with storage.writing(folder), SummaryWriter(folder / TENSORBOARD) as board:
        module = TrainingModule(network, data, kept, on_progress, board)
        earlier_seconds, done, was_over = module.course.seconds, module.course.steps, module.is_over
        if done:
            logger.info("training goes on from %s: %d of %d steps done", kept.newest, done, data.most_steps)
        if not was_over:
            _train(module)
    network.load_state_dict(module.best or module.scored.state_dict())
    network.cpu().eval()
    history = pa.Table.from_pylist(module.course.rows, HISTORY_SCHEMA)
    return Fitted(history, tuple(module.course.resumed_at_steps), earlier_seconds, was_over)


class _GivesBackSigterm(pl.Callback):
    """Puts the handler of SIGTERM back that Lightning wraps into its own.

    Prefect tells a flow run that it is cancelled, rather than crashed, only while the handler is the one it set.
    """

    def __init__(self) -> None:
        self._handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        if callable(self._handler) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._handler)


def _train(module: TrainingModule) -> None:
    try:
        with warnings.catch_warnings():
            # Lightning 2.6 flattens its loaders with a class that torch 2.13 has begun to retire.
            warnings.filterwarnings("ignore", "`isinstance.treespec, LeafSpec.` is deprecated", FutureWarning)
            _trainer(module).fit(module)
    except Exception:
        raise
    except BaseException as error:  # an interrupt, an exit, or what Prefect raises when it ends a run
        module.keep()
        if isinstance(error.__context__, KeyboardInterrupt):  # Lightning makes an exit of it
            raise error.__context__ from None
        if isinstance(error, SystemExit):  # its own of SIGTERM, by which a process would end as if all were well
            error.code = error.code or 128 + signal.SIGTERM
        raise


def _trainer(module: TrainingModule) -> pl.Trainer:
    """Of the epochs that are left; Lightning's own counters begin with them."""
    data = module.data
    return pl.Trainer(
        accelerator="auto",
        devices=1,
        precision=choose_precision(data.options.precision),
        max_epochs=data.options.max_epochs - module.course.epoch,
        logger=False,
        callbacks=[_GivesBackSigterm()],
        limit_val_batches=None if data.val else 0,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


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
