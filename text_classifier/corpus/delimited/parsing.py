"""One record at a time, by the standard library's strict CSV reader: for what is irregular, and to say what is wrong.

A record that breaks the quoting rules is set aside. How many lines it costs is a judgement: a quote that nobody
closed swallows good rows, and garbage behind a closed one leaves lines that are parts of a row; the first must
cost its line only, of the second nothing may pass for a row. Where both may be meant, the last line decides.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from text_classifier.corpus.delimited.boundaries import Boundaries, Dialect

if TYPE_CHECKING:
    from _csv import Reader as _Reader

MAX_RECORD_BYTES = 8 << 20
_UNCLOSED = "a quote is opened and not closed"


@dataclass(frozen=True, slots=True)
class Record:
    """What stands in `lines` physical lines from where it was asked for: `fields`, or a fault as rule and reason.

    A blank line has neither.
    """

    lines: int
    fields: tuple[str, ...] = ()
    rule: str = ""
    reason: str = ""


class TooLongError(Exception):
    """The record does not end within `MAX_RECORD_BYTES`."""


@contextmanager
def long_fields() -> Iterator[None]:
    """Lifts the csv module's (process-wide) field limit to `MAX_RECORD_BYTES`."""
    before = csv.field_size_limit(MAX_RECORD_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)


class RecordReader:
    """Reads single records of a buffer.

    Args:
        width: fields of a whole record.
    """

    def __init__(self, boundaries: Boundaries, width: int, encoding: str) -> None:
        self.boundaries, self.width, self.encoding = boundaries, width, encoding
        self.dialect = boundaries.dialect

    def read_many(self, start: int, lines: int) -> list[Record]:
        """The records among the next `lines` lines that these lines decide; none where the first needs more of them."""
        index = int(self.boundaries.lines_before(start))
        ends = self.boundaries.line_ends[index : index + lines]
        ends = ends[ends - start <= MAX_RECORD_BYTES]
        if not len(ends):
            return []
        text = self.boundaries.data[start : int(ends[-1])].decode("utf-8", "surrogateescape")
        return list(self._many(io.StringIO(text, newline="").readlines(), is_clean=is_decodable(text)))

    def _many(self, lines: list[str], *, is_clean: bool) -> Iterator[Record]:
        escaped = [_with_kept_escapes(line, self.dialect) for line in lines]
        taken = 0
        while taken < len(lines):
            rest = _Rest(escaped, taken)
            reader = _reader(rest, self.dialect)
            try:
                for fields in reader:
                    if is_clean and len(fields) == self.width:
                        record = Record(rest.position - taken, tuple(fields))
                    else:
                        record = self._read(lines[taken : rest.position], tuple(fields))
                    yield record
                    taken += record.lines
                    if taken != rest.position:
                        break
            except csv.Error as error:
                if rest.ran_out:
                    return
                record = self._broken(lines[taken : rest.position], str(error))
                yield record
                taken += record.lines

    def read(self, start: int) -> Record | None:
        """The record that begins with the physical line at byte `start`; None where it is decided by what follows.

        Raises:
            TooLongError: it does not end within the limit.
        """
        attempt = _Attempt(self.boundaries, start)
        try:
            fields = next(_reader(attempt, self.dialect))
        except (csv.Error, StopIteration) as error:
            if not attempt.ran_out:
                return self._broken(attempt.lines, str(error))
            return Record(1, rule="quote", reason=_UNCLOSED) if self.boundaries.is_last else None
        return self._read(attempt.lines, tuple(fields))

    def _read(self, lines: Sequence[str], fields: tuple[str, ...]) -> Record:
        if not fields:
            return Record(1)
        if not is_decodable("".join(lines)):
            return Record(len(lines), rule="encoding", reason=f"bytes that are not {self.encoding}")
        if len(fields) == self.width:
            return Record(len(lines), fields)
        plain = [_without_escapes(line, self.dialect) for line in lines]
        whole = self._are_whole(plain[1:])
        if self._is_row_but_for_quotes(plain[0]) and whole and all(whole):
            return Record(1, rule="quote", reason=_UNCLOSED)
        return Record(len(lines), rule="width", reason=wrong_width(len(fields), self.width))

    def _broken(self, lines: Sequence[str], error: str) -> Record:
        if len(lines) > 1 and self._is_unclosed([_without_escapes(line, self.dialect) for line in lines]):
            return Record(1, rule="quote", reason=_UNCLOSED)
        return Record(len(lines), rule="quote", reason=error)

    def _is_unclosed(self, lines: Sequence[str]) -> bool:
        """Whether the quote that breaks a record of several lines, without escapes, opens a field of another row."""
        broken = _broken_field("".join(lines), self.dialect.delimiter)
        if broken.opens_another:
            return True
        if broken.fields == self.width != 1 + lines[-1].count(self.dialect.delimiter):
            return False  # the last line completes the record, and is no row without it
        if self._is_row_but_for_quotes(lines[0]) and self._is_row_with_a_quote(lines[-1]):
            return all(self._are_whole(lines[1:-1]))
        whole = self._are_whole(lines[1:])
        return self._is_row_but_for_quotes(lines[0]) and len(whole) > 1 and 2 * sum(whole) >= len(whole)

    def _is_row_but_for_quotes(self, line: str) -> bool:
        return line.count(self.dialect.delimiter) >= self.width - 1

    def _is_row_with_a_quote(self, line: str) -> bool:
        """Whether it has as many fields as a row, quotes taken as they stand; of few fields that says little."""
        return self.width > 2 and 1 + line.count(self.dialect.delimiter) == self.width

    def _are_whole(self, lines: Sequence[str]) -> list[bool]:
        """For each line whether it is a row by itself; blank lines, and those that leave a quote open, do not count.

        An odd number of quotes closes a field that began in a line above.
        """
        widths = ((self._width(line), line.count('"') % 2 == 0) for line in lines)
        return [is_paired and width == self.width for width, is_paired in widths if width]

    def _width(self, line: str) -> int:
        try:
            return len(next(_reader([line], Dialect(self.dialect.delimiter))))
        except csv.Error:
            return 0


