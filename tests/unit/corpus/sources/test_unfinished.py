"""Downloads that are cut off go on where they stopped, and only there."""

import gzip
import hashlib
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from text_classifier.contract import Contract, SourcePin
from text_classifier.corpus.sources.fetch import fetch
from text_classifier.corpus.sources.unfinished import FOLDER, unfinished
from text_classifier.errors import SourceUnavailableError

DATA = b"text;date;label\n" + b"".join(b"row number %d;;pos\n" % number for number in range(20_000))
TAG = {"ETag": '"first"'}
OLD, NEW = ({"Last-Modified": f"Mon, 01 Jan 20{year} 00:00:00 GMT"} for year in (18, 24))


class Server(BaseHTTPRequestHandler):
    """Serves `data`, cut off after `cuts` bytes as often as there are any; a new subclass per test."""

    data = DATA
    facts: dict[str, str] = TAG
    cuts: list[int]
    asked: list[str | None]
    ignores_ranges = ignores_changes = False
    lies_by = shortens_by = 0
    answered: threading.Event
    goes_on: threading.Event

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.asked.append(asked)
        is_same = self.ignores_changes or self.headers["If-Range"] in self.facts.values()
        start = int(re.findall(r"\d+", asked)[0]) if asked and is_same and not self.ignores_ranges else 0
        if start > len(self.data) - 1:
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        body = self.data[start : len(self.data) - self.shortens_by * bool(start)]
        if start:
            self.send_header("Content-Range", f"bytes {start + self.lies_by}-{len(self.data) - 1}/{len(self.data)}")
        for name, value in {"Content-Length": str(len(body)), **self.facts}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.cuts:
            self.wfile.write(body[: self.cuts.pop(0)])
            self.answered.set()
            self.goes_on.wait(60)
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[Server]]]:
    own = {"cuts": [], "asked": [], "answered": threading.Event(), "goes_on": threading.Event()}
    handler = type("Own", (Server,), own)
    handler.goes_on.set()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/a.csv", handler
        handler.goes_on.set()
        serving.shutdown()


Fetch = Callable[[], bytes]


@pytest.fixture
def arrived(server: tuple[str, type[Server]], contract: Contract, tmp_path: Path) -> Fetch:
    """Fetches once, as a run does; what stands under raw/ after it."""

    def run() -> bytes:
        source = fetch(contract, server[0], tmp_path, 5)
        return (source.folder / "a.csv").read_bytes()

    return run


def left_over(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "raw" / "articles").glob(".*"))


@pytest.mark.parametrize("facts", [TAG, OLD, TAG | OLD])
def test_the_next_run_asks_for_the_rest(
    server: tuple[str, type[Server]], arrived: Fetch, tmp_path: Path, facts: dict[str, str]
) -> None:
    _, handler = server
    handler.facts, handler.cuts = facts, [100_000, 50_000]
    for _ in range(2):
        with pytest.raises(SourceUnavailableError):
            arrived()
        assert left_over(tmp_path) == [FOLDER]
    assert arrived() == DATA
    assert handler.asked == [None, "bytes=100000-", "bytes=150000-"]
    assert left_over(tmp_path) == []


def test_further_attempts_of_the_same_run_ask_for_the_rest(
    server: tuple[str, type[Server]], contract: Contract, tmp_path: Path
) -> None:
    address, handler = server
    handler.cuts = [1_000, 1_000]
    pins = (SourcePin("delimited", address, hashlib.sha256(DATA).hexdigest(), None, len(DATA)),)
    source = fetch(replace(contract, pins=pins), None, tmp_path, 5, again_after_seconds=(0, 0))
    assert source.digest == hashlib.sha256(DATA).hexdigest()
    assert handler.asked == [None, "bytes=1000-", "bytes=2000-"]


def test_a_file_that_has_changed_meanwhile_begins_anew(
    server: tuple[str, type[Server]], arrived: Fetch, tmp_path: Path
) -> None:
    _, handler = server
    handler.cuts = [100_000]
    with pytest.raises(SourceUnavailableError):
        arrived()
    handler.data, handler.facts = DATA.replace(b"row", b"new"), {"ETag": '"second"'}
    assert arrived() == handler.data
    assert handler.asked == [None, "bytes=100000-"]


@pytest.mark.parametrize("facts", [{}, {"ETag": 'W/"weak"'}, {"Last-Modified": "no date"}, {"Last-Modified": "now"}])
def test_without_a_sure_sign_that_it_is_the_same_file_nothing_is_left_and_it_begins_anew(
    server: tuple[str, type[Server]], arrived: Fetch, tmp_path: Path, facts: dict[str, str]
) -> None:
    _, handler = server
    handler.facts, handler.cuts = {k: v.replace("now", formatdate(usegmt=True)) for k, v in facts.items()}, [100_000]
    with pytest.raises(SourceUnavailableError):
        arrived()
    assert left_over(tmp_path) == []
    assert arrived() == DATA
    assert handler.asked == [None, None]


