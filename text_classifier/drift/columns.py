"""Columns as few values that can be counted: as they are, dates by month, numbers by the tenths of the old ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MOST_VALUES = 50
"""A column with more, such as names or titles, says nothing by its shares: chance alone moves them."""

Column: TypeAlias = "pa.ChunkedArray[Any]"
Counts = dict[str, int]


def counted(old: Column, new: Column) -> tuple[Counts, Counts] | None:
    """Rows by value of both columns, nulls left out; None where there are more than `MOST_VALUES` of them."""
    for values in _forms(old, new):
        counts = _counts(values[0]), _counts(values[1])
        if len(counts[0].keys() | counts[1].keys()) <= MOST_VALUES:
            return counts
    return None


def missing(column: Column) -> Mapping[str, int]:
    """Rows that are null and rows that are not."""
    return {"missing": column.null_count, "present": len(column) - column.null_count}


def _forms(old: Column, new: Column) -> list[tuple[Column, Column]]:
    """Ways to see both columns, finest first."""
    if pa.types.is_date(old.type) and pa.types.is_date(new.type):
        return [(pc.strftime(old, form), pc.strftime(new, form)) for form in ("%Y-%m", "%Y")]
    as_they_are = old.cast(pa.string()), new.cast(pa.string())
    if _is_number(old.type) and _is_number(new.type) and len(old) > old.null_count:
        edges = np.unique(np.quantile(old.drop_null().to_numpy(), np.arange(1, 10) / 10))
        return [as_they_are, (_tenths(old, edges), _tenths(new, edges))]
    return [as_they_are]


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _tenths(column: Column, edges: np.ndarray) -> Column:
    bounds = [*(f"up to {edge:g}" for edge in edges), f"above {edges[-1]:g}"]
    names = [f"tenth {number:02}, {bound}" for number, bound in enumerate(bounds, start=1)]
    places = np.searchsorted(edges, column.drop_null().to_numpy())
    return pa.chunked_array([pa.array([names[place] for place in places], pa.string())])


def _counts(column: Column) -> Counts:
    counts = pc.value_counts(column.drop_null())
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))
