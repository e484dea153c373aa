"""What a training run is asked for, and what it tells while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from text_classifier.records import DataSet, EncodedCorpus, PretrainedEncoder, TrainRun


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """`label` is a label column of the data set, `preset` a key of PRESETS.

    Attributes:
        encoder: that the weights start from; `train` finds the one that the preset asks for.
    """

    data_set: DataSet
    corpus: EncodedCorpus
    label: str
    preset: str
    options: TrainRun
    encoder: PretrainedEncoder | None = None


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where a run stands after a step.

    `epoch`, `step` and `member` (of an ensemble) count from 1; `steps` are those of this epoch. `done_rate` (0-1) and
    `seconds_left` are of the whole run, of all members; `seconds` are what this member has taken.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    done_rate: float
    loss: float
    examples_per_second: float
    seconds: float
    seconds_left: float
    member: int = 1
    members: int = 1


OnProgress = Callable[[TrainingProgress], None]


def ignore_progress(_: TrainingProgress) -> None:
    """Tells nobody."""
