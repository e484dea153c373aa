import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.declared.servers import SourcePin
from text_classifier.corpus.sources.download import AGAIN_AFTER_SECONDS, PacedBody, TooSlow, file_name_of, shown_address
from text_classifier.corpus.sources.fetch import fetch
from text_classifier.corpus.sources.raw import SOURCE, main_file
from text_classifier.errors import (
    OutputUnwritableError,
    SourceError,
    SourceFormatError,
    SourceNotFoundError,
    SourceUnavailableError,
    UnknownNameError,
)
from text_classifier.progress import ProgressLog
from text_classifier.records import RawSource

DATA = b"text;date;label\na;;pos\n"
DIGEST = sha256(DATA).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class CutShort(BaseHTTPRequestHandler):
    """Promises more than it sends."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 10)

    def log_message(self, format: str, *args: object) -> None:
        pass


class BusyAtFirst(BaseHTTPRequestHandler):
    """Refuses as often as `refusals` says, then sends the file; a new subclass per server."""

    refusals = 2
    status = 503
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        is_busy = self.asked <= self.refusals
        self.send_response(self.status if is_busy else 200)
        self.send_header("Content-Length", "0" if is_busy else str(len(DATA)))
        self.end_headers()
        if not is_busy:
            self.wfile.write(DATA)

    def log_message(self, format: str, *args: object) -> None:
        pass


def serving(handler: object) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:  # type: ignore[arg-type]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "a.csv").write_bytes(DATA)
    yield from serving(partial(Quiet, directory=str(tmp_path / "served")))


@pytest.fixture
def cut_short() -> Iterator[str]:
    yield from serving(CutShort)


@pytest.fixture
def busy() -> Iterator[tuple[str, type[BusyAtFirst]]]:
    handler = type("Busy", (BusyAtFirst,), {})
    for address in serving(handler):
        yield address, handler


@pytest.fixture
def closed() -> str:
    """An address where nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        port = server.server_port
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(DATA)
    return path


def pinned(contract: Contract, address: str, sha: str | None = None, size: int | None = None) -> Contract:
    return replace(contract, pins=(SourcePin("delimited", address, sha, None, size),))


def left_over(data_dir: Path) -> list[str]:
    return [path.name for path in data_dir.rglob("*") if path.name.startswith(".")]


def test_a_file_is_kept_as_it_came_with_where_it_came_from(tmp_path: Path, file: Path, contract: Contract) -> None:
    source = fetch(contract, str(file), tmp_path / "data", 1)
    assert source.folder == tmp_path / "data" / "raw" / "articles" / DIGEST[:16]
    assert (source.folder / "a.csv").read_bytes() == DATA
    recorded = json.loads((source.folder / SOURCE).read_text("utf-8"))
    assert (recorded["address"], recorded["size_bytes"], recorded["digest"]) == (str(file), len(DATA), DIGEST)
    assert (source.digest, source.form, source.origin) == (DIGEST, "delimited", "source")
    assert not left_over(tmp_path / "data")


def test_the_same_file_is_kept_once(tmp_path: Path, file: Path, contract: Contract) -> None:
    first = fetch(contract, str(file), tmp_path / "data", 1)
    written = (first.folder / "a.csv").stat().st_mtime_ns
    assert fetch(contract, str(file), tmp_path / "data", 1) == first
    assert (first.folder / "a.csv").stat().st_mtime_ns == written


def test_a_damaged_copy_is_made_anew(tmp_path: Path, file: Path, contract: Contract) -> None:
    kept = fetch(contract, str(file), tmp_path / "data", 1).folder / "a.csv"
    kept.write_bytes(b"other")
    fetch(contract, str(file), tmp_path / "data", 1)
    assert kept.read_bytes() == DATA


def test_a_changed_file_is_another_source(tmp_path: Path, file: Path, contract: Contract) -> None:
    first = fetch(contract, str(file), tmp_path / "data", 1)
    file.write_bytes(DATA + b"b;;neg\n")
    assert fetch(contract, str(file), tmp_path / "data", 1).digest != first.digest
    assert (first.folder / "a.csv").read_bytes() == DATA


def test_a_missing_file_is_named_with_the_setting_to_change(tmp_path: Path, contract: Contract) -> None:
    with pytest.raises(SourceNotFoundError, match=r"gone\.csv.*TEXT_CLASSIFIER_ARTICLES"):
        fetch(contract, str(tmp_path / "gone.csv"), tmp_path / "data", 1)
    assert not (tmp_path / "data").exists()


