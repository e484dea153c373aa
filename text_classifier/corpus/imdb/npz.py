"""Reader of Keras's `imdb.npz`: reviews as word ranks, turned back into words with the official word index.

The file holds plain ranks (1 = the most frequent word); Keras adds its offset of 3 when it loads them. A review
comes out as its words joined by one space, so splitting the text at single spaces gives the ranks back exactly
(some "words" of the index are themselves odd white space, such as U+0085).
"""

from __future__ import annotations

import errno
import json
import logging
import lzma
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.imdb.pickles import integer_lists, integers
from text_classifier.corpus.rows import RejectedRow, RowSink
from text_classifier.errors import SourceFormatError
from text_classifier.records import PARQUET_COMPRESSION, WORD_RANKS

logger = logging.getLogger(__name__)

WORD_INDEX = "imdb_word_index.json"
SPLITS = ("train", "test")
CLASSES = pa.array(["neg", "pos"])  # by the file's number
_MAX_MEMBER_BYTES = 512 << 20
_MAX_INDEX_BYTES = 64 << 20
_MAX_RANK = 10_000_000
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError)


def read_npz(path: Path, word_index: Path, contract: Contract, sink: RowSink) -> None:
    """Read all reviews into `sink`; writes `word_ranks.parquet` beside its rows.

    Raises:
        SourceFormatError: a file is not what it should be. No pickle of it is executed.
        DamagedOutputError: a review was lost or doubled.
    """
    words = _words_by_rank(word_index)
    reviews = 0
    for split in SPLITS:
        logger.info("decoding the %s split of %s", split, path.name)
        ranks = integer_lists(_member(path, f"x_{split}.npy"), f"x_{split}.npy")
        labels = integers(_member(path, f"y_{split}.npy"), f"y_{split}.npy")
        if len(ranks) != len(labels):
            raise _wrong(path, f"{len(ranks)} reviews and {len(labels)} labels in {split}", "as many labels as reviews")
        columns = _places(split, len(ranks), reviews + 1)
        columns[contract.text_column] = _texts(ranks, words)
        columns[contract.label_columns[0]] = CLASSES.take(pa.array(labels, mask=(labels < 0) | (labels > 1)))
        _write(sink, columns, contract, ranks)
        reviews += len(ranks)
    sink.account_for(reviews, path.name)
    _write_ranks(sink.folder / WORD_RANKS, words)


def _places(split: str, rows: int, first_row: int) -> dict[str, pa.Array]:
    return {
        "example_id": pa.array([f"{split}/{index}" for index in range(rows)]),
        "row": pa.array(np.arange(first_row, first_row + rows, dtype=np.int64)),
        "lines": pa.array(np.ones(rows, dtype=np.int32)),
        "split": pa.array([split] * rows),
    }


def _write(sink: RowSink, columns: dict[str, pa.Array], contract: Contract, ranks: pa.ListArray) -> None:
    has_text = pc.is_valid(columns[contract.text_column])
    is_good = pc.and_(has_text, pc.is_valid(columns[contract.label_columns[0]]))
    for index in np.flatnonzero(~is_good.to_numpy(zero_copy_only=False)):
        raw = json.dumps(ranks[index].as_py()).encode()
        rule, why = ("label", "neither 0 nor 1") if has_text[index].as_py() else ("word-rank", "a rank without a word")
        sink.reject([RejectedRow(columns["row"][index].as_py(), 1, rule, why, raw)])
    sink.keep({name: array.filter(is_good) for name, array in columns.items()})


def _texts(ranks: pa.ListArray, words: pa.StringArray) -> pa.StringArray:
    """(N,) texts; null where a rank has no word."""
    flat = ranks.flatten()
    is_known = pc.and_(pc.greater_equal(flat, 1), pc.less_equal(flat, len(words)))
    found = words.take(pc.if_else(is_known, pc.subtract(flat, 1), None))
    lists = pa.ListArray.from_arrays(ranks.offsets, found)
    return pc.binary_join(lists, " ")


def _words_by_rank(path: Path) -> pa.StringArray:
    """The words of the index; word of rank r at r - 1, null where no word has the rank."""
    if path.stat().st_size > _MAX_INDEX_BYTES:
        raise _wrong(path, f"{path.stat().st_size:,} bytes", "a word index of a few megabytes")
    try:
        index = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"no JSON: {error}", "a JSON object of words and ranks") from error
    if not isinstance(index, dict) or not index or not all(type(rank) is int for rank in index.values()):
        raise _wrong(path, "another JSON value", "a JSON object with one whole number per word")
    low, high = min(index.values()), max(index.values())
    if low < 1 or high > _MAX_RANK or len(set(index.values())) != len(index):
        raise _wrong(path, f"ranks from {low} to {high}, {len(index)} words", "one rank per word, counted from 1")
    by_rank: list[str | None] = [None] * high
    for word, rank in index.items():
        by_rank[rank - 1] = word
    try:
        return pa.array(by_rank, pa.string())
    except UnicodeEncodeError as error:
        raise _wrong(path, f"the word {error.object[:80]!a}", "words of whole Unicode characters") from error


def _write_ranks(path: Path, words: pa.StringArray) -> None:
    ranks = pa.array(np.arange(1, len(words) + 1, dtype=np.int32))
    table = pa.table({"token": words, "rank": ranks}).drop_null()
    pq.write_table(table, path, compression=PARQUET_COMPRESSION)


def _member(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
            data = stream.read(_MAX_MEMBER_BYTES + 1)
    except KeyError as error:
        raise _wrong(path, f"no member {name}", "x_train, y_train, x_test and y_test") from error
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            raise  # the disk's, not the format's
        raise _wrong(path, str(error), "a whole .npz archive") from error
    if len(data) > _MAX_MEMBER_BYTES:
        raise _wrong(path, f"{name} unpacks to more than {_MAX_MEMBER_BYTES:,} bytes", "Keras's imdb.npz")
    return data


def _wrong(path: Path, seen: str, expected: str) -> SourceFormatError:
    return SourceFormatError(
        "the word-rank form of the reviews cannot be read",
        where=path.name,
        seen=seen,
        expected=expected,
        to_do="get both files anew from the official address",
    )
