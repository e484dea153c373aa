import json
import logging
import resource
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from text_classifier.corpus import SourceRequest, ingest
from text_classifier.errors import OutputUnwritableError, SourceFormatError, SourceUnavailableError, UnknownNameError
from text_classifier.records import Ingested, RawSource
from text_classifier.storage import verify
from text_classifier.store import Store

CONTRACTS = Path(__file__).resolve().parents[3] / "data_contracts"
HEADER = "title;text;date;source;author;category;label\n"
ROW = "A title;Some text;2024-01-31;;Ann;Science;real\n"

Ingest = Callable[..., Ingested]


class Gone(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """A copy of the contracts in which the official addresses lead nowhere."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    for path in CONTRACTS.glob("*.odcs.yaml"):
        text = path.read_text("utf-8").replace("https://ai.stanford.edu/", "http://127.0.0.1:9/")
        (folder / path.name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def ingested(tmp_path: Path, contracts: Path) -> Ingest:
    def run(text: str | bytes, refresh: bool = False, name: str = "news.csv") -> Ingested:
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(data)
        store = Store(tmp_path / "data", refresh=refresh)
        return ingest(SourceRequest("news", str(tmp_path / name), 5), contracts, store)

    return run


def test_rows_are_kept_or_rejected_and_counted(ingested: Ingest, tmp_path: Path) -> None:
    result = ingested(HEADER + ROW + "too;short\n\n" + ROW)
    assert (result.read_rows, result.kept_rows, result.rejected_rows) == (3, 2, 1)
    assert result.folder == tmp_path / "data" / "ingested" / "news" / result.fingerprint[:16]
    assert pq.read_table(result.folder / "rows.parquet")["source"].null_count == 2
    facts = verify(result.folder).facts
    assert facts["lines"] == 5
    assert facts["rejected_by_rule"] == {"width": 1}


def test_the_same_source_is_read_once_unless_asked_anew(ingested: Ingest) -> None:
    first = ingested(HEADER + ROW)
    written = (first.folder / "rows.parquet").stat().st_mtime_ns
    assert ingested(HEADER + ROW) == first
    assert (first.folder / "rows.parquet").stat().st_mtime_ns == written
    assert ingested(HEADER + ROW, refresh=True) == first
    assert (first.folder / "rows.parquet").stat().st_mtime_ns > written


def test_reused_rows_are_told_under_the_address_of_this_run(ingested: Ingest, tmp_path: Path) -> None:
    first = ingested(HEADER + ROW)
    second = ingested(HEADER + ROW, name="moved.csv")
    assert second.address == str(tmp_path / "moved.csv")
    assert second == replace(first, address=second.address)


def test_a_column_that_becomes_required_reads_nothing_anew(ingested: Ingest, contracts: Path) -> None:
    first = ingested(HEADER + ROW)
    path = contracts / "news.odcs.yaml"
    path.write_text(path.read_text("utf-8").replace("description: Headline.", "required: true"), "utf-8")
    assert "required: true\n        quality" in path.read_text("utf-8")
    assert ingested(HEADER + ROW) == first


def test_damaged_rows_are_read_anew(ingested: Ingest) -> None:
    first = ingested(HEADER + ROW)
    (first.folder / "rows.parquet").write_bytes(b"damaged")
    assert ingested(HEADER + ROW) == first
    verify(first.folder)


def test_a_changed_rule_reads_nothing_anew_but_a_changed_column_does(ingested: Ingest, contracts: Path) -> None:
    first = ingested(HEADER + ROW)
    path = contracts / "news.odcs.yaml"
    path.write_text(path.read_text("utf-8").replace("maxLength: 100000", "maxLength: 99999"), "utf-8")
    assert ingested(HEADER + ROW) == first
    path.write_text(path.read_text("utf-8").replace('[";", ",",', '[",", ";",'), "utf-8")
    assert ingested(HEADER + ROW).fingerprint != first.fingerprint


WRONG = [
    ("", "the file is empty"),
    (HEADER, "a header and no rows"),
    (HEADER + "\n\n", "a header and no rows"),
    (HEADER.replace(";", "^") + ROW, "no delimiter yields the contract's columns"),
    (HEADER.replace("text;", "") + ROW, "expected: also text"),
    (b"\x1f\x8b\x08\x00" + bytes(range(256)), "the gzip data are damaged or end too early"),
    (b"PK\x03\x04" + bytes(256), "looks like a zip archive"),
    (b"\x28\xb5\x2f\xfd" + bytes(256), "the zstd data are damaged or end too early"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_is_refused_and_leaves_nothing(
    ingested: Ingest, tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(SourceFormatError, match=message):
        ingested(text)
    assert not list((tmp_path / "data" / "ingested").rglob("*.parquet"))


def test_a_file_of_which_no_row_can_be_read_leaves_its_rejected_rows(ingested: Ingest) -> None:
    found = ingested(HEADER + "a;b\n" * 3)
    assert (found.read_rows, found.kept_rows, found.rejected_rows) == (3, 0, 3)
    assert pq.read_table(found.folder / "rejected.parquet")["raw"].to_pylist() == [b"a;b\n"] * 3


def test_a_place_that_cannot_be_written_is_told_so(ingested: Ingest, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ingested").write_text("in the way")
    with pytest.raises(OutputUnwritableError, match="ingested"):
        ingested(HEADER + ROW)


@contextmanager
def small_disk() -> Iterator[None]:
    """No file can grow beyond 50 kB, which fails in the middle of a write just as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_up_leaves_nothing_half_written(ingested: Ingest, tmp_path: Path) -> None:
    text = HEADER + "".join(ROW.replace("Some text", secrets.token_hex(500)) for _ in range(200))
    whole = ingested(text)
    rows = (whole.folder / "rows.parquet").read_bytes()
    with pytest.raises(OutputUnwritableError, match=r"ingested.*free space"), small_disk():
        ingest(SourceRequest("news", whole.address, 5), CONTRACTS, Store(tmp_path / "data", refresh=True))
    assert (whole.folder / "rows.parquet").read_bytes() == rows
    assert len(list(whole.folder.parent.iterdir())) == 1
    (tmp_path / "other.csv").write_text(text + ROW, "utf-8")
    with pytest.raises(OutputUnwritableError, match=r"raw.*free space"), small_disk():
        ingest(SourceRequest("news", str(tmp_path / "other.csv"), 5), CONTRACTS, Store(tmp_path / "data"))
    assert len(list((tmp_path / "data" / "raw" / "news").iterdir())) == 1


def test_an_unknown_data_set_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="imdb, imdb_sample, news"):
        ingest(SourceRequest("newz", None, 5), CONTRACTS, Store(tmp_path))


