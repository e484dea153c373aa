"""One pass of a tokenizer over the splits of a data set, kept as positions in one dictionary of tokens."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.records import Split
from text_classifier.vocabulary.tokenizers import Tokenizer

_BATCH_ROWS = 2_048
_KEY_COLUMNS = ["example_id", "row", "text_digest"]

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TokenizedSplit:
    """N examples in the order of their file.

    Attributes:
        keys: example_id, row and text_digest, N rows.
        tokens: all their tokens one after another, as positions in the corpus's dictionary.
        offsets: N + 1 bounds; example i has tokens[offsets[i]:offsets[i + 1]].
    """

    keys: pa.Table
    tokens: Int32s
    offsets: Int64s


@dataclass(frozen=True, slots=True)
class TokenizedCorpus:
    """The distinct tokens of all splits, and the splits in terms of them."""

    dictionary: pa.StringArray
    splits: dict[Split, TokenizedSplit]


@dataclass(frozen=True, slots=True)
class _Batch:
    split: Split
    keys: pa.Table
    tokens: pa.DictionaryArray
    lengths: Int32s


def tokenize_splits(files: dict[Split, Path], tokenizer: Tokenizer) -> TokenizedCorpus:
    """Tokenize the column `text` of every file, each text once, on all cores."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        batches: list[_Batch] = []
        unread = _read_batches(files)
        while window := list(islice(unread, 2 * (os.cpu_count() or 1))):
            batches.extend(pool.map(partial(_tokenize_batch, tokenizer), window))
    chunks = pa.chunked_array([batch.tokens for batch in batches]).unify_dictionaries().chunks
    indices: dict[Split, list[Int32s]] = {split: [] for split in files}
    for batch, chunk in zip(batches, chunks, strict=True):
        indices[batch.split].append(chunk.indices.to_numpy())
    splits = {split: _joined(indices[split], [b for b in batches if b.split == split]) for split in files}
    return TokenizedCorpus(chunks[0].dictionary, splits)


def _read_batches(files: dict[Split, Path]) -> Iterator[tuple[Split, pa.RecordBatch]]:
    for split, path in files.items():
        with pq.ParquetFile(path) as file:
            for rows in file.iter_batches(_BATCH_ROWS, columns=[*_KEY_COLUMNS, "text"]):
                yield split, rows


def _tokenize_batch(tokenizer: Tokenizer, read: tuple[Split, pa.RecordBatch]) -> _Batch:
    split, rows = read
    tokens = tokenizer.tokenize(rows["text"])
    lengths = np.diff(tokens.offsets.to_numpy())
    keys = pa.Table.from_batches([rows.select(_KEY_COLUMNS)])
    return _Batch(split, keys, tokens.values.dictionary_encode(), lengths)


def _joined(indices: Iterable[Int32s], batches: list[_Batch]) -> TokenizedSplit:
    lengths = np.concatenate([batch.lengths for batch in batches])
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return TokenizedSplit(pa.concat_tables([b.keys for b in batches]), np.concatenate(list(indices)), offsets)
