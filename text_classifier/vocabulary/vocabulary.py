"""A vocabulary that was built before: encodes texts exactly as the corpus it was built from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier.config.options import VocabularyOptions
from text_classifier.errors import DamagedOutputError
from text_classifier.storage import sha256_text
from text_classifier.vocabulary.ranking import SPECIALS, SpecialIds
from text_classifier.vocabulary.tokenized import tokenize_texts
from text_classifier.vocabulary.tokenizers import Tokenizer, as_text_array, tokenizer_named

VOCABULARY_FILE = "vocabulary.parquet"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`tokens` in the order of their ids 0, 1, 2, ..., special tokens first."""

    tokenizer: Tokenizer
    special: SpecialIds
    tokens: pa.StringArray

    @classmethod
    def load(cls, path: Path, options: VocabularyOptions) -> Vocabulary:
        """Reads `vocabulary.parquet`.

        Raises:
            DamagedOutputError: the ids are not 0, 1, 2, ...
        """
        table = pq.read_table(path, columns=["token", "token_id"])
        ids = table["token_id"].to_numpy()
        if not np.array_equal(ids, np.arange(len(ids))):
            raise DamagedOutputError(
                "the ids of a vocabulary have gaps",
                where=str(path),
                expected="token_id 0, 1, 2, ... in the order of the rows",
                to_do="build the vocabulary again with refresh=true",
            )
        tokens = table["token"].combine_chunks()
        return cls(tokenizer_named(options.tokenizer), SPECIALS[options.order], tokens)

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides a text's ids: tokens in their order, tokenizer, its version. Counts do not."""
        return sha256_text(json.dumps([self.tokenizer.name, self.tokenizer.version, self.tokens.to_pylist()]))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, texts: Sequence[str]) -> pa.ListArray:
        """The token ids of N texts: list<int32>, N rows, texts whole, a start id in front where there is one."""
        tokenized = tokenize_texts(as_text_array(texts), self.tokenizer)
        ids = pc.index_in(tokenized.dictionary, value_set=self.tokens).fill_null(self.special.unk).to_numpy()
        return encoded_lists(ids[tokenized.tokens], tokenized.offsets, self.special.start)


def encoded_lists(ids: np.ndarray, offsets: np.ndarray, start_id: int | None) -> pa.ListArray:
    """Flat ids and their N + 1 bounds as list<int32>; `start_id`, where there is one, stands before every row."""
    if start_id is not None:
        ids = np.insert(ids, offsets[:-1], start_id)
        offsets = offsets + np.arange(len(offsets))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(ids, pa.int32()))
