"""Which token gets which id: by frequency, by first appearance, or by Keras's ranks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.config.options import OrderName, VocabularyOptions
from text_classifier.errors import DamagedOutputError


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

_BY_FREQUENCY = [("count", "descending"), ("token", "ascending")]
_BY_APPEARANCE = [("place", "ascending")]


@dataclass(frozen=True, slots=True)
class RankedTokens:
    """The tokens that get an id.

    Attributes:
        counts: token, count and document_count, lowest id first, special tokens left out.
        distinct_tokens: among how many.
    """

    counts: pa.Table
    distinct_tokens: int


def rank_tokens(parts: Iterable[pa.Table], options: VocabularyOptions, word_ranks: pa.Table | None) -> RankedTokens:
    """Choose among the tokens of all parts, each with its token, count, document_count and place, and order them.

    Keras's ranks that came with the source are taken as they are, so that id = rank + 3 even for a word that no
    example holds; `min_count` decides everywhere else.

    Raises:
        DamagedOutputError: the ranks are not 1, 2, 3, ...
    """
    size = options.max_size - len(SPECIALS[options.order].names)
    ranked = _in_rank_order(word_ranks)[:size] if options.order == "keras-ranks" and word_ranks is not None else None
    best, distinct_tokens = [], 0
    for part in parts:
        distinct_tokens += part.num_rows
        if ranked is not None:
            best.append(part.filter(pc.is_in(part["token"], value_set=ranked)))
        else:
            best = [_best(pa.concat_tables([*best, part]), options).slice(0, size)]
    counts = pa.concat_tables(best)
    return RankedTokens(counts if ranked is None else _counts_of(ranked, counts), distinct_tokens)


def _best(counts: pa.Table, options: VocabularyOptions) -> pa.Table:
    frequent = counts.filter(pc.greater_equal(counts["count"], options.min_count))
    return frequent.sort_by(_BY_APPEARANCE if options.order == "appearance" else _BY_FREQUENCY)


def _counts_of(tokens: pa.StringArray, counts: pa.Table) -> pa.Table:
    """The counts of the given tokens, in their order; 0 where there is none."""
    places = pc.index_in(tokens, value_set=counts["token"])
    found = {name: pc.fill_null(counts[name].take(places), 0) for name in ("count", "document_count")}
    return pa.table({"token": tokens} | found)


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
