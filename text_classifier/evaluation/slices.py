"""Accuracy slice by slice: where a classifier is worse than elsewhere, and where it got worse. Legend: N rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from text_classifier.evaluation.intervals import CONFIDENCE_RATE, Interval, Proportion, proportion
from text_classifier.evaluation.pairs import SIGNIFICANCE_LEVEL, Pairing, Right, Separation, compare
from text_classifier.evaluation.slice_columns import OTHER, PREFIX, SLICE_ROWS

Mask = NDArray[np.bool_]  # (N,)


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """One slice against the other rows that have a value in its dimension.

    Attributes:
        is_class: whether the slice is one true class. Its accuracy is the class's recall then: a model that prefers
            some answers is bound to be worse on the other classes, so the flag tells of its leaning, not of hard texts.
        gap_rate: accuracy minus that of the others, with Newcombe's interval.
        p_value: Fisher's exact test, two-sided, after Holm's correction over all slices.
        is_flagged: significantly worse than the others.
    """

    dimension: str
    name: str
    is_class: bool
    accuracy: Proportion
    gap_rate: Interval
    p_value: float
    is_flagged: bool


@dataclass(frozen=True, slots=True)
class SliceChange:
    """One slice, on which the first of two classifiers is held against the other.

    Attributes:
        accuracy, other_accuracy: of the first and of the other.
        pairing: the first against the other on the rows of the slice, uncorrected.
        p_value: that of the pairing after Holm's correction over all slices.
        separation: what the corrected test says of the first.
    """

    dimension: str
    name: str
    accuracy: Proportion
    other_accuracy: Proportion
    pairing: Pairing
    p_value: float
    separation: Separation


def slice_figures(
    columns: pa.Table, right: Right, label: str, level: float = SIGNIFICANCE_LEVEL
) -> tuple[SliceFigures, ...]:
    """The accuracy of every slice with SLICE_ROWS, in the order of the columns, bands from low to high.

    Args:
        columns: of `slice_columns`, N rows.
        right: (N,).
        label: the dimension of the true classes.

    Source: Holm 1979; Newcombe 1998, method 10, for the gap.
    """
    from scipy.stats import fisher_exact

    slices = [(dimension, name, rows, others) for dimension, name, rows, others in _slices(columns) if others.any()]
    tables = [[_counts(right, rows), _counts(right, others)] for _, _, rows, others in slices]
    corrected, is_seen = _holm([float(fisher_exact(np.array(table)).pvalue) for table in tables], level)
    gaps = [_gap(*table) for table in tables]
    return tuple(
        SliceFigures(
            dimension=dimension,
            name=name,
            is_class=dimension == label,
            accuracy=proportion(table[0][0], sum(table[0])),
            gap_rate=gap,
            p_value=p_value,
            is_flagged=seen and gap.value < 0,
        )
        for (dimension, name, _, _), table, gap, p_value, seen in zip(
            slices, tables, gaps, corrected, is_seen, strict=True
        )
    )


def worse_slices(
    columns: pa.Table, first_right: Right, other_right: Right, level: float = SIGNIFICANCE_LEVEL
) -> tuple[SliceChange, ...]:
    """The `slice_changes` on which the first classifier is significantly worse than the other."""
    changes = slice_changes(columns, first_right, other_right, level)
    return tuple(change for change in changes if change.separation == "worse")


def slice_changes(
    columns: pa.Table, first_right: Right, other_right: Right, level: float = SIGNIFICANCE_LEVEL
) -> tuple[SliceChange, ...]:
    """Every slice with SLICE_ROWS, in the order of the columns, bands from low to high.

    Args:
        columns: of `slice_columns`, N rows.
        first_right, other_right: (N,), of the same rows.
        level: chance that any slice is called better or worse where the two do not differ.
    """
    slices = list(_slices(columns))
    pairings = [compare(first_right[rows], other_right[rows]) for _, _, rows, _ in slices]
    corrected, is_seen = _holm([pairing.p_value for pairing in pairings], level)
    return tuple(
        SliceChange(
            dimension=dimension,
            name=name,
            accuracy=proportion(int(first_right[rows].sum()), pairing.rows),
            other_accuracy=proportion(int(other_right[rows].sum()), pairing.rows),
            pairing=pairing,
            p_value=p_value,
            separation=_separation(pairing, seen),
        )
        for (dimension, name, rows, _), pairing, p_value, seen in zip(slices, pairings, corrected, is_seen, strict=True)
    )


def _separation(pairing: Pairing, is_seen: bool) -> Separation:
    if not is_seen:
        return "not separable"
    return "better" if pairing.gain_rate > 0 else "worse"


def _slices(columns: pa.Table) -> Iterator[tuple[str, str, Mask, Mask]]:
    """Dimension, name, the rows of the slice and those of the others in its dimension."""
    for column in columns.column_names:
        has_value = np.asarray(pc.is_valid(columns[column]))
        for name in sorted(columns[column].unique().drop_null().to_pylist(), key=_place):
            rows = np.asarray(pc.equal(columns[column], name).fill_null(False))
            if rows.sum() >= SLICE_ROWS:
                yield column.removeprefix(PREFIX), name, rows, has_value & ~rows


def _place(name: str) -> tuple[bool, float, str]:
    """Where a slice stands among the others: numbers first, by size, and what is left over last."""
    number = re.match(r"-?[\d,]*\.?\d+(e[+-]?\d+)?", name)
    return name == OTHER, float(number[0].replace(",", "")) if number else np.inf, name


def _counts(right: Right, rows: Mask) -> tuple[int, int]:
    return int((right & rows).sum()), int((~right & rows).sum())


def _gap(inside: tuple[int, int], outside: tuple[int, int]) -> Interval:
    from statsmodels.stats.proportion import confint_proportions_2indep

    rows, other_rows = sum(inside), sum(outside)
    low, high = confint_proportions_2indep(
        inside[0], rows, outside[0], other_rows, method="newcomb", compare="diff", alpha=1 - CONFIDENCE_RATE
    )
    return Interval(inside[0] / rows - outside[0] / other_rows, float(low), float(high))


def _holm(p_values: list[float], level: float) -> tuple[list[float], list[bool]]:
    from statsmodels.stats.multitest import multipletests

    if not p_values:
        return [], []
    is_seen, corrected, _, _ = multipletests(p_values, level, method="holm")
    return [float(p) for p in corrected], [bool(seen) for seen in is_seen]