def wrong_width(seen: int, expected: int) -> str:
    return f"{seen} fields where the header has {expected}"


def is_decodable(text: str) -> bool:
    """Whether no byte of `text` was unknown to its encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Rest:
    """Lines from `position` on, handed out one by one; `ran_out`: more was asked for than there is."""

    def __init__(self, lines: Sequence[str], position: int) -> None:
        self._lines, self.position = lines, position
        self.ran_out = False

    def __iter__(self) -> _Rest:
        return self

    def __next__(self) -> str:
        if self.position == len(self._lines):
            self.ran_out = True
            raise StopIteration
        self.position += 1
        return self._lines[self.position - 1]


class _Attempt:
    """The physical lines from `start`, handed out one by one; `ran_out`: more was asked for than there is."""

    def __init__(self, boundaries: Boundaries, start: int) -> None:
        self._boundaries, self._start = boundaries, start
        self.lines: list[str] = []
        self.ran_out = False

    def __iter__(self) -> Iterator[str]:
        start, index = self._start, int(self._boundaries.lines_before(self._start))
        ends = self._boundaries.line_ends
        for end in map(int, ends[index:]):
            if end - self._start > MAX_RECORD_BYTES:
                raise TooLongError
            self.lines.append(self._boundaries.data[start:end].decode("utf-8", "surrogateescape"))
            yield _with_kept_escapes(self.lines[-1], self._boundaries.dialect)
            start = end
        self.ran_out = True


def _reader(lines: _Attempt | _Rest | list[str], dialect: Dialect) -> _Reader:
    return csv.reader(lines, delimiter=dialect.delimiter, escapechar=dialect.escape or None, strict=True)


def _with_kept_escapes(line: str, dialect: Dialect) -> str:
    """The line with every escape doubled that stands before an ordinary character: the csv module would drop it."""
    if not dialect.escape or dialect.escape not in line:
        return line
    special = {dialect.escape, dialect.delimiter, '"', "\n", "\r"}

    def kept(pair: re.Match[str]) -> str:
        if pair[1] == "\r\n":
            return f"{dialect.escape}\r{dialect.escape}\n"
        return pair[0] if pair[1] in special else dialect.escape + pair[0]

    return re.sub(re.escape(dialect.escape) + "(\r\n|.?)", kept, line, flags=re.DOTALL)


def _without_escapes(line: str, dialect: Dialect) -> str:
    """The line with ordinary characters for every escape and what it takes the meaning from, but for line ends."""
    if not dialect.escape or dialect.escape not in line:
        return line
    return re.sub(re.escape(dialect.escape) + r"([^\r\n]?)", "xx", line)


@dataclass(frozen=True, slots=True)
class _BrokenField:
    """The field whose quote ends against the rules.

    Attributes:
        opens_another: that quote stands where a field would begin.
        fields: of the whole record, if what follows the quote belongs to its field.
    """

    opens_another: bool
    fields: int


def _broken_field(text: str, delimiter: str) -> _BrokenField:
    """The first broken field of a record."""
    separator = re.escape(delimiter)
    field = re.compile(rf'"(?:[^"]++|"")*+"(?={separator}|[\r\n])|(?!")[^{separator}\r\n]*+')
    position = fields = 0
    while position <= len(text) and (found := field.match(text, position)) is not None:
        position, fields = found.end() + 1, fields + 1
    closing = re.compile(r'"(?:[^"]++|"")*+"').match(text, position)
    if closing is None:
        return _BrokenField(opens_another=False, fields=0)
    opens_another = text[: closing.end()].rstrip('"')[-1:] in {delimiter, "\n", "\r"}
    return _BrokenField(opens_another, fields + 1 + text.count(delimiter, closing.end()))
