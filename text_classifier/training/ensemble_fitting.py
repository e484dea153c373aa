"""How the members of an ensemble are trained: one after the other, each as if it were alone."""

from __future__ import annotations

import gc
import logging
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
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

    The history says in its first column whose epochs they are, counted from 1; steps and seconds begin anew with each.

    Raises:
        TrainingError: the loss or a weight is no longer a number, or the memory does not hold one example.
        OutputUnwritableError: `folder` cannot be written.
    """
    if not isinstance(network, Ensemble):
        return _joined([fit(network, data, folder, on_progress)])
    members, whole = len(network.members), list[Fitted]()
    for place, member in enumerate(network.members):
        logger.info("network %d of %d", place + 1, members)
        seed = MOST_MEMBERS * data.seed + place
        torch.manual_seed(seed)  # as it stands here also where the members before it were trained by another process
        own, progress = folder / f"member-{place + 1}", _within(on_progress, place, members)
        whole.append(fit(member, replace(data, seed=seed), own, progress))
        gc.collect()  # optimizer and averages of this member, before the next one needs as much
    return _joined(whole)


def _within(on_progress: OnProgress, place: int, members: int) -> OnProgress:
    def tell(progress: TrainingProgress) -> None:
        of_one_member = progress.seconds / progress.done_rate
        on_progress(
            replace(
                progress,
                member=place + 1,
                members=members,
                done_rate=(place + progress.done_rate) / members,
                seconds_left=progress.seconds_left + (members - 1 - place) * of_one_member,
            )
        )

    return tell


def _joined(whole: list[Fitted]) -> Fitted:
    """Resumed at steps of the whole: a process that finds a member complete takes up the next one."""
    steps, histories, resumed_at_steps = 0, list[pa.Table](), list[int]()
    for place, fitted in enumerate(whole):
        history, is_last = fitted.history, fitted is whole[-1]
        histories.append(history.add_column(0, "member", pa.array([place + 1] * history.num_rows, pa.int32())))
        own = list(fitted.resumed_at_steps)
        if fitted.was_over and not is_last:
            own.pop()
        elif not own and place and whole[place - 1].was_over:
            own = [0]
        resumed_at_steps += [steps + step for step in own]
        steps += pc.max(history["step"]).as_py()
    seconds = sum(fitted.earlier_seconds for fitted in whole)
    return Fitted(pa.concat_tables(histories), tuple(resumed_at_steps), seconds, whole[-1].was_over)
