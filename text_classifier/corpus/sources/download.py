"""One file from an http(s) address."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3

from text_classifier.corpus.sources.marks import Mark
from text_classifier.corpus.sources.unfinished import AnotherPartError, Unfinished, unfinished
from text_classifier.errors import SourceError, SourceNotFoundError, SourceUnavailableError
from text_classifier.progress import ProgressLog

logger = logging.getLogger(__name__)

AGAIN_AFTER_SECONDS = (1.0, 3.0)
"""Waits before further attempts; a machine without a network loses no more than their sum."""

SLOWEST_BYTES_PER_SECOND = 10_000
"""Least mean rate after `PATIENCE_SECONDS`: the largest official file takes two hours at most, a stalled one ends."""

PATIENCE_SECONDS = 60.0

_CHUNK_BYTES = 1 << 16
_SCHEMES = ("http", "https")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_NO_HEAD = frozenset({403, 405, 501})  # 403: an address that is signed for GET
_TRANSIENT_STATUS = frozenset({408, 429})  # of those below 500: too slow, too often
_LASTING = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.TooManyRedirects)


class TooSlow(requests.RequestException):
    """A server sends, but less than `SLOWEST_BYTES_PER_SECOND`."""


def is_address(source: str) -> bool:
    """Whether `source` is an address, of whatever scheme, and not a path."""
    return _ADDRESS.match(source) is not None


def is_http(source: str) -> bool:
    """Whether `source` is an address that begins with http:// or https://."""
    return is_address(source) and source.partition("://")[0].lower() in _SCHEMES


def demand_address(source: str) -> None:
    """Raises SourceNotFoundError: the http(s) address names no server, or cannot be used."""
    try:
        parts = urlsplit(source)
        has_server = bool(parts.hostname) and parts.port != 0
        source.encode()
    except ValueError as error:
        raise _wrong_address(source, str(error)) from error
    if not has_server:
        raise _wrong_address(source, "no name of a server")