def test_a_server_that_knows_no_ranges_sends_all_again(server: tuple[str, type[Server]], arrived: Fetch) -> None:
    _, handler = server
    handler.cuts, handler.ignores_ranges = [100_000], True
    with pytest.raises(SourceUnavailableError):
        arrived()
    assert arrived() == DATA


@pytest.mark.parametrize(("lie", "kept"), [(1, 100_000), (0, len(DATA))])
def test_where_the_rest_is_not_to_be_had_all_is_asked_for(
    server: tuple[str, type[Server]], arrived: Fetch, tmp_path: Path, lie: int, kept: int
) -> None:
    address, handler = server
    with unfinished(tmp_path / "raw" / "articles", address) as begun:
        begun.begin(200, TAG)
        begun.add(DATA[:kept])
    handler.lies_by = lie
    assert arrived() == DATA
    assert handler.asked == [f"bytes={kept}-", None]


@pytest.mark.parametrize(("before", "after"), [(TAG, {"ETag": '"second"'}), (OLD, NEW)])
def test_the_rest_of_another_file_is_not_taken_from_a_server_that_sends_it(
    server: tuple[str, type[Server]], arrived: Fetch, before: dict[str, str], after: dict[str, str]
) -> None:
    _, handler = server
    handler.facts, handler.cuts, handler.ignores_changes = before, [100_000], True
    with pytest.raises(SourceUnavailableError):
        arrived()
    handler.data, handler.facts = DATA.replace(b"row", b"new"), after
    assert arrived() == handler.data


def test_less_than_the_rest_is_not_taken_for_it(server: tuple[str, type[Server]], arrived: Fetch) -> None:
    _, handler = server
    handler.cuts, handler.shortens_by = [100_000], 50_000
    with pytest.raises(SourceUnavailableError):
        arrived()
    with pytest.raises(SourceUnavailableError, match=rf"{len(DATA) - 50_000:,} of {len(DATA):,} bytes"):
        arrived()
    handler.shortens_by = 0
    assert arrived() == DATA


def test_of_an_encoded_answer_nothing_is_left(server: tuple[str, type[Server]], arrived: Fetch, tmp_path: Path) -> None:
    _, handler = server
    handler.data, handler.cuts = gzip.compress(DATA), [10_000]
    handler.facts = TAG | {"Content-Encoding": "gzip"}
    with pytest.raises(SourceUnavailableError):
        arrived()
    assert left_over(tmp_path) == []
    assert arrived() == DATA


def test_what_arrived_from_another_address_is_not_gone_on_with(
    server: tuple[str, type[Server]], arrived: Fetch, tmp_path: Path
) -> None:
    with unfinished(tmp_path / "raw" / "articles", "http://127.0.0.1:1/b.csv") as begun:
        begun.begin(200, TAG)
        begun.add(b"something else")
    assert arrived() == DATA
    assert server[1].asked == [None]
    with unfinished(tmp_path / "raw" / "articles", "http://127.0.0.1:1/b.csv") as still:
        assert still.size_bytes == len(b"something else")


def test_two_at_once_do_not_mix_what_arrives(server: tuple[str, type[Server]], arrived: Fetch, tmp_path: Path) -> None:
    with unfinished(tmp_path / "raw" / "articles", server[0]) as begun:
        begun.begin(200, TAG)
        begun.add(b"mine")
        assert arrived() == DATA
        begun.add(b" alone")
    with unfinished(tmp_path / "raw" / "articles", server[0]) as again:
        assert again.headers == {"Range": "bytes=10-", "If-Range": '"first"'}


def test_a_killed_download_goes_on(server: tuple[str, type[Server]], arrived: Fetch, tmp_path: Path) -> None:
    address, handler = server
    handler.cuts = [200_000]
    handler.goes_on.clear()
    code = (
        "import sys; from pathlib import Path; from text_classifier.corpus.sources.download import download;"
        "download(sys.argv[1], Path(sys.argv[2], 'incoming', 'a.csv'), 60)"
    )
    place = tmp_path / "raw" / "articles"
    with subprocess.Popen([sys.executable, "-c", code, address, str(place)]) as process:
        assert handler.answered.wait(60)
        while sum(path.stat().st_size for path in (place / FOLDER).glob("*/body")) < 100_000:
            assert process.poll() is None
        process.kill()
    handler.goes_on.set()
    assert arrived() == DATA
    first, second = handler.asked
    assert first is None
    assert second is not None
    assert 100_000 <= int(second.removeprefix("bytes=").removesuffix("-")) <= 200_000
