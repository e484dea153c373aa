import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.declared.servers import SourcePin
from text_classifier.corpus.sources.fetch import fetch
from text_classifier.corpus.sources.marks import Mark
from text_classifier.corpus.sources.raw import SOURCE, main_file
from text_classifier.corpus.sources.refusals import refused
from text_classifier.corpus.sources.remote import Remote, connect, copy_from_afar, file_name_in, remote_choice
from text_classifier.errors import (
    OutputUnwritableError,
    SourceError,
    SourceNotFoundError,
    SourceUnavailableError,
    is_transient,
)
from text_classifier.records import RawSource

DATA = b"text;date;label\na;;pos\n"
Take = Callable[..., RawSource]


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def bucket(endpoint: str, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket named "inbox", of a server that speaks S3."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    bucket = boto3.resource("s3", region_name="us-east-1").Bucket("inbox")
    bucket.create()
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()


@pytest.fixture
def memory() -> Iterator[Any]:
    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]


@pytest.fixture
def take(tmp_path: Path, contract: Contract) -> Take:
    return lambda address, of=contract: fetch(of, address, tmp_path / "data", 2)


def left_over(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "data").rglob("*") if path.name.startswith(".") or path.is_file()]


def put(bucket: Any, key: str, data: bytes = DATA) -> None:
    bucket.put_object(Key=key, Body=data)


def test_an_object_is_kept_as_it_came_with_where_it_came_from(bucket: Any, take: Take) -> None:
    put(bucket, "2026/a.csv")
    source = take("s3://inbox/2026/a.csv")
    assert main_file(source).read_bytes() == DATA
    assert main_file(source).name == "a.csv"
    recorded = json.loads((source.folder / SOURCE).read_text("utf-8"))
    assert (recorded["address"], recorded["size_bytes"]) == ("s3://inbox/2026/a.csv", len(DATA))


def test_an_object_of_several_requests_arrives_whole(bucket: Any, take: Take, caplog: pytest.LogCaptureFixture) -> None:
    data = os.urandom(20_000_003)
    put(bucket, "a.csv", data)
    assert main_file(take("s3://inbox/a.csv")).read_bytes() == data


def test_an_empty_object_arrives(bucket: Any, take: Take) -> None:
    put(bucket, "a.csv", b"")
    assert main_file(take("s3://inbox/a.csv")).read_bytes() == b""


@pytest.mark.parametrize("key", ["a[1].csv", "what?.csv", "a b+ü#&.csv", "a@b:c.csv", "100%.csv"])
def test_a_key_that_exists_is_no_pattern(bucket: Any, take: Take, key: str) -> None:
    put(bucket, key)
    put(bucket, "a1.csv", b"other")
    put(bucket, "whatx.csv", b"other")
    source = take(f"s3://inbox/{key}")
    assert (source.address, main_file(source).read_bytes()) == (f"s3://inbox/{key}", DATA)


def test_the_newest_object_wins_and_the_others_are_named(
    bucket: Any, take: Take, caplog: pytest.LogCaptureFixture
) -> None:
    for key in ("in/news-2.csv", "in/news-3.csv", "in/x/news-9.csv", "in/news-1.csv"):
        put(bucket, key, key.encode())
        if key == "in/x/news-9.csv":
            take("s3://inbox/in/news-3.csv")
            time.sleep(1.01)  # S3 tells whole seconds
    source = take("s3://inbox/in/news-*.csv")
    assert (source.address, main_file(source).read_bytes()) == ("s3://inbox/in/news-1.csv", b"in/news-1.csv")
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "s3://inbox/in/news-*.csv is read; never ingested: 1 others: s3://inbox/in/news-2.csv; to do" in warning
    assert take("s3://inbox/**/news-*.csv").address == "s3://inbox/in/news-1.csv"


def test_an_object_that_was_delivered_since_is_seen(bucket: Any, take: Take) -> None:
    put(bucket, "news-1.csv", b"1")
    assert take("s3://inbox/news-*.csv").address.endswith("news-1.csv")
    put(bucket, "news-2.csv", b"2")
    assert take("s3://inbox/news-*.csv").address.endswith("news-2.csv")


def test_a_companion_is_taken_from_beside_the_object(bucket: Any, take: Take, reviews_contract: Contract) -> None:
    put(bucket, "1/imdb.npz")
    with pytest.raises(SourceNotFoundError, match=r"s3://inbox/1/imdb_word_index\.json; seen: FileNotFoundError"):
        take("s3://inbox/*/imdb.npz", reviews_contract)
    put(bucket, "1/imdb_word_index.json", b"{}")
    source = take("s3://inbox/*/imdb.npz", reviews_contract)
    assert (source.folder / "imdb_word_index.json").read_bytes() == b"{}"
    assert source.form == "imdb-npz"


def test_an_object_that_is_not_there_is_told_so(bucket: Any, take: Take, tmp_path: Path) -> None:
    put(bucket, "folder/b.csv")
    for address in ("s3://inbox/a.csv", "s3://nosuch/a.csv", "s3://inbox/folder", "s3://inbox", "s3://"):
        with pytest.raises(SourceNotFoundError, match=f"does not exist; where: {address}; seen: .*to do: correct"):
            take(address)
    assert not left_over(tmp_path)


