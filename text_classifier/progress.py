"""Log lines about long work, every few seconds."""

from __future__ import annotations

import logging
import time
from typing import Literal

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 5.0
MEGABYTE = 1_000_000


class ProgressLog:
    """Counts and logs how far the work is, at most every `INTERVAL_SECONDS`; bytes are shown as megabytes."""

    def __init__(self, what: str, total: int = 0, unit: Literal["bytes", "rows"] = "bytes") -> None:
        self.what, self.total, self.unit = what, total, unit
        self._done = 0
        self._said_at = time.monotonic()

    def update(self, added: int) -> None:
        self._done += added
        now = time.monotonic()
        if now - self._said_at >= INTERVAL_SECONDS:
            self._said_at = now
            of_total = f" of {self._shown(self.total)}" if self.total else ""
            unit = "MB" if self.unit == "bytes" else self.unit
            logger.info("%s: %s%s %s", self.what, self._shown(self._done), of_total, unit)

    def _shown(self, count: int) -> str:
        return f"{count / MEGABYTE:.1f}" if self.unit == "bytes" else f"{count:,}"
