import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from corpus_sources import saved, write_npz

from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.imdb import npz as imdb_npz
from text_classifier.corpus.imdb.npz import read_npz
from text_classifier.corpus.rows import RowSink
from text_classifier.errors import DamagedOutputError, SourceFormatError

WORDS = {"the": 1, "film": 2, "\x85": 3, "odd\xa0word": 5}
TRAIN, TEST = [[1, 2, 3], [5, 1]], [[2], [1], []]


def write_source(
    folder: Path, train: Any = TRAIN, labels: tuple[int, ...] = (1, 0), words: object = WORDS, without: str = ""
) -> tuple[Path, Path]:
    members = {
        "x_train": saved(train, object),
        "y_train": saved(labels, np.int64),
        "x_test": saved(TEST, object),
        "y_test": saved([0, 1, 1], np.int64),
    }
    write_npz(folder / "imdb.npz", **{name: data for name, data in members.items() if name != without})
    (folder / "imdb_word_index.json").write_text(json.dumps(words), "utf-8")
    return folder / "imdb.npz", folder / "imdb_word_index.json"


def test_ranks_become_words_and_can_be_had_back(tmp_path: Path, read_with: Any, reviews_contract: Contract) -> None:
    npz, index = write_source(tmp_path)
    read = read_with(lambda sink: read_npz(npz, index, reviews_contract, sink))
    assert [[WORDS[word] for word in row["text"].split(" ") if word] for row in read.rows] == TRAIN + TEST
    assert [(row["example_id"], row["row"], row["split"], row["label"]) for row in read.rows] == [
        ("train/0", 1, "train", "pos"),
        ("train/1", 2, "train", "neg"),
        ("test/0", 3, "test", "neg"),
        ("test/1", 4, "test", "pos"),
        ("test/2", 5, "test", "pos"),
    ]
    assert {(row["group"], row["rating"]) for row in read.rows} == {(None, None)}


def test_the_ranks_of_the_words_are_kept(tmp_path: Path, reviews_contract: Contract) -> None:
    npz, index = write_source(tmp_path)
    with RowSink(tmp_path, reviews_contract.columns) as sink:
        read_npz(npz, index, reviews_contract, sink)
    table = pq.read_table(tmp_path / "word_ranks.parquet")
    assert dict(zip(table["token"].to_pylist(), table["rank"].to_pylist(), strict=True)) == WORDS


@pytest.mark.parametrize(("train", "labels", "rule"), [
    ([[1], [4]], (1, 0), "word-rank"),
    ([[1], [0]], (1, 0), "word-rank"),
    ([[1], [6]], (1, 0), "word-rank"),
    ([[1], [-1]], (1, 0), "word-rank"),
    ([[1], [2]], (1, 2), "label"),
])  # fmt: skip
def test_a_row_without_words_or_label_is_set_aside(
    tmp_path: Path, read_with: Any, reviews_contract: Contract, train: Any, labels: tuple[int, int], rule: str
) -> None:
    npz, index = write_source(tmp_path, train, labels)
    read = read_with(lambda sink: read_npz(npz, index, reviews_contract, sink))
    assert [(row["row"], row["rule"], row["raw"]) for row in read.rejected] == [
        (2, rule, json.dumps(train[1]).encode())
    ]
    assert len(read.rows) == 4


def test_a_lost_review_is_noticed(tmp_path: Path, reviews_contract: Contract, losing_sink: Any) -> None:
    npz, index = write_source(tmp_path)
    with pytest.raises(DamagedOutputError, match=r"imdb\.npz; seen: 3 kept and 0 rejected rows; expected: 5 rows"):
        with losing_sink(reviews_contract) as sink:
            read_npz(npz, index, reviews_contract, sink)


Change = Callable[[Path], tuple[Path, Path]]
WRONG: list[Change] = [
    lambda folder: write_source(folder, without="x_test"),
    lambda folder: write_source(folder, labels=(1,)),
    lambda folder: write_source(folder, train=[[1.5], [1]]),
    lambda folder: write_source(folder, words=[]),
    lambda folder: write_source(folder, words={}),
    lambda folder: write_source(folder, words={"a": 1.0}),
    lambda folder: write_source(folder, words={"a": 1, "b": 1}),
    lambda folder: write_source(folder, words={"a": 0}),
    lambda folder: write_source(folder, words={"a": 2**40}),
    lambda folder: write_source(folder, words={"\ud800": 1}),
]


@pytest.mark.parametrize("write", WRONG)
def test_wrong_files_are_refused(tmp_path: Path, reviews_contract: Contract, write: Change) -> None:
    npz, index = write(tmp_path)
    with pytest.raises(SourceFormatError), RowSink(tmp_path, reviews_contract.columns) as sink:
        read_npz(npz, index, reviews_contract, sink)


def test_a_member_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, reviews_contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    npz, index = write_source(tmp_path)
    monkeypatch.setattr(imdb_npz, "_MAX_MEMBER_BYTES", 50)
    with pytest.raises(SourceFormatError, match="unpacks to more than 50 bytes"):
        with RowSink(tmp_path, reviews_contract.columns) as sink:
            read_npz(npz, index, reviews_contract, sink)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_is_refused_however_it_is_packed(
    tmp_path: Path, reviews_contract: Contract, method: int
) -> None:
    npz, index = write_source(tmp_path)
    with zipfile.ZipFile(npz) as whole, zipfile.ZipFile(tmp_path / "other.npz", "w", method) as packed:
        for name in whole.namelist():
            packed.writestr(name, whole.read(name))
    data = bytearray((tmp_path / "other.npz").read_bytes())
    for place in range(0, len(data), 7):
        damaged = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
        (tmp_path / "other.npz").write_bytes(damaged)
        with suppress(SourceFormatError), RowSink(tmp_path, reviews_contract.columns) as sink:
            read_npz(tmp_path / "other.npz", index, reviews_contract, sink)


@pytest.mark.parametrize("name", ["imdb.npz", "imdb_word_index.json"])
def test_a_cut_file_is_refused(tmp_path: Path, reviews_contract: Contract, name: str) -> None:
    npz, index = write_source(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SourceFormatError, match=name), RowSink(tmp_path, reviews_contract.columns) as sink:
        read_npz(npz, index, reviews_contract, sink)
