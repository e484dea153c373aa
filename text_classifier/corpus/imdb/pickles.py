"""NumPy's object arrays of number lists, read without running what stands in their pickle.

An `.npy` file of dtype object is a pickle, that is a program. Here its few legitimate calls are answered by
stand-ins that only remember their arguments; every other name is refused, so neither foreign code nor NumPy's own
state-setting code runs on foreign data.

Source: NEP 1 (the .npy format); `pickle` in Python's library reference, "Restricting Globals".
"""

from __future__ import annotations

import ast
import io
import pickle
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from text_classifier.errors import SourceFormatError

_MAGIC = b"\x93NUMPY"
_MAX_HEADER_BYTES = 4_096
_MAX_ROWS = 10_000_000
_MAX_VALUES = 100_000_000  # of all lists together; the official file holds 6 million per split
_INTEGER_TYPES = frozenset({"|b1", "|u1", "|i1", "<i2", "<i4", "<i8", "<u2", "<u4"})

_STEPS = re.compile(
    rb"(?:[().\]}aebtsuNR\x85-\x89\x93\x94]|[Kqh\x80].|M..|[Jj].{4}|G.{8}|r.{3}\x00|\x95.{8}|c[^\n]{,99}\n[^\n]{,99}\n)*+",
    re.DOTALL,
)
"""Any run of the pickle operations that number lists need, but for counted ones. A memo index has 24 bits at most:
a greater one makes the unpickler claim memory for all below it. Source: `pickletools` in Python's library."""

_COUNTED: dict[bytes, int] = {b"\x8a": 1, b"\x8c": 1, b"C": 1, b"U": 1, b"X": 4}
"""Operations with an argument of counted length -> bytes of the count."""

_MALFORMED = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class _Header:
    dtype: str
    rows: int
    body: memoryview


def integers(data: bytes, name: str) -> npt.NDArray[np.int64]:
    """The (N,) integers of an `.npy` file.

    Raises:
        SourceFormatError: it holds something else.
    """
    header = _header(data, name)
    if header.dtype not in _INTEGER_TYPES:
        raise _refused(name, f"dtype {header.dtype}", "integers")
    dtype = np.dtype(header.dtype)
    if len(header.body) != header.rows * dtype.itemsize:
        raise _refused(name, f"{len(header.body)} bytes of values", f"{header.rows} values, as its header says")
    return np.frombuffer(header.body, dtype).astype(np.int64)


def integer_lists(data: bytes, name: str) -> pa.ListArray:
    """The (N,) lists of 32-bit integers of an `.npy` file of dtype object.

    Raises:
        SourceFormatError: it holds something else, or its pickle asks for more than such lists need.
    """
    header = _header(data, name)
    if header.dtype != "|O":
        raise _refused(name, f"dtype {header.dtype}", "an object array of lists")
    rows = _unpickled_rows(header, name)
    for number, row in enumerate(rows):
        kinds = {type(value) for value in row} if type(row) is list else {type(row)}
        if type(row) is not list or not kinds <= {int}:
            seen = ", ".join(sorted(kind.__name__ for kind in kinds))
            raise _refused(name, f"row {number}: {seen}", "lists of integers and nothing else")
    try:
        return pa.array(rows, pa.list_(pa.int32()))
    except (pa.ArrowInvalid, OverflowError) as error:
        raise _refused(name, str(error), "integers of 32 bits") from error


class _Array:
    """Stands in for an ndarray: keeps the state that the pickle gives it."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Dtype:
    """Stands in for a dtype."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        pass


def _reconstruct(*_arguments: Any) -> _Array:
    return _Array()


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"encoding {encoding!r}")
    return text.encode("latin-1")


_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return _STAND_INS[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(f"the name {module_name}.{global_name}") from None


def _unpickled_rows(header: _Header, name: str) -> list[Any]:
    _demand_plain_steps(header.body, name)
    try:
        found = _Unpickler(io.BytesIO(header.body)).load()
    except _MALFORMED as error:
        raise _refused(name, f"a pickle with {error}", "a pickle of number lists, and nothing to execute") from error
    except (RecursionError, MemoryError) as error:
        raise _refused(name, type(error).__name__, "a pickle of number lists") from error
    state = found.state if type(found) is _Array else None
    rows = state[4] if type(state) is tuple and len(state) == 5 else None
    if type(rows) is not list or len(rows) != header.rows:
        raise _refused(name, "another object", f"one array of {header.rows} lists")
    values = sum(len(row) for row in rows if type(row) is list)  # one list may stand in many rows
    if values > _MAX_VALUES:
        raise _refused(name, f"{values:,} values in all lists", f"at most {_MAX_VALUES:,}")
    return rows


def _demand_plain_steps(body: memoryview, name: str) -> None:
    """Refuses a pickle with an operation that number lists do not need, or one that would exhaust the memory."""
    position = 0
    while (steps := _STEPS.match(body, position)) and (position := steps.end()) < len(body):
        width = _COUNTED.get(bytes(body[position : position + 1]))
        if width is None:
            seen = f"the operation {bytes(body[position : position + 5])!r} at byte {position:,} of a pickle"
            raise _refused(name, seen, "a pickle of number lists, and nothing to execute")
        start = position + 1 + width
        position = start + int.from_bytes(body[position + 1 : start], "little")


def _header(data: bytes, name: str) -> _Header:
    width = {1: 2, 2: 4}.get(data[6] if len(data) > 12 else 0)
    if not data.startswith(_MAGIC) or width is None:
        raise _refused(name, "another kind of file", "the .npy format, version 1 or 2")
    start = 8 + width
    length = int.from_bytes(data[8:start], "little")
    try:
        fields = ast.literal_eval(data[start : start + min(length, _MAX_HEADER_BYTES)].decode("latin-1").strip())
        dtype, order, shape = fields["descr"], fields["fortran_order"], fields["shape"]
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise _refused(name, f"a header that cannot be read ({type(error).__name__})", "an .npy header") from error
    is_flat = type(shape) is tuple and len(shape) == 1 and type(shape[0]) is int and 0 <= shape[0] <= _MAX_ROWS
    if not is_flat or type(dtype) is not str or order is not False:
        raise _refused(name, f"shape {shape!r:.60}, dtype {dtype!r:.60}", "a one-dimensional array")
    return _Header(dtype, shape[0], memoryview(data)[start + length :])


def _refused(name: str, seen: str, expected: str) -> SourceFormatError:
    return SourceFormatError(
        "an array is not what it should be; nothing of it was executed",
        where=name,
        seen=seen,
        expected=expected,
        to_do="get the file anew from its official address",
    )
