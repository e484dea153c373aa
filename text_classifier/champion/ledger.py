"""`ledger.jsonl`, one line for each comparison and order, and `champion.json`, the pointer that readers follow.

The line is written first and the pointer moved after it; whoever opens the ledger next moves a pointer that a killed
run has left behind. Both files are renamed into their places, so that nobody reads half of one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from pydantic import TypeAdapter

from text_classifier import storage
from text_classifier.champion.old_lines import converted
from text_classifier.comparison import Comparison
from text_classifier.errors import DamagedOutputError
from text_classifier.training.model_folder import WEIGHTS_FILE

LEDGER, POINTER = "ledger.jsonl", "champion.json"

_LINE = TypeAdapter(Comparison)


def champion_dir(data_dir: Path, data_set: str, label: str) -> Path:
    return data_dir / "champions" / data_set / label


def model_dir(data_dir: Path, data_set: str, run: str) -> Path:
    return data_dir / "models" / data_set / run


def read_ledger(folder: Path) -> list[Comparison]:
    """Every line so far, oldest first; those of earlier versions are converted.

    Raises:
        DamagedOutputError: a line cannot be read.
    """
    path = folder / LEDGER
    if not path.exists():
        return []
    try:
        written = [line for line in path.read_text("utf-8").split("\n") if line.strip()]
        return [_LINE.validate_python(converted(json.loads(line))) for line in written]
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedOutputError(
            "the ledger of comparisons cannot be read",
            where=str(path),
            seen=f"{type(error).__name__}: {error}",
            expected="one JSON object per line, as `promote` writes them",
            to_do="restore the file from a backup, or remove the broken line",
        ) from error


def put_in_service(ledger: Sequence[Comparison]) -> list[str]:
    """The model in service, last, and before it those that a roll back would put back, the nearest last."""
    runs: list[str] = []
    for line in ledger:
        if line.kind in {"roll back", "undone"}:
            del runs[-1:]
        elif line.is_promoted:
            runs.append(line.run)
    return runs


def champion_run(ledger: Sequence[Comparison]) -> str | None:
    """Run of the model in service, or None."""
    return next(reversed(put_in_service(ledger)), None)


class Ledger:
    """The ledger of a data set and label while nobody else writes to it.

    Attributes:
        folder: where it stands.
        lines: oldest first.
    """

    def __init__(self, folder: Path, data_dir: Path) -> None:
        self.folder, self.lines = folder, read_ledger(folder)
        self._data_dir = data_dir
        if not self.lines and (run := _pointed_at(folder / POINTER)):
            raise DamagedOutputError(
                "the ledger of comparisons is lost, and a model is in service",
                where=str(folder / LEDGER),
                seen=f"no line, while {POINTER} names {run}",
                expected="the line that put it in service",
                to_do=f"restore the file from a backup; or move {POINTER} away, and put {run} in service by promote",
            )
        with suppress(DamagedOutputError):  # a model whose files are gone stays in service until a person decides
            self._point()

    @property
    def champion(self) -> str | None:
        return champion_run(self.lines)

    def add(self, line: Comparison) -> None:
        """Write a line, and move the pointer where it changes the model in service."""
        written = (self.folder / LEDGER).read_text("utf-8") if self.lines else ""
        with storage.output_file(self.folder / LEDGER) as partial:
            partial.write_text(written + json.dumps(asdict(line)) + "\n", "utf-8")
        self.lines.append(line)
        self._point()

    def _point(self) -> None:
        run, pointer = self.champion, self.folder / POINTER
        if run is None:
            pointer.unlink(missing_ok=True)
        elif run != _pointed_at(pointer):
            folder = model_dir(self._data_dir, self.folder.parent.name, run)
            content = {
                "run": run,
                "model": folder.relative_to(self._data_dir).as_posix(),
                "weights_sha256": storage.read_manifest(folder).outputs[WEIGHTS_FILE]["sha256"],
            }
            with storage.output_file(pointer) as partial:
                partial.write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf-8")


@contextmanager
def opened(data_dir: Path, data_set: str, label: str) -> Iterator[Ledger]:
    """The ledger of `data_set` and `label`; whoever wants it meanwhile, thread or process, waits.

    Raises:
        DamagedOutputError: a line cannot be read.
    """
    folder = champion_dir(data_dir, data_set, label)
    with storage.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        yield Ledger(folder, data_dir)


def now() -> str:
    """ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _pointed_at(pointer: Path) -> str | None:
    """The run that the pointer names; None where it cannot be read."""
    try:
        return str(json.loads(pointer.read_text("utf-8"))["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
