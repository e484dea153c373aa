"""What of a wrongly answered text is shown: how it begins, and the words that moved the model, marked where they stand.

The text is cleaned first, as a whole, and the marks follow it; then it is cut, which moves marks by a known number of
characters. So a mark is right in the very string that is shown, whatever the text holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from text_classifier.evaluation.predictions import class_indices
from text_classifier.showable import one_line, whole_line
from text_classifier.training import MovingWord

SHOWN_ERRORS = 200
EXCERPT_CHARACTERS = 400
_OPENING_CHARACTERS = 80
_AROUND_CHARACTERS = 35
_WORD_CHARACTERS = 60  # of a marked word that is longer, only the beginning is shown
_LEFT_OUT, _CUT = " … ", "…"
_MARKS = pa.list_(pa.struct({"start": pa.int32(), "end": pa.int32(), "weight": pa.float32()}))

ClassIds = npt.NDArray[np.int64]
Explain = Callable[[Sequence[str], ClassIds, ClassIds], Sequence[Sequence[MovingWord]]]
"""Of N raw texts, with their true and their predicted classes (N,): the words that moved the model."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line of a text; `marks` are places in that line, in order and apart from each other."""

    text: str
    marks: list[MovingWord]


class Piece(NamedTuple):
    """A stretch of an excerpt: a word that moved the model, or with `weight` None the text between two."""

    text: str
    weight: float | None


class _Window(NamedTuple):
    start: int
    end: int


def with_excerpts(errors: pa.Table, class_names: Sequence[str], explain: Explain | None) -> pa.Table:
    """An `error_table` with `excerpt` and `marks` in place of its `text`.

    The first SHOWN_ERRORS rows are explained; in the others, and where nobody explains, `marks` is null.
    """
    texts = [str(text) for text in errors["text"].to_pylist()]
    explained = errors.slice(0, SHOWN_ERRORS if explain else 0)
    true, predicted = (class_indices(explained[name], class_names) for name in ("label", "prediction"))
    words = explain(texts[: len(true)], true, predicted) if explain else []
    excerpts = [excerpt(text, moving) for text, moving in zip(texts, words, strict=False)]
    plain = [one_line(text, EXCERPT_CHARACTERS) for text in texts[len(excerpts) :]]
    marks: list[list[dict[str, Any]] | None] = [[asdict(mark) for mark in one.marks] for one in excerpts]
    return (
        errors.drop_columns("text")
        .append_column("excerpt", pa.array([one.text for one in excerpts] + plain, pa.string()))
        .append_column("marks", pa.array(marks + [None] * len(plain), _MARKS))
    )


def excerpt(text: str, words: Sequence[MovingWord], max_characters: int = EXCERPT_CHARACTERS) -> Excerpt:
    """The text on one line of at most `max_characters`, with the `words` of it that are shown.

    A longer text shows its opening and, as far as there is room, its strongest words with what stands around them; the
    strongest is always there.
    """
    marks = [mark for word in words if (mark := _on_line(text, word))]
    line = whole_line(text)
    if not marks or len(line) <= max_characters:
        return Excerpt(one_line(text, max_characters), marks)
    return _cut(line, marks, _windows(line, marks, max_characters))


def pieces(excerpt: str, marks: Sequence[Mapping[str, Any]] | None) -> list[Piece]:
    """The excerpt in marked and unmarked stretches, none of them empty."""
    stretches, at = [], 0
    for mark in marks or ():
        stretches.append(Piece(excerpt[at : mark["start"]], None))
        stretches.append(Piece(excerpt[mark["start"] : mark["end"]], mark["weight"]))
        at = mark["end"]
    return [piece for piece in (*stretches, Piece(excerpt[at:], None)) if piece.text]


def _on_line(text: str, word: MovingWord) -> MovingWord | None:
    """The word in the `whole_line` of its text; None if nothing of it can be seen."""
    start = len(whole_line(text[: word.start] + "x")) - 1
    end = len(whole_line(text[: word.end]))
    start += whole_line(text[: word.end])[start : start + 1] == " "
    return replace(word, start=start, end=end) if start < end else None


def _windows(line: str, marks: Sequence[MovingWord], max_characters: int) -> list[_Window]:
    """Which parts of the line to show, in order and apart: the opening, then word by word, the strongest first."""
    opening = _up_to_space(line, 0, min(_OPENING_CHARACTERS, max_characters // 4))
    windows = [_Window(0, opening)]
    for mark in sorted(marks, key=lambda mark: -abs(mark.weight)):
        more = _merged([*windows, _around(line, mark)])
        if _shown_characters(more) <= max_characters:
            windows = more
    spare = max_characters - _shown_characters(windows)
    return _merged([*windows, _Window(0, _up_to_space(line, opening, windows[0].end + spare))])


def _around(line: str, mark: MovingWord) -> _Window:
    """The mark with whole words on both sides, where words are short enough."""
    first = max(mark.start - _AROUND_CHARACTERS, 0)
    space = line.find(" ", first - 1, mark.start) if first else -1
    start = space + 1 if space >= 0 else first
    last = min(mark.end, mark.start + _WORD_CHARACTERS)
    return _Window(start, _up_to_space(line, last, last + _AROUND_CHARACTERS))


def _up_to_space(line: str, first: int, last: int) -> int:
    """The last position from `first` to `last` at which no word is cut, else `last`."""
    if last >= len(line):
        return len(line)
    space = line.rfind(" ", first, last + 1)
    return space if space >= 0 else last


def _merged(windows: Sequence[_Window]) -> list[_Window]:
    """The windows in order; those with no more between them than would stand for it are one."""
    merged: list[_Window] = []
    for window in sorted(windows):
        if merged and window.start <= merged[-1].end + len(_LEFT_OUT):
            merged[-1] = _Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged


def _shown_characters(windows: Sequence[_Window]) -> int:
    between = len(_LEFT_OUT) * (len(windows) - 1)
    return sum(window.end - window.start for window in windows) + between + len(_CUT)


def _cut(line: str, marks: Sequence[MovingWord], windows: Sequence[_Window]) -> Excerpt:
    text, kept = "", []
    for window in windows:
        text += _LEFT_OUT if text else ""
        shift = len(text) - window.start
        text += line[window.start : window.end]
        for mark in marks:
            start, end = max(mark.start, window.start), min(mark.end, window.end)
            if start < end:
                kept.append(replace(mark, start=start + shift, end=end + shift))
    return Excerpt(text if windows[-1].end == len(line) else text + _CUT, kept)
