"""How the members of an ensemble are trained: one after the other, each as if it were alone."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import torch
from torch import nn

from text_classifier.config.options import MOST_MEMBERS
from text_classifier.training.batches import SplitBatches
from text_classifier.training.ensemble import Ensemble
from text_classifier.training.fitting import Fitted, fit
from text_classifier.training.job import OnProgress, TrainingProgress

logger = logging.getLogger(__name__)


def fit_all(network: nn.Module, data: SplitBatches, folder: Path, on_progress: OnProgress) -> Fitted:
    """`fit` a network, or each member of an ensemble with batches, dropout and checkpoints of its own.

    Raises:
        TrainingError: the loss or a weight is no longer a number, or the memory does not hold one example.
        OutputUnwritableError: `folder` cannot be written.
    """
    if not isinstance(network, Ensemble):
        return fit(network, data, folder, on_progress)
    whole: list[Fitted] = []
    for place, member in enumerate(network.members):
        logger.info("network %d of %d", place + 1, len(network.members))
        seed = MOST_MEMBERS * data.seed + place
        torch.manual_seed(seed)  # as it stands here also where the members before it were trained by another process
        own = folder / f"{folder.name}-{place}"
        progress = _within(on_progress, place, len(network.members))
        whole.append(fit(member, replace(data, seed=seed), own, progress))
    return _joined(whole)


def _within(on_progress: OnProgress, place: int, members: int) -> OnProgress:
    def tell(progress: TrainingProgress) -> None:
        seconds = progress.seconds_left / max(1 - progress.done_rate, 1e-9)  # of one member
        on_progress(
            replace(
                progress,
                member=place + 1,
                members=members,
                done_rate=(place + progress.done_rate) / members,
                seconds_left=progress.seconds_left + (members - 1 - place) * seconds,
            )
        )

    return tell


def _joined(whole: list[Fitted]) -> Fitted:
    """Steps and seconds go on from one member to the next."""
    steps, seconds = 0, 0.0
    histories, resumed_at_steps = list[pa.Table](), list[int]()
    for number, fitted in enumerate(whole, 1):
        rows = fitted.history.to_pylist()
        moved = [
            row | {"member": number, "step": row["step"] + steps, "seconds": row["seconds"] + seconds} for row in rows
        ]
        histories.append(pa.Table.from_pylist(moved, fitted.history.schema))
        resumed_at_steps += [step + steps for step in fitted.resumed_at_steps if step < rows[-1]["step"]]
        steps, seconds = moved[-1]["step"], moved[-1]["seconds"]
    return Fitted(pa.concat_tables(histories), tuple(resumed_at_steps), sum(one.earlier_seconds for one in whole))
