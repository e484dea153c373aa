import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.declared.servers import SourcePin
from text_classifier.corpus.sources.fetch import fetch
from text_classifier.corpus.sources.watch import ANNOUNCED, Sighting, announcing
from text_classifier.errors import (
    OutputUnwritableError,
    SourceError,
    SourceFormatError,
    SourceNotFoundError,
    SourceUnavailableError,
)

DATA = b"text;date;label\na;;pos\n"
Look = Callable[..., Sighting]


@pytest.fixture
def look(tmp_path: Path, contract: Contract) -> Look:
    """Looks once, and announces what is new."""

    def once(source: object, of: Contract = contract) -> Sighting:
        with announcing(of, None if source is None else str(source), tmp_path / "data", 2) as sighting:
            return sighting

    return once


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(DATA)
    return path


def touched(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() + seconds,) * 2)


class Served(BaseHTTPRequestHandler):
    """Serves `data` with the headers that `told` names; a new subclass per server."""

    data = DATA
    told = ("Content-Length", "ETag", "Last-Modified")
    date = "Sun, 22 Nov 2026 03:00:00 GMT"
    head_status = 200
    asked: tuple[str, ...] = ()

    def do_HEAD(self) -> None:
        self.answer(self.head_status)

    def do_GET(self) -> None:
        self.answer(200)
        self.wfile.write(self.data)

    def answer(self, status: int) -> None:
        type(self).asked += (self.command,)
        self.send_response(status)
        tag = md5(self.data, usedforsecurity=False).hexdigest()
        told = {"Content-Length": str(len(self.data)), "ETag": tag, "Last-Modified": self.date}
        for name in self.told:
            self.send_header(name, told[name])
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[Served]]]:
    handler = type("ServedHere", (Served,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a.csv", handler
        server.shutdown()


def test_what_was_never_seen_is_new_once(look: Look, file: Path) -> None:
    first, second = look(file), look(file)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.sentence == f"new data at {file}: announced"
    assert second.sentence == f"no new data at {file}"


def test_what_could_not_be_announced_is_new_again(file: Path, contract: Contract, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ConnectionError):
            with announcing(contract, str(file), tmp_path / "data", 1) as sighting:
                assert sighting.is_new
                raise ConnectionError
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def test_a_file_that_was_ingested_is_not_new_at_first_sight(
    look: Look, file: Path, contract: Contract, tmp_path: Path
) -> None:
    fetch(contract, str(file), tmp_path / "data", 1)
    assert not look(file).is_new


def test_a_file_that_was_overwritten_since_it_was_ingested_is_new_at_first_sight(
    look: Look, file: Path, contract: Contract, tmp_path: Path
) -> None:
    fetch(contract, str(file), tmp_path / "data", 1)
    file.write_bytes(DATA.replace(b"pos", b"neg"))
    touched(file, 30)
    assert look(file).is_new


def test_a_file_that_was_only_touched_since_it_was_ingested_is_not_new_at_first_sight(
    look: Look, file: Path, contract: Contract, tmp_path: Path
) -> None:
    fetch(contract, str(file), tmp_path / "data", 1)
    touched(file, 30)
    assert not look(file).is_new


@pytest.mark.parametrize("change", ["size", "time", "place"])
def test_a_file_of_other_size_time_or_place_is_new(look: Look, file: Path, change: str) -> None:
    look(file)
    if change == "size":
        file.write_bytes(DATA * 2)
    elif change == "time":
        touched(file, 5)
    else:
        file = file.rename(file.with_name("b.csv"))
    assert look(file).is_new
    assert not look(file).is_new


def test_a_new_winner_of_a_pattern_is_new(look: Look, tmp_path: Path) -> None:
    for day, name in enumerate(("1.csv", "2.csv")):
        (tmp_path / name).write_bytes(name.encode())
        touched(tmp_path / name, day)
        assert look(tmp_path / "*.csv").is_new
        assert not look(tmp_path / "*.csv").is_new
    (tmp_path / "0.csv").write_bytes(b"an old one, delivered late")
    touched(tmp_path / "0.csv", -9)
    assert not look(tmp_path / "*.csv").is_new


def test_a_folder_is_watched_by_the_file_that_would_be_taken(
    look: Look, tmp_path: Path, reviews_contract: Contract
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "IMDB Dataset.csv").write_bytes(DATA)
    assert look(tmp_path / "in", reviews_contract).is_new
    (tmp_path / "in" / "notes.txt").touch()
    assert not look(tmp_path / "in", reviews_contract).is_new
    (tmp_path / "in" / "aclImdb_v1.tar.gz").touch()
    assert look(tmp_path / "in", reviews_contract).mark.address.endswith(".tar.gz")


@pytest.mark.parametrize("told", ["ETag", "Last-Modified", "Content-Length"])
def test_an_address_is_new_when_the_server_says_other_than_before(
    look: Look, server: tuple[str, type[Served]], told: str
) -> None:
    address, handler = server
    handler.told = (told,)
    assert look(address).is_new
    assert not look(address).is_new
    handler.data, handler.date = DATA * 2, "Sun, 22 Nov 2026 04:00:00 GMT"
    assert look(address).is_new
    assert set(handler.asked) == {"HEAD"}


def test_an_address_that_was_ingested_is_not_new_at_first_sight(
    look: Look, server: tuple[str, type[Served]], contract: Contract, tmp_path: Path
) -> None:
    address, handler = server
    handler.date = "Sun, 22 Nov 2020 03:00:00 GMT"
    fetch(contract, f"{address}?token=secret", tmp_path / "data", 2)
    assert not look(f"{address}?token=secret").is_new
    assert "secret" not in (tmp_path / "data" / "raw" / "articles" / ANNOUNCED).read_text("utf-8")


@pytest.mark.parametrize("status", [403, 405, 501])
def test_a_server_that_refuses_to_tell_without_sending_is_asked_for_the_file(
    look: Look, server: tuple[str, type[Served]], status: int
) -> None:
    address, handler = server
    handler.head_status = status
    assert look(address).mark.size_bytes == len(DATA)
    assert handler.asked == ("HEAD", "GET")


def test_a_server_that_tells_nothing_is_told_so(look: Look, server: tuple[str, type[Served]]) -> None:
    address, handler = server
    handler.told = ()
    with pytest.raises(SourceError, match=r"nothing tells whether the source has changed.*retrain by the clock"):
        look(address)


@pytest.mark.parametrize(("status", "error"), [(404, SourceNotFoundError), (503, SourceUnavailableError)])
def test_a_server_that_refuses_is_told_so(
    look: Look, server: tuple[str, type[Served]], status: int, error: type[Exception]
) -> None:
    address, handler = server
    handler.head_status = status
    with pytest.raises(error, match=str(status)):
        look(address)


def test_a_server_that_does_not_answer_is_told_so(look: Look) -> None:
    with pytest.raises(SourceUnavailableError):
        look("http://127.0.0.1:9/a.csv")


def test_an_address_of_another_filesystem_is_watched(look: Look) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/watched/1.csv", b"1")
    assert look("memory://watched/*.csv").is_new
    assert not look("memory://watched/*.csv").is_new
    memory.pipe_file("/watched/2.csv", b"1")
    assert look("memory://watched/*.csv").mark.address == "memory://watched/2.csv"
    memory.store.clear()


def test_a_generator_and_an_official_download_never_change(
    look: Look, contract: Contract, generated_contract: Contract
) -> None:
    official = replace(contract, pins=(SourcePin("delimited", "http://127.0.0.1:9/a.csv", None, None, None),))
    assert look(None, official).sentence == "no new data at http://127.0.0.1:9/a.csv"
    assert look(None, generated_contract).sentence == "no new data at generator:imdb_sample"


def test_no_source_at_all_is_told_so(look: Look, file: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="TEXT_CLASSIFIER_ARTICLES"):
        look(None)
    with pytest.raises(SourceNotFoundError, match="TEXT_CLASSIFIER_ARTICLES"):
        look(file.with_name("gone.csv"))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"address": "a"}', b'{"seen_at": []}', b"\xff"])
def test_a_memory_that_is_damaged_is_as_none(
    look: Look, file: Path, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    look(file)
    memory = tmp_path / "data" / "raw" / "articles" / ANNOUNCED
    memory.write_bytes(content)
    assert look(file).is_new
    assert json.loads(memory.read_text("utf-8"))["address"] == str(file)
    assert "as if for the first time" in caplog.text


def test_a_place_that_cannot_be_written_is_told_before_anything_is_announced(
    file: Path, contract: Contract, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("in the way")
    announced = False
    with pytest.raises(OutputUnwritableError, match="TEXT_CLASSIFIER_DATA_DIR"):
        with announcing(contract, str(file), tmp_path / "data", 1):
            announced = True
    assert not announced


def test_a_name_that_cannot_be_recorded_is_told_before_anything_is_announced(look: Look, tmp_path: Path) -> None:
    Path(os.fsdecode(bytes(tmp_path) + b"/\xff.csv")).write_bytes(DATA)
    with pytest.raises(SourceFormatError, match="not UTF-8"):
        look(tmp_path / "*.csv")


def test_what_is_told_of_a_name_stands_on_one_line(look: Look, tmp_path: Path) -> None:
    (tmp_path / "a\nb.csv").write_bytes(DATA)
    assert "\n" not in look(tmp_path / "*.csv").sentence
    assert not look(tmp_path / "*.csv").is_new
