"""Where the steps of a run find and put their outputs: what stands undamaged is reused, the rest made once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from text_classifier import storage
from text_classifier.records import Making

logger = logging.getLogger(__name__)

LOCKS = ".locks"
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Store:
    """The data root as one run sees it.

    Attributes:
        data_dir: the data root.
        run: who asks; recorded in the manifest of everything that is made.
        refresh: make every output anew, also where an undamaged one could be reused.
    """

    data_dir: Path
    run: str = ""
    refresh: bool = False

    def make(self, folder: Path, planned: storage.Manifest, fill: Callable[[Path], dict[str, Any]]) -> Making:
        """See that `folder` holds the whole output that `planned` describes.

        `fill` writes its files into the folder that it is given and returns the facts for the manifest. It is not
        called when the output stands and every file of it has the digest that its manifest names. Of several runs
        that want the same output at once, one makes it and the others wait.
        """
        with self.alone(planned):
            if not self.refresh and storage.is_reusable(folder, planned):
                return self.reused(folder)
            facts: dict[str, Any] = {}
            with storage.output_folder(folder, self.signed(planned), facts) as partial:
                facts |= fill(partial)
            return Making(self.run, storage.read_manifest(folder).created_at)

    def reused(self, folder: Path) -> Making:
        """The making of an output that stands, after the log has named the run that it came from."""
        manifest = storage.read_manifest(folder)
        making = Making(manifest.run, manifest.created_at, is_reused=True)
        log_reused(folder, making)
        return making

    def signed(self, planned: storage.Manifest) -> storage.Manifest:
        """`planned`, made by this run."""
        return replace(planned, run=self.run)

    @contextmanager
    def alone(self, planned: storage.Manifest) -> Iterator[None]:
        """Keeps every other run, thread and process from making the same output meanwhile."""
        name = f"{planned.kind}-{planned.fingerprint[: storage.DIGEST_CHARACTERS]}"
        with self._locked(name, f"another run is making the same {planned.kind}"):
            yield

    @contextmanager
    def only_run_of(self, data_set: str) -> Iterator[None]:
        """Lets one run of a data set work at a time, wherever the others come from; they wait."""
        with self._locked(f"run-{data_set}", f"another run of {data_set} is on"):
            yield

    @contextmanager
    def _locked(self, name: str, reason: str) -> Iterator[None]:
        """The operating system frees the lock of a process that ends, however it ends."""
        place = self.data_dir / LOCKS
        lock = FileLock(place / f"{name}.lock")
        with storage.writing(place):
            place.mkdir(parents=True, exist_ok=True)
            _acquire(lock, reason)
        try:
            yield
        finally:
            lock.release()


def log_reused(path: Path, making: Making) -> None:
    """Name the run that an output came from."""
    logger.info("reused %s, made by %s at %s", path, making.run or "an unnamed run", making.at)


def mark_latest(folder: Path) -> None:
    """Note `folder` as the one among its neighbours that a run made or reused last."""
    with storage.output_file(folder.parent / LATEST) as partial:
        partial.write_text(f"{folder.name}\n", "utf-8")


def latest_of(finished: Mapping[Path, storage.Manifest]) -> Path:
    """Of finished folders beside each other the one made or reused last; where that is not noted, the one made last."""
    newest = max(finished, key=lambda folder: (finished[folder].created_at, folder.name))
    name = marked_latest(newest.parent)
    return next((folder for folder in finished if folder.name == name), newest)


def marked_latest(place: Path) -> str:
    """The name that `mark_latest` noted last among the folders of `place`; "" where none is."""
    try:
        return (place / LATEST).read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def unmark_latest(folder: Path) -> None:
    """Note that none of the neighbours of `folder` is the latest."""
    (folder.parent / LATEST).unlink(missing_ok=True)


def _acquire(lock: FileLock, reason: str) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.info("%s: waiting for it", reason)
        lock.acquire()