def test_no_object_that_fits_is_an_error_that_names_what_is_there(bucket: Any, take: Take) -> None:
    put(bucket, "in/olds.csv")
    put(bucket, "in/more/news.csv")
    with pytest.raises(
        SourceNotFoundError, match=r"where: s3://inbox/in/news-\*.csv; seen: in s3://inbox/in: more, olds\.csv; ex"
    ):
        take("s3://inbox/in/news-*.csv")
    with pytest.raises(SourceNotFoundError, match=r"does not exist; where: s3://nosuch/\*.csv"):
        take("s3://nosuch/*.csv")


def test_a_pattern_over_every_bucket_is_refused(bucket: Any, take: Take) -> None:
    with pytest.raises(SourceError, match=r"cannot be used.*Invalid bucket name"):
        take("s3://*/a.csv")


@pytest.mark.parametrize("address", ["s3://inbox/a.csv", "s3://inbox/*.csv"])
def test_missing_credentials_are_told_so(
    bucket: Any, take: Take, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    put(bucket, "a.csv")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(SourceError, match=r"credentials are missing or refused.*AWS_ACCESS_KEY_ID") as refusal:
        take(address)
    assert not is_transient(refusal.value)


class Refusing(BaseHTTPRequestHandler):
    """An S3 that refuses; a new subclass per server."""

    status = 403
    code = "AccessDenied"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        body = f"<Error><Code>{self.code}</Code><Message>not you</Message></Error>".encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("address", ["s3://inbox/a.csv", "s3://inbox/*.csv"])
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(403, "AccessDenied", SourceError), (503, "SlowDown", SourceUnavailableError), (400, "Bad", SourceError)],
)
def test_a_refusal_of_the_storage_is_told_for_what_it_is(
    credentials: None, take: Take, monkeypatch: pytest.MonkeyPatch, status: int, code: str, error: type, address: str
) -> None:
    handler = type("Refuses", (Refusing,), {"status": status, "code": code})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(SourceError, match="to do: ") as refusal:
            take(address)
        server.shutdown()
    assert type(refusal.value) is error


@pytest.mark.parametrize("address", ["s3://inbox/a.csv", "s3://inbox/*.csv"])
def test_a_storage_that_does_not_answer_is_worth_another_try(
    credentials: None, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(SourceUnavailableError, match=r"EndpointConnectionError.*try again later") as refusal:
        take(address)
    assert is_transient(refusal.value)
    assert not left_over(tmp_path)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("s3://AKIA:word@inbox/a.csv", "s3://...@inbox/a.csv"),
        ("s3://AKIA:wo/rd@inbox/a.csv", "s3://...@inbox/a.csv"),
        ("ftp://me:word@host:21/a.csv", "ftp://...@host:21/a.csv"),
        ("nosuch://me:word@host/a.csv", "nosuch://...@host/a.csv"),
    ],
)
def test_an_address_with_a_password_is_refused_and_not_shown(take: Take, address: str, told: str) -> None:
    with pytest.raises(SourceNotFoundError, match="the address holds a password") as refusal:
        take(address)
    assert told in str(refusal.value)
    assert not any(secret in str(refusal.value) for secret in ("AKIA", "word@", "wo/", "me:"))


def test_a_missing_package_is_named(take: Take) -> None:
    with pytest.raises(SourceError, match=r"not installed; where: gs://b/a\.csv; seen: ImportError: .*gcsfs"):
        take("gs://b/a.csv")


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("ftp://127.0.0.1:9/a.csv", SourceUnavailableError),
        ("ftp://nosuch.invalid/a.csv", SourceUnavailableError),
        ("s3://b/\udcff.csv", SourceError),
        ("s3://A_B!/a.csv", SourceError),
        ("memory://", SourceNotFoundError),
        ("zip://a.csv", SourceNotFoundError),
    ],
)
def test_what_can_be_no_remote_source_is_told_so(credentials: None, take: Take, address: str, error: type) -> None:
    with pytest.raises(SourceError, match="; to do: ") as refusal:
        take(address)
    assert type(refusal.value) is error
    str(refusal.value).encode()


