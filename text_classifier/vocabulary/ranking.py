"""Which token gets which id: by frequency, by first appearance, or by Keras's ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.config.options import OrderName, VocabularyOptions
from text_classifier.errors import DamagedOutputError
from text_classifier.records import Split
from text_classifier.vocabulary.tokenized import Int64s, TokenizedCorpus

_PLACE_BITS = 24  # of a token's place in the source: row << 24 + position, so texts of up to 16 million tokens


@dataclass(frozen=True, slots=True)
class SpecialIds:
    """The ids that stand for no word; their names are the first rows of the vocabulary. Padding is always 0."""

    names: tuple[str, ...]
    unk: int
    start: int | None = None


_PLAIN = SpecialIds(("[PAD]", "[UNK]"), unk=1)
SPECIALS: dict[OrderName, SpecialIds] = {
    "frequency": _PLAIN,
    "appearance": _PLAIN,
    "keras-ranks": SpecialIds(("[PAD]", "[START]", "[UNK]", "[UNUSED]"), unk=2, start=1),
}


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Per token of the dictionary, in the `splits` that are counted: how often, and in how many examples."""

    splits: tuple[Split, ...]
    counts: Int64s
    document_counts: Int64s


def count_tokens(corpus: TokenizedCorpus, splits: tuple[Split, ...]) -> Occurrences:
    """Occurrences of every token of the dictionary in the given splits (those of them that exist)."""
    size = len(corpus.dictionary)
    counts, document_counts = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for split in (corpus.splits[name] for name in splits if name in corpus.splits):
        counts += np.bincount(split.tokens, minlength=size)
        documents = np.repeat(np.arange(split.keys.num_rows, dtype=np.int64), np.diff(split.offsets))
        distinct = np.unique(documents * size + split.tokens)
        document_counts += np.bincount(distinct % size, minlength=size)
    return Occurrences(splits, counts, document_counts)


def rank_tokens(
    corpus: TokenizedCorpus, occurrences: Occurrences, options: VocabularyOptions, word_ranks: pa.Table | None
) -> pa.StringArray:
    """The tokens that get an id, lowest id first, special tokens left out.

    Keras's ranks that came with the source are taken as they are, so that id = rank + 3 even for a word that no
    example holds; `min_count` decides everywhere else.

    Raises:
        DamagedOutputError: the ranks are not 1, 2, 3, ...
    """
    if options.order == "keras-ranks" and word_ranks is not None:
        ranked = _in_rank_order(word_ranks)
    else:
        by = _by_appearance if options.order == "appearance" else _by_frequency
        order = by(corpus, occurrences)
        ranked = corpus.dictionary.take(order[occurrences.counts[order] >= options.min_count])
    return ranked.slice(0, options.max_size - len(SPECIALS[options.order].names))


def _by_frequency(corpus: TokenizedCorpus, occurrences: Occurrences) -> Int64s:
    counted = pa.table({"count": occurrences.counts, "token": corpus.dictionary})
    order = pc.sort_indices(counted, sort_keys=[("count", "descending"), ("token", "ascending")])
    return np.asarray(order, np.int64)


def _by_appearance(corpus: TokenizedCorpus, occurrences: Occurrences) -> Int64s:
    first = np.full(len(corpus.dictionary), np.iinfo(np.int64).max)
    for split in (corpus.splits[name] for name in occurrences.splits if name in corpus.splits):
        lengths = np.diff(split.offsets)
        within = np.arange(len(split.tokens)) - np.repeat(split.offsets[:-1], lengths)
        place = (np.repeat(split.keys["row"].to_numpy(), lengths) << _PLACE_BITS) + within
        np.minimum.at(first, split.tokens, place)
    return np.argsort(first, kind="stable")


def _in_rank_order(word_ranks: pa.Table) -> pa.StringArray:
    ordered = word_ranks.sort_by("rank")
    ranks = ordered["rank"].to_numpy()
    if not np.array_equal(ranks, np.arange(1, len(ranks) + 1)):
        raise DamagedOutputError(
            "the word ranks that came with the source have gaps or doubles",
            where="word_ranks.parquet of the data set",
            seen=f"{len(ranks)} ranks from {ranks.min()} to {ranks.max()}",
            expected="1, 2, 3, ... each once",
            to_do="fetch the word index again, then run prepare-data with refresh=true",
        )
    return ordered["token"].combine_chunks()
