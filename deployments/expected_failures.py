"""What the log says of a failure that the domain foresaw: its message, without the traceback that would bury it."""

from __future__ import annotations

import logging

from text_classifier.errors import TextClassifierError


class WithoutTraceback(logging.Filter):
    """Takes the traceback off records about a `TextClassifierError`; every other record stays as it is."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], TextClassifierError):
            record.exc_info = record.exc_text = None
        return True