def test_a_folder_is_no_file(tmp_path: Path, contract: Contract) -> None:
    with pytest.raises(SourceNotFoundError, match="a folder stands where a file is expected"):
        fetch(contract, str(tmp_path), tmp_path / "data", 1)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that even root cannot read")
def test_a_file_that_cannot_be_read_is_told_so(tmp_path: Path, contract: Contract) -> None:
    with pytest.raises(
        SourceError, match=r"the source cannot be read; where: /proc/self/mem; seen: Input/output error"
    ):
        fetch(contract, "/proc/self/mem", tmp_path / "data", 1)


def test_a_data_root_that_is_a_file_is_told_so(tmp_path: Path, file: Path, contract: Contract) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(OutputUnwritableError, match="TEXT_CLASSIFIER_DATA_DIR"):
        fetch(contract, str(file), tmp_path / "data", 1)


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (("IMDB Dataset.csv", "imdb.npz", "imdb_word_index.json", "aclImdb_v1.tar.gz"), "imdb-tar"),
        (("IMDB Dataset.csv", "imdb.npz", "imdb_word_index.json"), "imdb-npz"),
        (("IMDB Dataset.csv", "imdb.npz"), "imdb-csv"),
        (("IMDB Dataset.csv", "other.csv"), "imdb-csv"),
        (("reviews of films.csv", "notes.txt"), "imdb-csv"),
    ],
)
def test_the_richest_form_in_a_folder_is_taken(
    tmp_path: Path, reviews_contract: Contract, there: tuple[str, ...], taken: str
) -> None:
    (tmp_path / "imdb").mkdir()
    for name in there:
        (tmp_path / "imdb" / name).write_text(name)
    source = fetch(reviews_contract, str(tmp_path / "imdb"), tmp_path / "data", 1)
    assert source.form == taken
    assert (source.folder / "imdb_word_index.json").exists() == (taken == "imdb-npz")


def test_a_folder_with_several_tables_says_that_one_must_be_named(tmp_path: Path, reviews_contract: Contract) -> None:
    (tmp_path / "imdb").mkdir()
    for name in ("b.csv", "a.csv"):
        (tmp_path / "imdb" / name).touch()
    with pytest.raises(SourceNotFoundError, match=r"several files.*seen: a\.csv, b\.csv.*name the file itself"):
        fetch(reviews_contract, str(tmp_path / "imdb"), tmp_path / "data", 1)


def test_a_folder_without_any_form_names_what_was_looked_for(tmp_path: Path, reviews_contract: Contract) -> None:
    (tmp_path / "imdb").mkdir()
    (tmp_path / "imdb" / "notes.txt").touch()
    with pytest.raises(SourceNotFoundError, match=r"notes\.txt; expected: aclImdb_v1\.tar\.gz or imdb\.npz"):
        fetch(reviews_contract, str(tmp_path / "imdb"), tmp_path / "data", 1)


def test_word_ranks_without_their_words_are_told_so(tmp_path: Path, reviews_contract: Contract) -> None:
    (tmp_path / "imdb.npz").touch()
    with pytest.raises(SourceNotFoundError, match=r"imdb_word_index\.json"):
        fetch(reviews_contract, str(tmp_path / "imdb.npz"), tmp_path / "data", 1)


def test_a_named_file_may_differ_from_its_pin_with_a_warning(
    tmp_path: Path, file: Path, contract: Contract, caplog: pytest.LogCaptureFixture
) -> None:
    fetch(pinned(contract, "http://example.invalid/a.csv", "0" * 64, 5), str(file), tmp_path / "data", 1)
    assert [record.levelno for record in caplog.records if "not the official file" in record.message] == [
        logging.WARNING
    ]


def test_an_address_is_downloaded_whole(tmp_path: Path, served: str, contract: Contract) -> None:
    source = fetch(contract, f"{served}/a.csv?token=secret", tmp_path / "data", 5)
    assert (source.folder / "a.csv").read_bytes() == DATA
    assert source.address == f"{served}/a.csv"
    assert "secret" not in (source.folder / SOURCE).read_text("utf-8")


def test_the_official_download_is_made_once(tmp_path: Path, served: str, contract: Contract) -> None:
    official = pinned(contract, f"{served}/a.csv", DIGEST, len(DATA))
    first = fetch(official, None, tmp_path / "data", 5)
    (tmp_path / "served" / "a.csv").unlink()
    assert fetch(official, None, tmp_path / "data", 5) == first


