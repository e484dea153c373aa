"""One file from an http(s) address."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pooch
import requests

from text_classifier.corpus.progress import ProgressLog
from text_classifier.errors import SourceUnavailableError

logger = logging.getLogger(__name__)

AGAIN_AFTER_SECONDS = (1.0, 3.0)
"""Waits before further attempts; a machine without a network loses no more than their sum."""

_CHUNK_BYTES = 1 << 16


def is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def shown_address(address: str) -> str:
    """The address without what may be secret in it: user, password, query and fragment."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def file_name_of(address: str) -> str:
    name = Path(urlsplit(address).path).name
    return name if name not in {"", ".", ".."} else "download"


def download(address: str, target: Path, timeout_seconds: float, again_after_seconds: Sequence[float] = ()) -> None:
    """Fetch `address` into the file `target`, byte for byte, with progress in the log.

    Args:
        timeout_seconds: longest wait for a connection or for the next bytes.
        again_after_seconds: wait before each further attempt after a refusal. A server that could not be reached
            within `timeout_seconds` is not tried again: that was the wait.

    Raises:
        SourceUnavailableError: the network or the server refused, or the answer was cut short, each time.
    """
    for wait_seconds in (*again_after_seconds, None):
        try:
            _attempt(address, target, timeout_seconds)
        except requests.RequestException as error:
            if wait_seconds is None or isinstance(error, requests.ConnectTimeout):
                raise _refused(address, timeout_seconds, error) from None  # `seen` says what the four behind it would
            logger.info("%s: %s; trying again in %g s", shown_address(address), _in_short(error), wait_seconds)
            time.sleep(wait_seconds)
        else:
            return


def _attempt(address: str, target: Path, timeout_seconds: float) -> None:
    progress = ProgressLog(f"downloading {target.name}")
    downloader = pooch.HTTPDownloader(
        progressbar=progress,
        chunk_size=_CHUNK_BYTES,
        timeout=timeout_seconds,
        headers={"Accept-Encoding": "identity"},
    )
    downloader(address, str(target), None)


def _refused(address: str, timeout_seconds: float, error: requests.RequestException) -> SourceUnavailableError:
    return SourceUnavailableError(
        "the network or the server refused a download",
        where=shown_address(address),
        seen=_in_short(error),
        expected=f"an answer within {timeout_seconds:g} seconds",
        to_do="try again later, or name a file as the source",
    )


def _in_short(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"HTTP status {error.response.status_code}"
    reason = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    return f"{type(error).__name__} ({type(reason).__name__})"
