"""Text from outside made safe to show: on one line, of bounded length, without tags and control characters."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from numbers import Integral, Real

Cell = str | int | float | bool | None

CELL_CHARACTERS = 300
WORD_CHARACTERS = 40
TABLE_ROWS = 500
_LARGEST_BROWSER_INTEGER = 2**53 - 1
_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")
_BIDI_CONTROL = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_NOT_SHOWABLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "`": "'", "[": "(", "]": ")", "|": "¦"})
_MARKDOWN_SYMBOL = re.compile(r"([\\`*_{}\[\]()#+!|~$:@-]|(?<=www)\.)", re.IGNORECASE)  # "www." alone makes a link


def showable(text: str) -> str:
    """The text with whatever a page cannot carry made visible.

    Control characters and lone surrogates become U+FFFD; characters that would turn the direction of the
    text around them are named, such as "[U+202E]".
    """
    named = _BIDI_CONTROL.sub(lambda match: f"[U+{ord(match.group()):04X}]", text)
    return _NOT_SHOWABLE.sub("\ufffd", named)


def whole_line(text: str) -> str:
    """`showable` text with every run of white space as one space, none at its ends."""
    return " ".join(showable(text).split())


def one_line(text: str, max_characters: int) -> str:
    """The `whole_line` of a text, of at most `max_characters`; a cut ends with an ellipsis."""
    line = whole_line(text)
    return line if len(line) <= max_characters else line[: max_characters - 1].rstrip() + "…"


def table_cell(value: object) -> Cell:
    """The value as the dashboard's table can show it: finite numbers as they are, all else as clean text.

    Tags are taken out, words longer than WORD_CHARACTERS are cut (they would push the other columns off the
    page), and signs that the older dashboard would read as markdown links or code lose their meaning.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value) if abs(int(value)) <= _LARGEST_BROWSER_INTEGER else str(int(value))
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else str(float(value))
    return _clean_text(str(value))


def table_rows(rows: Sequence[Mapping[str, object]]) -> list[dict[str, Cell]]:
    """Rows of `table_cell`s that all have the same columns, in the order of first appearance."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return [{column: table_cell(row.get(column)) for column in columns} for row in rows]


def cut_table(rows: Sequence[Mapping[str, object]], description: str) -> tuple[list[dict[str, Cell]], str]:
    """The first TABLE_ROWS of the `table_rows`, and a description that says so when there are more."""
    shown = table_rows(rows[:TABLE_ROWS])
    if len(rows) <= TABLE_ROWS:
        return shown, description
    return shown, f"{description.rstrip('.')}. Only the first {TABLE_ROWS:,} of {len(rows):,} rows are shown."


def markdown_text(text: str, max_characters: int = CELL_CHARACTERS) -> str:
    """One line that Markdown shows letter by letter, also inside a table's cell."""
    line = one_line(text, max_characters)
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN_SYMBOL.sub(r"\\\1", escaped)


def artifact_key(*parts: str) -> str:
    """The parts joined into a key of the dashboard: lower-case letters, digits and single dashes."""
    joined = unicodedata.normalize("NFKD", "-".join(parts)).encode("ascii", "ignore").decode()
    key = re.sub(r"[^a-z0-9]+", "-", joined.lower()).strip("-")
    if not key:
        raise ValueError(f"an artifact key needs a letter or a digit, seen: {parts!r}")
    return key


def _clean_text(text: str) -> str:
    words = (one_line(word, WORD_CHARACTERS) for word in _TAG.sub(" ", text).split())
    return one_line(" ".join(words), CELL_CHARACTERS).translate(_HARMLESS)