def test_the_official_download_is_tried_again_after_a_refusal(
    tmp_path: Path, busy: tuple[str, type[BusyAtFirst]], contract: Contract
) -> None:
    address, handler = busy
    official = pinned(contract, f"{address}/a.csv", DIGEST, len(DATA))
    source = fetch(official, None, tmp_path / "data", 5, again_after_seconds=(0, 0))
    assert (source.digest, handler.asked) == (DIGEST, 3)


def test_a_server_that_refuses_every_time_is_told_so(
    tmp_path: Path, busy: tuple[str, type[BusyAtFirst]], contract: Contract
) -> None:
    address, handler = busy
    handler.refusals = 9
    with pytest.raises(SourceUnavailableError, match="503"):
        fetch(pinned(contract, f"{address}/a.csv"), None, tmp_path / "data", 5, again_after_seconds=(0, 0))
    assert handler.asked == 3


def test_an_address_that_somebody_named_is_tried_once(
    tmp_path: Path, busy: tuple[str, type[BusyAtFirst]], contract: Contract
) -> None:
    address, handler = busy
    with pytest.raises(SourceUnavailableError, match="503"):
        fetch(contract, f"{address}/a.csv", tmp_path / "data", 5, again_after_seconds=(0, 0))
    assert handler.asked == 1


def test_a_machine_without_a_network_does_not_wait_long() -> None:
    assert len(AGAIN_AFTER_SECONDS) == 2
    assert sum(AGAIN_AFTER_SECONDS) <= 5


@pytest.mark.parametrize(("sha", "size"), [("0" * 64, None), (None, 5)])
def test_a_pin_binds_the_official_download(
    tmp_path: Path, served: str, contract: Contract, sha: str | None, size: int | None
) -> None:
    with pytest.raises(SourceFormatError, match=r"not the file that the contract pins.*instead of"):
        fetch(pinned(contract, f"{served}/a.csv", sha, size), None, tmp_path / "data", 5)
    assert not list((tmp_path / "data" / "raw" / "articles").iterdir())


def test_a_download_that_is_refused_leaves_nothing(
    tmp_path: Path, served: str, cut_short: str, closed: str, contract: Contract
) -> None:
    for address, seen in ((closed, "ConnectionError"), (cut_short, "ProtocolError")):
        with pytest.raises(SourceUnavailableError, match=seen):
            fetch(contract, address, tmp_path / "data", 5)
    with pytest.raises(SourceNotFoundError, match="404"):
        fetch(contract, f"{served}/no.csv", tmp_path / "data", 5)
    assert not list((tmp_path / "data" / "raw" / "articles").iterdir())


@pytest.mark.parametrize(
    ("status", "is_transient"), [(403, False), (410, False), (408, True), (429, True), (500, True)]
)
def test_only_a_refusal_that_may_pass_is_worth_another_try(
    tmp_path: Path, contract: Contract, status: int, is_transient: bool
) -> None:
    handler = type("Refusing", (BusyAtFirst,), {"refusals": 9, "status": status})
    for address in serving(handler):
        with pytest.raises(SourceUnavailableError if is_transient else SourceNotFoundError, match=str(status)):
            fetch(pinned(contract, f"{address}/a.csv"), None, tmp_path / "data", 5, again_after_seconds=(0,))
    assert handler.asked == (2 if is_transient else 1)  # type: ignore[attr-defined]


def test_a_body_that_drips_is_refused() -> None:
    class Dripping:
        def read1(self, amt: int | None, decode_content: bool | None) -> bytes:
            return b"x"

        def close(self) -> None:
            pass

    progress = ProgressLog("downloading")
    assert PacedBody(Dripping(), progress).read(10) == b"x"
    with pytest.raises(TooSlow, match="1 bytes in 3600 s"):
        PacedBody(Dripping(), progress, began=time.monotonic() - 3600).read(10)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("nosuch://h/a.csv", r"scheme of the address is not supported.*'nosuch'; expected: https://"),
        ("file:///etc/hostname", "scheme of the address is not supported.*name the file by its path"),
        ("simplecache://x::s3://bucket/a.csv", "scheme of the address is not supported"),
        ("https://", "no name of a server"),
        ("http://[::1", "Invalid IPv6"),
        ("http://h:99999/a.csv", "Port out of range"),
        ("http://h/\udcff.csv", "surrogates not allowed"),
        ("x" * 5_000, "File name too long"),
        ("~nosuch/x", "home directory"),
        ("a\0b", "null byte"),
        ("bad\udcff.csv", "No such file"),
        ("/dev/null", "the source is no file.*a character device"),
    ],
)
def test_what_can_be_no_source_is_told_so(tmp_path: Path, contract: Contract, source: str, seen: str) -> None:
    with pytest.raises(SourceNotFoundError, match=seen) as refusal:
        fetch(contract, source, tmp_path / "data", 1)
    str(refusal.value).encode()
    assert not (tmp_path / "data").exists()