def shown_address(address: str) -> str:
    """The address without what may be secret in it: user, password, query and fragment."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def file_name_of(address: str) -> str:
    name = Path(urlsplit(address).path).name
    return name if name not in {"", ".", ".."} else "download"


def download(address: str, target: Path, timeout_seconds: float, again_after_seconds: Sequence[float] = ()) -> None:
    """Fetch `address` into the file `target`, byte for byte, with progress in the log.

    What has arrived of a download that was cut off stays beside the folder of `target`; the next attempt, also that of
    a later run, asks for the rest.

    Args:
        timeout_seconds: longest wait for a connection or for the next bytes.
        again_after_seconds: wait before each further attempt after a refusal. A server that could not be reached
            within `timeout_seconds` is not tried again: that was the wait.

    Raises:
        SourceUnavailableError: the network or the server refused, or the answer was cut short, each time; or it came
            too slowly.
        SourceNotFoundError: the server has no such file, and will have none at the next attempt.
    """
    with unfinished(target.parent.parent, address) as arriving:
        for wait_seconds in (*again_after_seconds, None):
            try:
                _attempt(address, arriving, timeout_seconds)
            except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
                is_waste = isinstance(error, requests.ConnectTimeout | TooSlow) or _is_lasting(error)
                if wait_seconds is None or is_waste:
                    raise _refused(address, timeout_seconds, error) from None  # `seen` says what is behind it
                logger.info("%s: %s; trying again in %g s", shown_address(address), _in_short(error), wait_seconds)
                time.sleep(wait_seconds)
            else:
                break
        arriving.finish(target)


def mark_of_address(address: str, timeout_seconds: float) -> Mark:
    """What the server says of a file without sending it: size, time and ETag.

    Raises:
        SourceUnavailableError, SourceNotFoundError: as `download` does.
    """
    try:
        with _headers_of(address, timeout_seconds) as response:
            response.raise_for_status()
            headers = response.headers
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise _refused(address, timeout_seconds, error) from None
    length, version = headers.get("Content-Length", ""), headers.get("ETag", "")
    return Mark(
        shown_address(address),
        int(length) if length.isdecimal() else None,
        _seconds(headers.get("Last-Modified", "")),
        version,
    )


def _headers_of(address: str, timeout_seconds: float) -> requests.Response:
    """By HEAD; where the server does not know that, by the beginning of a GET."""
    headers = {"Accept-Encoding": "identity"}
    response = requests.head(address, allow_redirects=True, timeout=timeout_seconds, headers=headers)
    if response.status_code not in _NO_HEAD:
        return response
    response.close()
    return requests.get(address, stream=True, timeout=timeout_seconds, headers=headers)


def _seconds(http_date: str) -> float:
    """Since 1970; 0 for what is no date."""
    try:
        return parsedate_to_datetime(http_date).timestamp()
    except ValueError:
        return 0.0


def _attempt(address: str, arriving: Unfinished, timeout_seconds: float) -> None:
    headers = {"Accept-Encoding": "identity", **arriving.headers}
    with requests.get(address, stream=True, timeout=timeout_seconds, headers=headers) as response:
        if response.status_code != 416:
            response.raise_for_status()
        try:
            arriving.begin(response.status_code, response.headers)
        except AnotherPartError as error:
            if "Range" not in headers:
                raise
            logger.info("%s: %s; asking for all", shown_address(address), error)
            return _attempt(address, arriving, timeout_seconds)
        name = file_name_of(address)
        if arriving.size_bytes:
            logger.info("downloading %s: going on at byte %s", name, f"{arriving.size_bytes:,}")
        progress = ProgressLog(f"downloading {name}", arriving.total_bytes)
        progress.update(arriving.size_bytes)
        body = PacedBody(response.raw, progress)
        while data := body.read(_CHUNK_BYTES):
            arriving.add(data)
        arriving.demand_whole()
        return None


class _Body(Protocol):
    def read1(self, amt: int | None, decode_content: bool | None) -> bytes: ...


class PacedBody:
    """The body of an answer, given as its bytes come in; refuses to go on at less than the slowest rate."""

    def __init__(self, body: _Body, progress: ProgressLog, began: float | None = None) -> None:
        self._body, self._progress = body, progress
        self._began = time.monotonic() if began is None else began
        self._received = 0

    def read(self, most_bytes: int) -> bytes:
        """The next bytes, one or more; none at the end.

        Raises:
            TooSlow: they come too slowly, in the mean over all the time.
        """
        data = self._body.read1(most_bytes, decode_content=True)
        self._received += len(data)
        self._progress.update(len(data))
        seconds = time.monotonic() - self._began
        if data and seconds > PATIENCE_SECONDS and self._received < seconds * SLOWEST_BYTES_PER_SECOND:
            raise TooSlow(f"{self._received:,} bytes in {seconds:.0f} s")
        return data


def _is_lasting(error: Exception) -> bool:
    """Whether the same request would be refused again."""
    response: requests.Response | None = getattr(error, "response", None)
    if isinstance(error, _LASTING) or response is None:
        return isinstance(error, _LASTING)
    return 400 <= response.status_code < 500 and response.status_code not in _TRANSIENT_STATUS


def _wrong_address(address: str, seen: str) -> SourceNotFoundError:
    return SourceNotFoundError(
        "the address cannot be used",
        where=ascii(address.partition("?")[0].rpartition("@")[2][:200]),
        seen=seen,
        expected="http://<server>/<file> or https://<server>/<file>; else a file or a folder",
        to_do="correct the address, or download the file and name it",
    )


def _refused(address: str, timeout_seconds: float, error: Exception) -> SourceError:
    if _is_lasting(error):
        return SourceNotFoundError(
            "the server does not give this file",
            where=shown_address(address),
            seen=_in_short(error),
            expected="an http(s) address that anybody may read",
            to_do="correct the address, or name a file as the source",
        )
    return SourceUnavailableError(
        "the network or the server refused a download",
        where=shown_address(address),
        seen=_in_short(error),
        expected=f"an answer within {timeout_seconds:g} seconds, {SLOWEST_BYTES_PER_SECOND:,} bytes a second or more",
        to_do="try again later, or name a file as the source",
    )


def _in_short(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP status {response.status_code}"
    if isinstance(error, TooSlow | AnotherPartError):
        return str(error)
    reason = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    return f"{type(error).__name__} ({type(reason).__name__})"
