import gzip
import os
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from text_classifier.corpus.delimited.streams import open_text
from text_classifier.errors import SourceFormatError

READING = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ENCODINGS = ["utf-8", "utf-16-le", "utf-16-be", "cp1252", "iso8859-1", "koi8-r"]
TEXT = "a;é\r\n€😀\n"


def zstd(data: bytes) -> bytes:
    with pa.BufferOutputStream() as sink:
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(data)
        return bytes(sink.getvalue())


def read_all(path: Path, data: bytes, encoding: str = "utf-8", size: int = 7) -> tuple[bytes, bytes, str, str]:
    """UTF-8, what is restored from it, encoding, compression."""
    path.write_bytes(data)
    with open_text(path, encoding) as stream:
        text = b"".join(iter(lambda: stream.read(size), b""))
        assert stream.read(size) == b""
        assert stream.size_of(text) == len(stream.restore(text))
        return text, stream.restore(text), stream.encoding, stream.compression


@READING
@given(data=st.binary(max_size=40), encoding=st.sampled_from(ENCODINGS), size=st.integers(1, 9))
def test_the_bytes_of_any_file_come_back(tmp_path: Path, data: bytes, encoding: str, size: int) -> None:
    data = b"a;b\n\x00\x00" + data
    text, restored, _, _ = read_all(tmp_path / "a.csv", data, encoding, size)
    assert restored == data
    decodable = data.decode(encoding, "replace")
    assert "\ufffd" in decodable or text == decodable.encode()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16-be"),
    ],
)
@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, zstd])
def test_mark_and_first_bytes_say_what_a_file_is_whatever_its_name(
    tmp_path: Path, data: bytes, encoding: str, pack: object
) -> None:
    assert callable(pack)
    text, _, found, _ = read_all(tmp_path / "a.txt", pack(data), size=1)
    assert (text, found) == (TEXT.encode(), encoding)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_packed_parts_one_after_the_other_are_one_file(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    assert read_all(tmp_path / "a.csv", pack(b"a\n") + pack(b"b\n"))[0] == b"a\nb\n"


DATA = os.urandom(3_000)


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(DATA)[:-1],
        gzip.compress(DATA)[:-1000],
        gzip.compress(DATA)[:5],
        gzip.compress(DATA)[:1000] + b"damaged" + gzip.compress(DATA)[1007:],
        gzip.compress(DATA) + b"something else",
        zstd(DATA)[:-1],
        zstd(DATA)[:-1000],
        zstd(DATA)[:5],
        zstd(DATA) + b"something else",
    ],
)
def test_packed_data_that_are_not_whole_are_refused(tmp_path: Path, packed: bytes) -> None:
    with pytest.raises(SourceFormatError, match=r"data are damaged or end too early; where: a\.csv, byte"):
        read_all(tmp_path / "a.csv", packed, "iso8859-1", 1 << 20)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04....", "a zip archive"),
        (b"BZh91AY&SY", "bzip2"),
        (b"PAR1\x15\x04", "Parquet"),
        (gzip.compress(gzip.compress(b"a;b\n")), "packed twice"),
    ],
)
def test_other_kinds_of_files_are_named(tmp_path: Path, data: bytes, kind: str) -> None:
    with pytest.raises(SourceFormatError, match=f"looks like {kind}"):
        read_all(tmp_path / "a.csv", data)


def test_a_mark_is_stronger_than_what_was_declared(tmp_path: Path) -> None:
    assert read_all(tmp_path / "a.csv", b"\xef\xbb\xbfcaf\xc3\xa9", "cp1252")[::2] == ("café".encode(), "utf-8")