def test_a_fifo_is_refused_without_waiting_for_its_writer(tmp_path: Path, contract: Contract) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(SourceNotFoundError, match="a FIFO"):
        fetch(contract, str(tmp_path / "a.csv"), tmp_path / "data", 1)


def test_a_name_that_cannot_be_recorded_is_refused(tmp_path: Path, served: str, contract: Contract) -> None:
    path = os.fsdecode(bytes(tmp_path) + b"/bad\xff.csv")
    Path(path).write_bytes(DATA)
    for source, seen in ((path, "not UTF-8"), (f"{served}/{'x' * 300}.csv", "304 bytes; expected: at most 255")):
        with pytest.raises(SourceFormatError, match=seen) as refusal:
            fetch(contract, source, tmp_path / "data", 1)
        str(refusal.value).encode()


@pytest.mark.parametrize("name", ["source.json", "manifest.json", "Manifest.JSON"])
def test_a_source_never_takes_the_name_of_a_record(tmp_path: Path, contract: Contract, name: str) -> None:
    (tmp_path / name).write_bytes(DATA)
    source = fetch(contract, str(tmp_path / name), tmp_path / "data", 1)
    assert main_file(source).name == f"source-{name}"
    assert main_file(source).read_bytes() == DATA
    assert fetch(contract, str(tmp_path / name), tmp_path / "data", 1) == source


def test_a_half_made_source_is_not_found_again(tmp_path: Path, served: str, contract: Contract) -> None:
    official = pinned(contract, f"{served}/a.csv", DIGEST, len(DATA))
    made = fetch(official, None, tmp_path / "data", 5).folder
    made.rename(made.with_name(f".{made.name}.partial"))
    (tmp_path / "served" / "a.csv").unlink()
    with pytest.raises(SourceNotFoundError, match="404"):
        fetch(official, None, tmp_path / "data", 5)


def test_a_scheme_in_capitals_is_the_same(tmp_path: Path, served: str, contract: Contract) -> None:
    source = fetch(contract, served.replace("http", "HTTP") + "/a.csv", tmp_path / "data", 5)
    assert (source.folder / "a.csv").read_bytes() == DATA


def test_a_generated_source_is_made_once_and_stays_marked(
    generated: RawSource, generated_contract: Contract, caplog: pytest.LogCaptureFixture
) -> None:
    data_dir = generated.folder.parents[2]
    assert generated.origin == "generated"
    with caplog.at_level(logging.INFO, logger="text_classifier"):
        assert fetch(generated_contract, None, data_dir, 1) == generated
        named = fetch(generated_contract, str(generated.folder / "imdb_sample.tar.gz"), data_dir, 1)
    assert (named.origin, named.folder) == ("generated", generated.folder)
    assert all(record.message.startswith("sample (GENERATED): ") for record in caplog.records)


def test_an_unknown_generator_is_told_with_the_known_ones(tmp_path: Path, contract: Contract) -> None:
    with pytest.raises(UnknownNameError, match="imdb_sample, news"):
        fetch(replace(contract, generator="new"), None, tmp_path / "data", 1)


def test_no_source_at_all_is_told_so(tmp_path: Path, contract: Contract) -> None:
    with pytest.raises(SourceNotFoundError, match="TEXT_CLASSIFIER_ARTICLES"):
        fetch(contract, None, tmp_path / "data", 1)


def test_what_is_shown_of_an_address_holds_no_secret() -> None:
    assert shown_address("https://me:word@host:81/a/b.csv?key=1#x") == "https://host:81/a/b.csv"


@pytest.mark.parametrize(
    ("address", "name"), [("http://h/a/b.csv?x=/c", "b.csv"), ("http://h/", "download"), ("http://h/..", "download")]
)
def test_a_download_has_a_harmless_file_name(address: str, name: str) -> None:
    assert file_name_of(address) == name
