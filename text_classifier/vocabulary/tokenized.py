"""Texts as positions in a dictionary of their tokens; what recurs in a text is tokenized once.

A tokenizer's patterns are slow beside a hash table, and 23 million words of film reviews are 1 million different ones.
So texts are cut at places where every tokenizer cuts too, and it sees only the distinct pieces.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.records import Split
from text_classifier.vocabulary.blocks import Block, in_order, read_blocks
from text_classifier.vocabulary.tokenizers import Tokenizer

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TokenizedTexts:
    """N texts.

    Attributes:
        dictionary: their distinct tokens, in order of first appearance where these texts are all that share it.
        tokens: all their tokens one after another, as positions in the dictionary.
        offsets: N + 1 bounds; text i has tokens[offsets[i]:offsets[i + 1]].
    """

    dictionary: pa.StringArray
    tokens: Int32s
    offsets: Int64s


def tokenize_texts(texts: pa.StringArray, tokenizer: Tokenizer) -> TokenizedTexts:
    """The tokens of each of N texts, equal to those of `tokenizer.tokenize(texts)`. A null has none."""
    pieces, bounds = _pieces(pc.fill_null(pc.ascii_lower(texts), ""))  # lowered, fewer pieces differ
    distinct = pieces.dictionary_encode()
    cut = tokenizer.tokenize(distinct.dictionary)
    tokens = cut.values.dictionary_encode()
    lists = pa.ListArray.from_arrays(cut.offsets, tokens.indices).take(distinct.indices)
    offsets = lists.offsets.to_numpy()[bounds].astype(np.int64)
    return TokenizedTexts(tokens.dictionary, lists.values.to_numpy(), offsets)


def tokenize_splits(files: Mapping[Split, Path], tokenizer: Tokenizer) -> dict[Split, TokenizedTexts]:
    """The column `text` of every file, tokenized on all cores and in memory; one dictionary for all splits."""

    def work(block: Block) -> tuple[Split, TokenizedTexts]:
        return block.split, tokenize_texts(block.rows["text"], tokenizer)

    blocks = list(in_order(work, read_blocks(files, [], "tokenizing"), os.cpu_count() or 1))
    encoded = [pa.DictionaryArray.from_arrays(texts.tokens, texts.dictionary) for _, texts in blocks]
    unified = pa.chunked_array(encoded, pa.dictionary(pa.int32(), pa.string())).unify_dictionaries().chunks
    found: dict[Split, list[TokenizedTexts]] = {split: [] for split in files}
    for (split, texts), chunk in zip(blocks, unified, strict=True):
        found[split].append(TokenizedTexts(chunk.dictionary, chunk.indices.to_numpy(), texts.offsets))
    return {split: _joined(texts) for split, texts in found.items()}


def _joined(texts: list[TokenizedTexts]) -> TokenizedTexts:
    lengths = np.concatenate([np.diff(part.offsets) for part in texts])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return TokenizedTexts(texts[-1].dictionary, np.concatenate([part.tokens for part in texts]), offsets)


def _pieces(texts: pa.StringArray) -> tuple[pa.StringArray, Int64s]:
    """N texts cut behind every `>`, and behind a space unless another, `/` or `>` follows: never inside `<br />`.

    Both characters are gaps to every tokenizer, and no pattern but the tag's has one in its midst, so that the tokens
    of the pieces are those of the text. Bytes of ASCII are no part of other characters in UTF-8.

    Returns:
        The pieces, without a copy of the text, and N + 1 bounds of the texts in them.
    """
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int32)[texts.offset :][: len(texts) + 1]
    read = np.frombuffer(data or b"", np.uint8)[starts[0] : starts[-1]]
    following = read[1:]
    is_last = read == ord(" ")
    is_last[:-1] &= (following != ord(" ")) & (following != ord("/")) & (following != ord(">"))
    is_last |= read == ord(">")
    ends = np.flatnonzero(is_last) + 1
    places = np.searchsorted(ends, starts - starts[0])
    bounds = np.insert(ends, places, starts - starts[0]).astype(np.int32)
    pieces = pa.StringArray.from_buffers(len(bounds) - 1, pa.py_buffer(bounds), pa.py_buffer(read))
    return pieces, places + np.arange(len(starts))
