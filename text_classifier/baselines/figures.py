"""The figures of fitted baselines, read from their folder. Legend: N test rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.baselines.fitting import OPINION, PREDICTIONS, VALIDATION
from text_classifier.baselines.validation import VALIDATION_LEARNER
from text_classifier.evaluation.intervals import Proportion, proportion
from text_classifier.evaluation.pairs import compare
from text_classifier.records import Baselines

Right = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BaselineFigures:
    """One baseline on test. `macro_f1_rate` is over all classes; one that has no row and is never said counts 0."""

    name: str
    accuracy: Proportion
    macro_f1_rate: float


@dataclass(frozen=True, slots=True)
class ValidationGap:
    """How much better a learner seems when texts that belong together stand on both sides of a validation.

    Attributes:
        learner: what was cross-validated on train and val.
        random: with folds drawn at random.
        grouped: with folds that leave every group whole.
        gap_rate: accuracy of the first minus that of the second; `low_rate`, `high_rate`: paired-bootstrap interval.
    """

    learner: str
    random: Proportion
    grouped: Proportion
    gap_rate: float
    low_rate: float
    high_rate: float


def read_right(baselines: Baselines) -> dict[str, Right]:
    """By name of the baseline, (N,) whether it got a test row right, in the order of the split.

    Raises:
        DamagedOutputError: the predictions are missing or were changed.
    """
    table = pq.read_table(storage.checked_output(baselines.folder, PREDICTIONS))
    return {name: pc.equal(table[name], table["label"]).to_numpy() for name in baselines.names}


def read_opinion(baselines: Baselines) -> npt.NDArray[np.float64] | None:
    """Probabilities (N, C) of the test rows by a linear classifier; None where it had but one class to learn.

    Raises:
        DamagedOutputError: they were changed.
    """
    manifest = storage.read_manifest(baselines.folder)
    if OPINION not in manifest.outputs:
        return None
    table = pq.read_table(storage.checked_output(baselines.folder, OPINION, manifest))
    return np.stack([column.to_numpy() for column in table.columns], axis=1)


def baseline_figures(baselines: Baselines) -> tuple[BaselineFigures, ...]:
    """Every baseline's figures on test, in the order of `names`.

    Raises:
        DamagedOutputError: the predictions are missing or were changed.
    """
    from sklearn.metrics import f1_score

    right = read_right(baselines)
    classes = storage.read_manifest(baselines.folder).facts["classes"]
    table = pq.read_table(baselines.folder / PREDICTIONS).to_pydict()
    return tuple(
        BaselineFigures(
            name,
            proportion(int(right[name].sum()), len(right[name])),
            float(f1_score(table["label"], table[name], labels=classes, average="macro", zero_division=0)),
        )
        for name in baselines.names
    )


def validation_gap(baselines: Baselines) -> ValidationGap | None:
    """What validation at random overstates; None where no example belongs with another.

    Raises:
        DamagedOutputError: the predictions are missing or were changed.
    """
    manifest = storage.read_manifest(baselines.folder)
    if VALIDATION not in manifest.outputs:
        return None
    table = pq.read_table(storage.checked_output(baselines.folder, VALIDATION, manifest))
    random, grouped = (pc.equal(table[name], table["label"]).to_numpy() for name in ("random", "grouped"))
    pairing = compare(random, grouped)
    return ValidationGap(
        VALIDATION_LEARNER,
        proportion(int(random.sum()), len(random)),
        proportion(int(grouped.sum()), len(grouped)),
        pairing.gain_rate,
        pairing.low_rate,
        pairing.high_rate,
    )
