import gzip
import tarfile
from pathlib import Path
from typing import Any

import pytest
from corpus_sources import write_tar

from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.imdb.tar import read_tar
from text_classifier.corpus.rows import RowSink
from text_classifier.errors import DamagedOutputError, SourceFormatError

MEMBERS: dict[str, bytes | str] = {
    "aclImdb/README": "about",
    "aclImdb/test/neg/1_2.txt": "Bad,\r\n «bad».",
    "aclImdb/test/urls_neg.txt": "http://example.invalid/title/tt01/usercomments\nhttp://example.invalid/title/tt02/\n",
    "aclImdb/train/pos/0_9.txt": "Good.",
    "aclImdb/train/unsup/0_0.txt": "Who knows?",
    "aclImdb/train/pos/2_10.txt": "Very good.",
    "aclImdb/train/urls_pos.txt": "http://example.invalid/title/tt11/usercomments\n\n",
    "aclImdb/train/labeledBow.feat": "9 0:1",
}


@pytest.fixture
def read(tmp_path: Path, read_with: Any, reviews_contract: Contract) -> Any:
    def run(members: dict[str, bytes | str]) -> Any:
        write_tar(tmp_path / "a.tar.gz", members)
        return read_with(lambda sink: read_tar(tmp_path / "a.tar.gz", reviews_contract, sink))

    return run


def test_a_review_knows_its_place_label_rating_and_film(read: Any) -> None:
    fields = ("example_id", "row", "split", "group", "text", "label", "rating")
    assert [tuple(row[field] for field in fields) for row in read(MEMBERS).rows] == [
        ("test/neg/1_2.txt", 1, "test", "tt02", "Bad,\r\n «bad».", "neg", 2),
        ("train/pos/0_9.txt", 2, "train", "tt11", "Good.", "pos", 9),
        ("train/unsup/0_0.txt", 3, "unsup", None, "Who knows?", None, None),
        ("train/pos/2_10.txt", 4, "train", None, "Very good.", "pos", 10),
    ]


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"caf\xe9", "encoding"), ("->/etc/hostname", "not-a-file"), ("x" * ((1 << 20) + 1), "size")],
)
def test_what_is_no_review_is_set_aside(read: Any, content: bytes | str, rule: str) -> None:
    result = read({"aclImdb/train/neg/7_1.txt": content, **MEMBERS})
    assert [(row["row"], row["rule"]) for row in result.rejected] == [(1, rule)]
    assert len(result.rejected[0]["raw"]) <= 65_536
    assert len(result.rows) == 4


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_a_link_or_a_device_in_the_place_of_a_review_is_set_aside(
    tmp_path: Path, read_with: Any, reviews_contract: Contract, kind: bytes
) -> None:
    write_tar(tmp_path / "a.tar.gz", MEMBERS)
    with tarfile.open(tmp_path / "a.tar.gz") as whole, tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        special = tarfile.TarInfo("aclImdb/train/neg/7_1.txt")
        special.type, special.linkname = kind, "/etc/hostname"
        archive.addfile(special)
        for member in whole:
            archive.addfile(member, whole.extractfile(member))
    result = read_with(lambda sink: read_tar(tmp_path / "b.tar.gz", reviews_contract, sink))
    assert [row["rule"] for row in result.rejected] == ["not-a-file"]
    assert len(result.rows) == 4


def test_of_two_reviews_of_one_name_the_second_is_set_aside(read: Any) -> None:
    result = read({**MEMBERS, "./aclImdb/train/pos/0_9.txt": "Again."})
    assert [(row["row"], row["rule"], row["raw"]) for row in result.rejected] == [(5, "twice", b"Again.")]
    assert len({row["example_id"] for row in result.rows}) == len(result.rows) == 4


def test_two_lists_of_films_for_one_folder_are_refused(read: Any) -> None:
    with pytest.raises(SourceFormatError, match=r"urls_pos\.txt stands twice"):
        read({**MEMBERS, "./aclImdb/train/urls_pos.txt": "http://example.invalid/title/tt99/usercomments\n"})


@pytest.mark.parametrize("headers", [{"GNU.sparse.map": "0,1,a"}, {"GNU.sparse.size": "x"}])
def test_a_sparse_member_that_makes_no_sense_is_refused(
    tmp_path: Path, read_with: Any, reviews_contract: Contract, headers: dict[str, str]
) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("aclImdb/train/pos/0_9.txt")
        member.pax_headers = headers
        archive.addfile(member)
    with pytest.raises(SourceFormatError):
        read_with(lambda sink: read_tar(tmp_path / "a.tar.gz", reviews_contract, sink))


@pytest.mark.parametrize("name", ["train/pos/0_9.txt", "aclImdb/../train/pos/0_9.txt", "x/aclImdb/train/pos/0_9.txt\n"])
def test_other_names_are_no_reviews(read: Any, name: str) -> None:
    assert len(read({name: "x", **MEMBERS}).rows) == 4


def test_a_lost_review_is_noticed(tmp_path: Path, reviews_contract: Contract, losing_sink: Any) -> None:
    write_tar(tmp_path / "a.tar.gz", MEMBERS)
    with pytest.raises(DamagedOutputError, match=r"a\.tar\.gz; seen: 3 kept and 0 rejected rows; expected: 4 rows"):
        with losing_sink(reviews_contract) as sink:
            read_tar(tmp_path / "a.tar.gz", reviews_contract, sink)


def test_an_archive_without_reviews_is_refused(read: Any) -> None:
    with pytest.raises(SourceFormatError, match="without reviews"):
        read({"aclImdb/README": "about"})


@pytest.mark.parametrize("cut", [10, 100, 200, -9, -4, -1])
def test_a_cut_archive_is_refused(tmp_path: Path, reviews_contract: Contract, cut: int) -> None:
    path = tmp_path / "a.tar.gz"
    write_tar(path, MEMBERS)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(SourceFormatError, match=r"a\.tar\.gz"), RowSink(tmp_path, reviews_contract.columns) as sink:
        read_tar(path, reviews_contract, sink)


@pytest.mark.parametrize("damage", [b"\xff", b"\0" * 512])
@pytest.mark.parametrize("member", range(1, len(MEMBERS)))
def test_a_damaged_header_in_the_middle_hides_no_review(
    tmp_path: Path, reviews_contract: Contract, member: int, damage: bytes
) -> None:
    path = tmp_path / "a.tar.gz"
    write_tar(path, MEMBERS)
    unpacked = bytearray(gzip.decompress(path.read_bytes()))
    unpacked[member * 1024 : member * 1024 + len(damage)] = damage  # one block of header, one of content each
    path.write_bytes(gzip.compress(unpacked))
    with pytest.raises(SourceFormatError, match="at byte"), RowSink(tmp_path, reviews_contract.columns) as sink:
        read_tar(path, reviews_contract, sink)


@pytest.mark.parametrize("data", [b"", b"no archive", gzip.compress(b"no tar, but gzip" * 100)])
def test_another_file_is_refused(tmp_path: Path, reviews_contract: Contract, data: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(data)
    with pytest.raises(SourceFormatError), RowSink(tmp_path, reviews_contract.columns) as sink:
        read_tar(path, reviews_contract, sink)
