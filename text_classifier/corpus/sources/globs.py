"""The newest of the files that fit a pattern, and the names of those that nobody ingested."""

from __future__ import annotations

import heapq
import logging
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from text_classifier.corpus.sources.marks import Fetched, Mark, mark_of, newest, shown
from text_classifier.errors import SourceNotFoundError

logger = logging.getLogger(__name__)

NAMED_AT_MOST = 20
_IS_PATTERN = re.compile(r"[*?\[]")
_CLOCKS_DIFFER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The file that a source names, and what else fits its pattern."""

    chosen: Mark
    others: tuple[Mark, ...] = ()


def is_pattern(source: str) -> bool:
    """Whether `source` holds a character that stands for others."""
    return _IS_PATTERN.search(source) is not None


def choose(pattern: str, marks: Sequence[Mark]) -> Choice:
    """The newest of one or more. One from the future is told: it keeps winning over everything that comes."""
    chosen = newest(marks)
    if chosen.modified > time.time() + _CLOCKS_DIFFER_SECONDS:
        logger.warning(
            "%s was modified in the future (%s): until then it wins over every newer file that fits %s; "
            "to do: set its time right, such as with touch",
            shown(chosen.address),
            time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(chosen.modified)),
            shown(pattern),
        )
    elif len(marks) > 1 and not chosen.modified:
        logger.warning("no times are known of what fits %s: the last by name is taken", shown(pattern))
    return Choice(chosen, tuple(mark for mark in marks if mark is not chosen))


def chosen_file(data_set: str, pattern: str) -> Choice:
    """The newest regular file that fits a pattern of this machine; `path` of each mark is where it was found.

    Names that begin with a dot fit only where a part of the pattern does too, so that nothing half-copied is taken.

    Raises:
        SourceNotFoundError: none fits.
    """
    folder, rest = _cut(Path(pattern).expanduser())
    by_address: dict[str, Mark] = {}
    try:
        for path in sorted(_fitting(folder, rest)):
            mark = mark_of(path)
            if mark is not None:
                by_address[mark.address] = mark
    except (ValueError, re.error, OSError) as error:
        raise nothing_fits(data_set, pattern, str(error), str(folder)) from error
    if not by_address:
        raise nothing_fits(data_set, pattern, _content(folder), str(folder))
    return choose(pattern, list(by_address.values()))


def warn_of_left_out(shown_data_set: str, pattern: str, others: Sequence[Mark], fetched: Fetched) -> None:
    """One line of log with the others that were never ingested, newest first; none where all were."""
    left_out = [mark for mark in others if not fetched.holds(mark)]
    if not left_out:
        return
    left_out.sort(key=lambda mark: (mark.modified, mark.address), reverse=True)
    more = f" and {len(left_out) - NAMED_AT_MOST} more" if len(left_out) > NAMED_AT_MOST else ""
    logger.warning(
        "%s: only the newest file that fits %s is read; never ingested: %d others: %s%s; to do: name one as `source` "
        "to ingest it, join the files where all their rows are wanted, or move away what is not",
        shown_data_set,
        shown(pattern),
        len(left_out),
        ", ".join(shown(mark.address) for mark in left_out[:NAMED_AT_MOST]),
        more,
    )


def nothing_fits(data_set: str, pattern: str, seen: str, folder: str) -> SourceNotFoundError:
    return SourceNotFoundError(
        "no file fits the pattern",
        where=shown(pattern[:200]),
        seen=f"in {shown(folder[:200])}: {seen}",
        expected="at least one file whose name fits; *, ? and [ stand for others, ** for folders",
        to_do=f"correct the parameter `source` or TEXT_CLASSIFIER_{data_set.upper()}, or deliver the file",
    )


def names_in_short(names: Sequence[str], count: int) -> str:
    """The first names of `count`, for a message."""
    if not count:
        return "nothing"
    first = ", ".join(shown(name) for name in names[:NAMED_AT_MOST])
    return first if count <= NAMED_AT_MOST else f"{first} and {count - NAMED_AT_MOST:,} more"


def _cut(pattern: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder up to the first part that stands for others, and the parts from there on."""
    at = next(index for index, part in enumerate(pattern.parts) if is_pattern(part))
    rest = pattern.parts[at:]
    return Path(*pattern.parts[:at]), (*rest, "*") if rest[-1] == "**" else rest


def _fitting(folder: Path, rest: tuple[str, ...]) -> Iterator[Path]:
    wants_hidden = any(part.startswith(".") for part in rest)
    for path in folder.glob("/".join(rest)):
        if wants_hidden or not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _content(folder: Path) -> str:
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError as error:
        return error.strerror or str(error)
    return names_in_short(heapq.nsmallest(NAMED_AT_MOST, names), len(names))
