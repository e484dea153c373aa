"""Checkpoints of a training that is under way: the last two, each whole, each known by its digest."""

from __future__ import annotations

import hashlib
import io
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from text_classifier import storage

logger = logging.getLogger(__name__)

SHARE = 0.005
"""Of the time of a training that goes into checkpoints: the next one waits for 200 times what the last one took."""

_KEPT = 2
_SUFFIX = ".ckpt"


class Checkpoints:
    """The checkpoints in a folder that no other process writes to meanwhile.

    A file's name says where the training stood (epochs finished, steps into the next), so that names are in the order
    of the training, and the SHA-256 of its bytes, so that a damaged one is recognised. Nothing in it is code.
    """

    def __init__(self, folder: Path, circumstances: Mapping[str, str], share: float = SHARE) -> None:
        self._folder, self._circumstances, self._share = folder, dict(circumstances), share
        self._due = 0.0

    @property
    def newest(self) -> Path | None:
        """The last one that was written; None before the first."""
        return max(self._folder.glob(f"*{_SUFFIX}"), default=None)

    @property
    def are_due(self) -> bool:
        """Whether training has gone on for long enough, without a checkpoint, to afford one."""
        return time.perf_counter() >= self._due

    def write(self, state: Mapping[str, Any]) -> None:
        """Keep `state`: tensors, numbers, names, lists and mappings of them, its `course` as `Course.as_kept` gives it.

        Raises:
            OutputUnwritableError: the folder cannot be written or the disk is full; the earlier ones stand.
        """
        started = time.perf_counter()
        buffer = io.BytesIO()
        torch.save({**state, "circumstances": self._circumstances}, buffer)
        content = buffer.getbuffer()
        course = state["course"]
        place = f"{course['epoch']:04d}-{course['step']:08d}"
        path = self._folder / f"{place}-{hashlib.sha256(content).hexdigest()}{_SUFFIX}"
        with storage.output_file(path) as partial:
            partial.write_bytes(content)
        for older in sorted(self._folder.glob(f"*{_SUFFIX}"))[:-_KEPT]:
            older.unlink()
        now = time.perf_counter()
        self._due = now + (now - started) / self._share
        logger.debug("checkpoint %s: %d bytes, %.3f seconds", path.name, len(content), now - started)

    def read(self) -> dict[str, Any] | None:
        """The newest state from which this process may go on; what is newer than that is removed, and the log says why.

        A damaged checkpoint is passed over. So is one that was made under other circumstances (processor, threads,
        versions): the training would end with weights that no machine could derive again.
        """
        for unfinished in self._folder.glob(".*.partial"):  # of a process that was killed while it wrote
            unfinished.unlink()
        while path := self.newest:
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != path.stem.rpartition("-")[2]:
                logger.warning("passed over a damaged checkpoint: %s", path)
            else:
                state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
                if state["circumstances"] == self._circumstances:
                    return state
                logger.warning("passed over %s: %s", path, self._differing(state["circumstances"]))
            path.unlink()
        return None

    def _differing(self, seen: Mapping[str, str]) -> str:
        told = (
            f"{name} was {seen.get(name)!r} and is {now!r}"
            for name, now in self._circumstances.items()
            if seen.get(name) != now
        )
        return "; ".join(told)


def random_states(device: torch.device) -> dict[str, torch.Tensor]:
    """Where torch's random numbers stand, on the CPU and on `device`: what dropout draws from."""
    states = {"cpu": torch.get_rng_state()}
    return states | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def set_random_states(states: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Let torch's random numbers go on from `random_states`."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