def test_a_filesystem_without_times_takes_the_last_by_name(
    memory: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Timeless(type(memory)):  # type: ignore[misc]
        def glob(self, path: str, **kwargs: Any) -> Any:
            return {name: {**facts, "created": None} for name, facts in super().glob(path, **kwargs).items()}

    for name in ("b.csv", "c.csv", "a.csv"):
        memory.pipe_file(f"/in/{name}", name.encode())
    remote = Remote("articles", "memory://in/*.csv", Timeless(skip_instance_cache=True), "/in/*.csv")
    assert remote_choice(remote).chosen == Mark("memory://in/c.csv", 5)
    assert "no times are known" in caplog.text


def test_another_filesystem_is_read_the_same_way(memory: Any, take: Take) -> None:
    memory.pipe_file("/in/1.csv", b"1")
    memory.pipe_file("/in/2.csv", b"2")
    source = take("memory://in/*.csv")
    assert (source.address, main_file(source).read_bytes()) == ("memory://in/2.csv", b"2")


class Changing:
    """A file whose facts change with every look, or that ends early."""

    def __init__(self, inner: Any, facts: Callable[[int], dict[str, Any]]) -> None:
        self.inner, self.facts, self.looks = inner, facts, 0

    def info(self, path: str) -> dict[str, Any]:
        self.looks += 1
        return {**self.inner.info(path), **self.facts(self.looks)}

    def open(self, path: str, mode: str, **kwargs: Any) -> Any:
        return self.inner.open(path, mode, **kwargs)


@pytest.mark.parametrize(
    "facts",
    [
        lambda look: {"size": len(DATA) + look},
        lambda look: {"ETag": str(look)},
        lambda look: {"created": datetime.fromtimestamp(look, UTC)},
        lambda look: {"size": len(DATA) + 1},
    ],
)
def test_a_file_that_changes_while_it_is_read_is_refused(
    memory: Any, tmp_path: Path, facts: Callable[[int], dict[str, Any]]
) -> None:
    memory.pipe_file("/in/a.csv", DATA)
    remote = Remote("articles", "memory://in/a.csv", Changing(memory, facts), "/in/a.csv")
    with pytest.raises(
        SourceUnavailableError, match=r"changed while it was read.*expected: .* bytes, modified"
    ) as refusal:
        copy_from_afar(remote, Mark("memory://in/a.csv"), tmp_path, ["a.csv"])
    assert is_transient(refusal.value)


def test_an_object_that_is_overwritten_meanwhile_leaves_nothing(
    bucket: Any, tmp_path: Path, contract: Contract
) -> None:
    put(bucket, "a.csv", bytes(20_000_000))
    remote = connect("articles", "s3://inbox/a.csv", 2)
    opened = remote.filesystem.open

    def overwriting(path: str, mode: str, **kwargs: Any) -> Any:
        file = opened(path, mode, **kwargs)
        put(bucket, "a.csv", os.urandom(20_000_000))
        return file

    remote.filesystem.open = overwriting
    with pytest.raises(SourceUnavailableError):
        copy_from_afar(remote, remote_choice(remote).chosen, tmp_path, ["a.csv"])


def test_a_disk_that_refuses_is_not_taken_for_the_storage(bucket: Any, take: Take, tmp_path: Path) -> None:
    put(bucket, "a.csv")
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(OutputUnwritableError, match="TEXT_CLASSIFIER_DATA_DIR"):
        take("s3://inbox/a.csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_not_taken_for_the_storage(bucket: Any, tmp_path: Path) -> None:
    put(bucket, "a.csv")
    (tmp_path / "a.csv").symlink_to("/dev/full")
    remote = connect("articles", "s3://inbox/a.csv", 2)
    with pytest.raises(OSError, match="No space left"):
        copy_from_afar(remote, remote_choice(remote).chosen, tmp_path, ["a.csv"])


def test_an_object_may_differ_from_its_pin_with_a_warning(
    bucket: Any, take: Take, contract: Contract, caplog: pytest.LogCaptureFixture
) -> None:
    put(bucket, "a.csv")
    take("s3://inbox/a.csv", replace(contract, pins=(SourcePin("delimited", "http://h/a.csv", "0" * 64, None, 5),)))
    assert "not the official file" in caplog.text


@pytest.mark.parametrize(
    ("facts", "modified"),
    [
        ({"LastModified": datetime(2026, 11, 22, 3, tzinfo=UTC)}, 1_795_316_400),
        ({"updated": "2026-11-22T03:00:00Z"}, 1_795_316_400),
        ({"modify": "20261122030000"}, 1_795_316_400),
        ({"mtime": 12.5}, 12.5),
        ({"mtime": "yesterday"}, 0),
        ({}, 0),
    ],
)
def test_the_time_is_read_as_every_filesystem_tells_it(memory: Any, facts: dict[str, Any], modified: float) -> None:
    class Told(Changing):
        def info(self, path: str) -> dict[str, Any]:
            return {"type": "file", "size": 1, **facts}

    told = Told(memory, lambda look: {})
    assert remote_choice(Remote("articles", "x://h/a.csv", told, "/a.csv")).chosen.modified == modified


@pytest.mark.parametrize(
    ("address", "name"), [("s3://b/a/b?.csv", "b?.csv"), ("s3://b/", "download"), ("s3://b/..", "download")]
)
def test_a_remote_file_has_a_harmless_name(address: str, name: str) -> None:
    assert file_name_in(address) == name


def test_every_refusal_is_told_in_five_parts() -> None:
    for error in (
        FileNotFoundError("a"),
        ImportError("b"),
        PermissionError("c"),
        ConnectionError("d"),
        ValueError("e"),
    ):
        told = refused("articles", "s3://b/a.csv", error)
        assert all((told.where, told.seen, told.expected, told.to_do))
