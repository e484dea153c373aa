"""What was published beside what was derived anew: trees of figures, tables, files; every difference by its name."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.circumstances import circumstances
from text_classifier.storage import Manifest, sha256_file

RATE_TOLERANCE = 1e-3  # of a probability
_FIGURE_TOLERANCE = 1e-9  # relative: other libraries sum in another order
_NONE = "nothing"
_SHOWN_CHARACTERS = 200
_AROUND_CHARACTERS = 20
_DECIDING = ("environment", "hardware")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a verification; `figures` is how many were compared, 0 for a file by its digest."""

    name: str
    published: str
    derived: str
    is_equal: bool
    figures: int = 0


@dataclass(frozen=True, slots=True)
class Demand:
    """How equal is equal, and why, in words."""

    is_exact: bool
    why: str

    @classmethod
    def of(cls, made_with: Mapping[str, str]) -> Demand:
        """Bitwise equality where `made_with` says that the circumstances were those of this process."""
        here = circumstances()
        other = [name for name in _DECIDING if made_with.get(name) != here[name]]
        if not other:
            return cls(True, "bit for bit, environment and hardware being the same")
        told = " and ".join(f"{name} {'is another' if made_with.get(name) else 'was not noted'}" for name in other)
        return cls(False, f"probabilities within {RATE_TOLERANCE}, as {told}")


def compare_files(folder: Path, manifest: Manifest, place: str) -> list[Check]:
    """Every file of a folder beside the digest that its manifest names."""
    checks = []
    for name, output in sorted(manifest.outputs.items()):
        seen = sha256_file(folder / name) if (folder / name).is_file() else _NONE
        checks.append(Check(f"{place}/{name}", output["sha256"], seen, seen == output["sha256"]))
    return checks


def compare_text(name: str, published: Path, derived: str) -> Check:
    """A text file beside the text that it should have, by their digests."""
    content = published.read_bytes() if published.is_file() else b""
    is_equal = content == derived.encode("utf-8")
    told = "the same text" if is_equal else _first_difference(content.decode("utf-8", "replace"), derived)
    return Check(name, f"{len(content):,} bytes", told, is_equal)


def compare_trees(name: str, published: Any, derived: Any, demand: Demand) -> list[Check]:
    """One check for each leaf of two trees of JSON values that differs, named by its path, and one for all others."""
    left, right = dict(_leaves(published)), dict(_leaves(derived))
    paths = list(left | right)
    off = [path for path in paths if not _same(left.get(path, _NONE), right.get(path, _NONE), demand)]
    told = [Check(f"{name}: {at}", _shown(left.get(at, _NONE)), _shown(right.get(at, _NONE)), False, 1) for at in off]
    others = len(paths) - len(off)
    return [*told, Check(name, f"{others:,} {'other ' if off else ''}figures", "all equal", True, others)]


def compare_tables(name: str, published: pa.Table, derived: pa.Table, demand: Demand) -> list[Check]:
    """One check for each column of two tables; a difference is told by its first row."""
    derived = _as_read(derived)
    columns = dict.fromkeys([*published.column_names, *derived.column_names])
    return [
        _compare_columns(f"{name}: {column}", _column(published, column), _column(derived, column), demand)
        for column in columns
    ]


def _column(table: pa.Table, name: str) -> pa.ChunkedArray[Any] | None:
    return table[name] if name in table.column_names else None


def _compare_columns(
    name: str, left: pa.ChunkedArray[Any] | None, right: pa.ChunkedArray[Any] | None, demand: Demand
) -> Check:
    if left is None or right is None or len(left) != len(right):
        told = [_NONE if side is None else f"{len(side):,} rows" for side in (left, right)]
        return Check(name, told[0], told[1], False)
    off = _differing_rows(left, right, demand)
    if not len(off):
        return Check(name, f"{len(left):,} values", "all equal", True, len(left))
    row = int(off[0])
    derived = f"{_shown(right[row].as_py())}; {len(off):,} rows differ"
    return Check(name, f"row {row + 1}: {_shown(left[row].as_py())}", derived, False, len(left))


def _differing_rows(left: pa.ChunkedArray[Any], right: pa.ChunkedArray[Any], demand: Demand) -> np.ndarray:
    if left.equals(right):
        return np.empty(0, np.int64)
    if pa.types.is_floating(left.type) and pa.types.is_floating(right.type):
        tolerance = 0 if demand.is_exact else RATE_TOLERANCE
        near = np.isclose(left.to_numpy(), right.to_numpy(), rtol=0, atol=tolerance, equal_nan=True)
        return np.flatnonzero(~near)
    pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
    return np.flatnonzero([one != other for one, other in pairs])


def _as_read(table: pa.Table) -> pa.Table:
    """The table as it comes back from a file, with the file's types."""
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return pq.read_table(io.BytesIO(stream.getvalue()))


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, Mapping) and tree:
        for name, value in tree.items():
            yield from _leaves(value, f"{path}.{name}" if path else str(name))
    elif isinstance(tree, Sequence) and not isinstance(tree, str) and tree:
        for at, value in enumerate(tree):
            yield from _leaves(value, f"{path}[{at}]")
    else:
        yield path, tree


def _same(one: Any, other: Any, demand: Demand) -> bool:
    if type(one) is float and type(other) is float and not demand.is_exact:
        return math.isclose(one, other, rel_tol=_FIGURE_TOLERANCE, abs_tol=_FIGURE_TOLERANCE)
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, float) else str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _first_difference(published: str, derived: str) -> str:
    pairs = zip_longest(published.splitlines(keepends=True), derived.splitlines(keepends=True), fillvalue="")
    at, (one, other) = next((n, pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    window = slice(max(same - _AROUND_CHARACTERS, 0), same + 2 * _AROUND_CHARACTERS)
    return f"another text from line {at} on: {other[window]!r}, not {one[window]!r}"
