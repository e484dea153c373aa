"""Which slices of a split every row belongs to. Legend: N rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

PREFIX = "slice_"
LENGTH, UNKNOWN = "text_length", "out_of_vocabulary"
OTHER = "(other)"
SLICE_ROWS = 20  # fewer say nothing of an accuracy: Wilson's interval of 10 right among 20 is 40 points wide
VALUES = 30
PERIODS = 12
BANDS = 4
_NOT_SLICED = {"example_id", "row", "group", "text_digest", "text"}

Namer = Callable[[float, float], str]


def slice_columns(examples: pa.Table, label: str, unknown_rates: NDArray[np.floating] | None = None) -> pa.Table:
    """One string column `slice_<dimension>` for each way in which the examples fall apart, null where one has no value.

    The dimensions: the label under its own name; `text_length`; `out_of_vocabulary`; and every other column of the
    contract that tells rows apart without telling nearly all of them apart:

    - strings, booleans and up to VALUES integers by their value: the VALUES most frequent ones that have SLICE_ROWS,
      the rest is "(other)". A column more than half of which would be "(other)" is none (titles, authors).
    - other numbers, lengths and rates by the quartiles of this table, equal values always together.
    - dates by month; by year where these are more than PERIODS months; by bands of years where also these are more.

    A dimension with one value only is left out.

    Args:
        examples: N rows with `text`, the label and the contract's other columns.
        unknown_rates: (N,) shares of tokens that are not in the vocabulary; NaN where a text has no token.
    """
    columns = {name: _of_column(examples[name]) for name in examples.column_names if name not in _NOT_SLICED}
    columns[label] = examples[label]
    columns[LENGTH] = _bands(pc.utf8_length(examples["text"]), _counted("characters"))
    if unknown_rates is not None:
        columns[UNKNOWN] = _bands(pa.array(unknown_rates, from_pandas=True), _percentages)
    told = {
        name: column for name, column in columns.items() if column is not None and pc.count_distinct(column).as_py() > 1
    }
    return pa.table({PREFIX + name: column for name, column in told.items()})


def _of_column(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    kind = column.type
    if pa.types.is_temporal(kind):
        return _of_dates(column)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if is_number and (pa.types.is_floating(kind) or pc.count_distinct(column).as_py() > VALUES):
        return _bands(column, _counted(""))
    return _of_values(column.cast(pa.string()))


def _of_values(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    counts = sorted(column.drop_null().value_counts().to_pylist(), key=lambda one: (-one["counts"], one["values"]))
    kept = [one for one in counts[:VALUES] if one["counts"] >= SLICE_ROWS]
    if 2 * sum(one["counts"] for one in kept) < len(column) - column.null_count:
        return None
    is_kept = pc.is_in(column, value_set=pa.array([one["values"] for one in kept], pa.string()))
    return pc.if_else(pc.or_(is_kept, pc.is_null(column)), column, OTHER)


def _of_dates(column: pa.ChunkedArray) -> pa.ChunkedArray:
    for period in ("%Y-%m", "%Y"):
        named = pc.strftime(column, format=period)
        if pc.count_distinct(named).as_py() <= PERIODS:
            return named
    return _bands(pc.year(column), lambda low, high: f"{low:.0f} to {high:.0f}")


def _bands(column: pa.ChunkedArray | pa.Array, name: Namer) -> pa.Array:
    """The column in BANDS of about as many rows each, named by the smallest and the largest value in them."""
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)  # NaN for null
    is_known = ~np.isnan(values)
    known = values[is_known]
    if not len(known):
        return pa.nulls(len(values), pa.string())
    edges = np.unique(np.quantile(known, np.arange(1, BANDS) / BANDS, method="lower"))
    band_of = np.searchsorted(edges, known)
    named = np.full(len(values), None, dtype=object)
    for band in np.unique(band_of):
        named[np.flatnonzero(is_known)[band_of == band]] = name(
            known[band_of == band].min(), known[band_of == band].max()
        )
    return pa.array(named, pa.string())


def _counted(unit: str) -> Namer:
    return lambda low, high: f"{low:,.6g} to {high:,.6g} {unit}".rstrip()


def _percentages(low: float, high: float) -> str:
    return f"{100 * low:.2f} to {100 * high:.2f} % unknown"
