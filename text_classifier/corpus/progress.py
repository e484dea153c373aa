"""Log lines about long work, every few seconds."""

from __future__ import annotations

import logging
import time

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 5.0
_MEGABYTE = 1e6


class ProgressLog:
    """Counts bytes and logs how far the work is, at most every `INTERVAL_SECONDS`."""

    def __init__(self, what: str, total_bytes: int = 0) -> None:
        self.what = what
        self.total = total_bytes
        self._done = 0
        self._said_at = time.monotonic()

    def update(self, added_bytes: int) -> None:
        self._done += added_bytes
        now = time.monotonic()
        if now - self._said_at >= INTERVAL_SECONDS:
            self._said_at = now
            of_total = f" of {self.total / _MEGABYTE:.1f}" if self.total else ""
            logger.info("%s: %.1f%s MB", self.what, self._done / _MEGABYTE, of_total)