def test_a_refused_official_download_is_replaced_by_the_sample_and_says_so(
    tmp_path: Path, contracts: Path, generated: RawSource, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(generated.folder, tmp_path / "data" / "raw" / "imdb_sample" / generated.folder.name)
    result = ingest(SourceRequest("imdb", None, 5, again_after_seconds=(0,)), contracts, Store(tmp_path / "data"))
    assert (result.data_set, result.origin) == ("imdb_sample", "sample")
    assert result.folder.parent.name == "imdb_sample"
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "going on with imdb_sample (SAMPLE) instead" in warnings[0]
    assert not list((tmp_path / "data" / "raw" / "imdb").iterdir())


def test_an_official_file_that_is_gone_falls_back_too(
    tmp_path: Path, contracts: Path, generated: RawSource, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(generated.folder, tmp_path / "data" / "raw" / "imdb_sample" / generated.folder.name)
    with ThreadingHTTPServer(("127.0.0.1", 0), Gone) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        path = contracts / "imdb.odcs.yaml"
        path.write_text(path.read_text("utf-8").replace("127.0.0.1:9/", f"127.0.0.1:{server.server_port}/"), "utf-8")
        result = ingest(SourceRequest("imdb", None, 5), contracts, Store(tmp_path / "data"))
        server.shutdown()
    assert result.data_set == "imdb_sample"
    assert [record.message for record in caplog.records if "HTTP status 404" in record.message]


def test_a_refused_address_that_somebody_named_is_an_error(tmp_path: Path, contracts: Path) -> None:
    request = SourceRequest("imdb", "http://127.0.0.1:9/aclImdb_v1.tar.gz", 5)
    with pytest.raises(SourceUnavailableError, match=r"127\.0\.0\.1:9"):
        ingest(request, contracts, Store(tmp_path / "data"))


def test_the_csv_form_of_the_reviews_goes_by_its_own_names(tmp_path: Path, contracts: Path) -> None:
    path = tmp_path / "IMDB Dataset.csv"
    path.write_text('review,sentiment\n"One, two ""three""",positive\nFour,negative\n', "utf-8")
    result = ingest(SourceRequest("imdb", str(path), 5), contracts, Store(tmp_path / "data"))
    rows = pq.read_table(result.folder / "rows.parquet").to_pylist()
    assert [(row["text"], row["label"], row["rating"], row["split"], row["group"]) for row in rows] == [
        ('One, two "three"', "pos", None, None, None),
        ("Four", "neg", None, None, None),
    ]
    assert json.loads((result.folder / "manifest.json").read_text("utf-8"))["facts"]["form"] == "imdb-csv"
