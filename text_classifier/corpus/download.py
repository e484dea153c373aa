"""One file from an http(s) address."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pooch
import requests

from text_classifier.corpus.progress import ProgressLog
from text_classifier.errors import SourceUnavailableError

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


def download(address: str, target: Path, timeout_seconds: float) -> None:
    """Fetch `address` into the file `target`, byte for byte, with progress in the log.

    Args:
        timeout_seconds: longest wait for a connection or for the next bytes.

    Raises:
        SourceUnavailableError: the network or the server refused, or the answer was cut short.
    """
    progress = ProgressLog(f"downloading {target.name}")
    downloader = pooch.HTTPDownloader(
        progressbar=progress,
        chunk_size=_CHUNK_BYTES,
        timeout=timeout_seconds,
        headers={"Accept-Encoding": "identity"},
    )
    try:
        downloader(address, str(target), None)
    except requests.RequestException as error:
        raise SourceUnavailableError(
            "the network or the server refused a download",
            where=shown_address(address),
            seen=_in_short(error),
            expected=f"an answer within {timeout_seconds:g} seconds",
            to_do="try again later, or name a file as the source",
        ) from None  # `seen` says it; the four errors behind it would bury that line


def _in_short(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"HTTP status {error.response.status_code}"
    reason = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    return f"{type(error).__name__} ({type(reason).__name__})"
