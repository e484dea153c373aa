"""The header of a delimited file: found by the columns that the contract names, and the delimiter with it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace

from text_classifier.contract.declared.columns import Column
from text_classifier.errors import SourceFormatError

SEARCHED_LINES = 20
_SHOWN_CELLS = 30
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Layout:
    """`positions`: contract column -> index of its field. `header_lines`: lines up to and with the header.

    `rows_above`: indices of the lines above it that have as many fields, so that they may be rows.
    """

    delimiter: str
    width: int
    positions: dict[str, int]
    left_out: tuple[str, ...]  # columns of the file that the contract does not name
    header_lines: int
    rows_above: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    delimiter: str
    line: int  # index
    cells: tuple[str, ...]
    missing: tuple[str, ...]


def find_layout(lines: Sequence[str], delimiters: Sequence[str], columns: Sequence[Column]) -> Layout:
    """The layout under which one of the first `SEARCHED_LINES` lines holds all `columns`, in any order.

    Case and outer space of the names do not matter; aliases count. The earliest line wins, then the order of
    `delimiters`.

    Raises:
        SourceFormatError: no delimiter yields all columns, or one of them stands twice.
    """
    candidates = [
        candidate
        for index, line in enumerate(lines[:SEARCHED_LINES])
        for delimiter in delimiters
        if (candidate := _candidate(line, index, delimiter, columns))
    ]
    if not candidates:
        raise _not_found("the file has no line that could be a header", columns)
    best = min(candidates, key=lambda candidate: len(candidate.missing))
    if best.missing:
        raise SourceFormatError(
            "no delimiter yields the contract's columns",
            where=f"line {best.line + 1}, best candidate {best.delimiter!r}",
            seen=_listed("columns ", best.cells),
            expected=f"also {', '.join(best.missing)}",
            to_do=f"add the missing columns, or use one of the delimiters {' '.join(map(repr, delimiters))}",
        )
    above = (_candidate(line, index, best.delimiter, columns) for index, line in enumerate(lines[: best.line]))
    rows_above = tuple(other.line for other in above if other and len(other.cells) == len(best.cells))
    return replace(_layout(best, columns), rows_above=rows_above)


def _candidate(line: str, index: int, delimiter: str, columns: Sequence[Column]) -> _Candidate | None:
    try:
        cells = tuple(next(csv.reader([line], delimiter=delimiter, strict=True)))
    except csv.Error:
        return None
    if not any(cell.strip() for cell in cells):
        return None
    names = {_normal(cell) for cell in cells}
    missing = tuple(column.name for column in columns if not names & _known_as(column))
    return _Candidate(delimiter, index, cells, missing)


def _layout(found: _Candidate, columns: Sequence[Column]) -> Layout:
    positions: dict[str, int] = {}
    for column in columns:
        places = [place for place, cell in enumerate(found.cells) if _normal(cell) in _known_as(column)]
        if len(places) > 1:
            raise SourceFormatError(
                f"the column {column.name!r} stands more than once in the header",
                where=f"line {found.line + 1}, fields {', '.join(str(place + 1) for place in places[:10])}",
                seen=_listed("", [found.cells[place] for place in places]),
                expected="each column once",
                to_do="rename or remove the other one",
            )
        positions[column.name] = places[0]
    left_out = tuple(cell for place, cell in enumerate(found.cells) if place not in positions.values())
    return Layout(found.delimiter, len(found.cells), positions, left_out, found.line + 1)


def _known_as(column: Column) -> set[str]:
    return {_normal(name) for name in (column.name, *column.aliases)}


def _normal(name: str) -> str:
    return name.strip().casefold()


def _listed(begin: str, cells: Sequence[str]) -> str:
    """`begin` and the first cells of a header, cut to what a message can hold."""
    text = begin + ", ".join(repr(cell[:_SHOWN_CHARACTERS]) for cell in cells[:_SHOWN_CELLS])
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 4]} ..."


def _not_found(what: str, columns: Sequence[Column]) -> SourceFormatError:
    return SourceFormatError(
        what,
        seen=f"nothing but blank or unreadable lines in the first {SEARCHED_LINES}",
        expected="a line with the columns " + ", ".join(column.name for column in columns),
        to_do="name another file",
    )
