"""A model of several parts beside each of them alone, on the same rows. Legend: N rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.evaluation.intervals import Proportion, proportion
from text_classifier.evaluation.metrics import ClassIndices
from text_classifier.evaluation.pairs import Pairing, Right, Separation, compare, separation

_COLUMN = "alone_{}"


@dataclass(frozen=True, slots=True)
class PartFigures:
    """A part alone, and the whole model against it: the `pairing` says what the other parts add.

    Attributes:
        separation: what that comes to, of the whole.
    """

    name: str
    accuracy: Proportion
    pairing: Pairing
    separation: Separation


def part_figures(truth: ClassIndices, right: Right, parts: Mapping[str, ClassIndices]) -> list[PartFigures]:
    """Each part, the most accurate first.

    Args:
        right: (N,) whether the whole model answered right.
        parts: by name, (N,) what the part predicts alone.
    """
    told = []
    for name, predictions in parts.items():
        alone = np.asarray(predictions == truth)
        pairing = compare(right, alone)
        told.append(PartFigures(name, proportion(int(alone.sum()), len(truth)), pairing, separation(pairing)))
    return sorted(told, key=lambda one: -one.accuracy.rate)


def with_parts(predictions: pa.Table, parts: Mapping[str, ClassIndices], classes: Sequence[str]) -> pa.Table:
    """A predictions table with one column more for each part: the class that it predicts alone."""
    names = pa.array(classes, pa.string())
    for name, found in parts.items():
        predictions = predictions.append_column(_COLUMN.format(name), names.take(pa.array(found)))
    return predictions


def read_part(predictions: pa.Table, name: str, classes: Sequence[str]) -> ClassIndices | None:
    """What the named part predicted alone, from a predictions table, -1 where that is no class; None: not in it."""
    column = _COLUMN.format(name)
    if column not in predictions.column_names:
        return None
    found = pc.index_in(predictions[column], pa.array(classes, pa.string()))
    return np.asarray(found.fill_null(-1).to_numpy(), np.int64)
