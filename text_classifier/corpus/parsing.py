"""Lines to records: the standard library's strict CSV reader, made to lose one line per mistake and no more.

A record that breaks the quoting rules, or does not end within the caps, costs its first physical line; reading
goes on with the line after it. What comes out does not depend on where blocks of lines begin and end.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

MAX_RECORD_LINES = 1_000
MAX_RECORD_CHARACTERS = 8 << 20


@dataclass(slots=True)
class Parsed:
    """Records of one block: record i is `rows[i]` and stood in `lines[starts[i]:ends[i]]`.

    `broken`: index of each line set aside -> reason. `consumed`: lines dealt with; the rest may be the beginning
    of a record that goes on in the next block.
    """

    rows: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    broken: dict[int, str] = field(default_factory=dict)
    consumed: int = 0


@contextmanager
def long_fields() -> Iterator[None]:
    """Lifts the csv module's (process-wide) field limit to `MAX_RECORD_CHARACTERS`."""
    before = csv.field_size_limit(MAX_RECORD_CHARACTERS)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def parse(lines: Sequence[str], delimiter: str, *, is_last: bool) -> Parsed:
    """Parse `lines` as far as they are decided; `is_last`: no lines follow, so all of them are."""
    parsed = _parse_fast(lines, delimiter)
    while parsed.consumed < len(lines):
        start = parsed.consumed
        attempt = _Attempt(lines, start)
        reader = csv.reader(attempt, delimiter=delimiter, strict=True)
        try:
            row = next(reader)
        except csv.Error as error:
            if attempt.ran_out and not is_last:
                break
            parsed.broken[start] = str(error)
            parsed.consumed = start + 1
        else:
            parsed.rows.append(row)
            parsed.starts.append(start)
            parsed.consumed = start + reader.line_num
            parsed.ends.append(parsed.consumed)
    return parsed


class _Attempt:
    """The lines that a record beginning at `start` may take; `ran_out`: it asked for more than there are."""

    def __init__(self, lines: Sequence[str], start: int) -> None:
        self._lines, self._start = lines, start
        self.ran_out = False

    def __iter__(self) -> Iterator[str]:
        characters = 0
        for index in range(self._start, min(self._start + MAX_RECORD_LINES, len(self._lines))):
            characters += len(self._lines[index])
            if characters > MAX_RECORD_CHARACTERS and index > self._start:
                return
            yield self._lines[index]
        self.ran_out = self._start + MAX_RECORD_LINES > len(self._lines)


def _parse_fast(lines: Sequence[str], delimiter: str) -> Parsed:
    """Everything before the first mistake, in one run of the reader."""
    parsed = Parsed()
    rows, ends = parsed.rows, parsed.ends
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error:
        pass  # told when the record is tried again on its own
    _cut_at_caps(lines, parsed)
    parsed.consumed = ends[-1] if ends else 0
    parsed.starts = [0, *ends[:-1]] if ends else []
    return parsed


def _cut_at_caps(lines: Sequence[str], parsed: Parsed) -> None:
    if len(parsed.ends) == (parsed.ends[-1] if parsed.ends else 0):
        return  # every record is one line
    for index, (start, end) in enumerate(pairwise([0, *parsed.ends])):
        if end - start == 1:
            continue
        if end - start > MAX_RECORD_LINES or sum(map(len, lines[start:end])) > MAX_RECORD_CHARACTERS:
            del parsed.rows[index:], parsed.ends[index:]
            return
