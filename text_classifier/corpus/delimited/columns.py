"""Text of a column to its typed values, a whole column at a time.

What counts as a value is decided by one pattern per type, then by Arrow's cast; a value that passes neither is
bad, never guessed at. An empty string is null. "NA", "None" and "null" stay strings.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.contract.declared.columns import Column
from text_classifier.corpus.rows import ARROW_TYPES

BoolArray = npt.NDArray[np.bool_]

PATTERNS: Mapping[str, str] = {
    "integer": r"^-?[0-9]{1,18}$",
    "number": r"^-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$",
    "date": r"^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}$",  # no date has the year 0
    "boolean": r"^(?i:true|false)$",
}
EXAMPLES: Mapping[str, str] = {
    "integer": "-12 (at most 18 digits)",
    "number": "-1.5e3",
    "date": "2024-07-28",
    "boolean": "true or false",
}


def typed(values: pa.Array, column: Column) -> tuple[pa.Array, BoolArray]:
    """The values of a column, and which of them are bad (null in the result).

    Args:
        values: (N,) strings without nulls.

    Returns:
        (N,) of the column's Arrow type, and (N,) true where the text is not a value of that type.
    """
    given = pc.if_else(pc.equal(values, ""), None, values)
    target = ARROW_TYPES[column.logical_type]
    if pa.types.is_string(target):
        return given, np.zeros(len(values), dtype=np.bool_)
    matches = pc.match_substring_regex(given, PATTERNS[column.logical_type])
    candidates = pc.if_else(matches, given, None)
    result = _cast(candidates, target)
    if pa.types.is_floating(target):
        result = pc.if_else(pc.is_finite(result), result, None)
    bad = pc.and_(pc.is_valid(given), pc.is_null(result))
    return result, bad.to_numpy(zero_copy_only=False)


def with_aliases(values: pa.Array, aliases: Mapping[str, str]) -> pa.Array:
    """`values` with every class that goes by another name under its own name."""
    if not aliases:
        return values
    encoded = values.dictionary_encode()
    names = [aliases.get(name, name) for name in encoded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(encoded.indices)


def reason(value: str, column: Column) -> str:
    """Why `value` was bad, for people."""
    return f"{value[:80]!r} is no {column.logical_type} such as {EXAMPLES[column.logical_type]}"


def _cast(candidates: pa.Array, target: pa.DataType) -> pa.Array:
    try:
        return candidates.cast(target)
    except pa.ArrowInvalid:
        return pa.array([_cast_one(value, target) for value in candidates], target)


def _cast_one(value: pa.Scalar, target: pa.DataType) -> object:
    try:
        return value.cast(target).as_py()
    except (pa.ArrowInvalid, ValueError):
        return None
