"""Which runs of tokens stand in which text. Legend: N texts, L of them learned from, V n-grams, T tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from text_classifier.baselines.texts import Int64s, LabelledTexts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MIN_ROWS = 2
"""Texts learned from that must hold an n-gram. On val of the IMDB reviews NB-SVM is right in 91.65 % of the rows so,
in 91.36 % with all n-grams and in 91.73 % from 3 on: no difference that 2,708 rows could tell, and a fifth of the
n-grams."""


@dataclass(frozen=True, slots=True)
class Ngrams:
    """How often every n-gram stands in every text.

    Attributes:
        learned: (L, V) counts.
        scored: (N - L, V) counts.
        widths: how many of the V columns are of one token, how many of two, and so on; they stand in this order.
    """

    learned: csr_matrix
    scored: csr_matrix
    widths: tuple[int, ...]

    def up_to(self, length: int) -> Ngrams:
        """Without the n-grams of more than `length` tokens."""
        columns = sum(self.widths[:length])
        return Ngrams(self.learned[:, :columns], self.scored[:, :columns], self.widths[:length])

    def as_presence(self) -> Ngrams:
        """1 wherever an n-gram stands, however often."""
        return Ngrams((self.learned > 0).astype(np.float64), (self.scored > 0).astype(np.float64), self.widths)


def count_ngrams(texts: LabelledTexts, learned_rows: int, longest: int) -> Ngrams:
    """Count the n-grams of one to `longest` tokens, the first `learned_rows` texts being those learned from.

    No n-gram runs over the end of a text. One that fewer than MIN_ROWS texts learned from hold is left out, and with
    it every longer one that contains it, which no more texts can hold. scikit-learn's CountVectorizer counts the same,
    given the tokens of a text, in five times the time.
    """
    import pandas as pd
    from scipy.sparse import hstack

    rows = np.repeat(np.arange(len(texts.labels)), np.diff(texts.offsets))
    starts, codes = np.arange(len(rows)), texts.tokens
    blocks = []
    for _ in range(longest):
        ids, distinct = pd.factorize(codes)
        counts = _counts(rows[starts], ids, (len(texts.labels), len(distinct)))
        is_kept = np.bincount(counts[:learned_rows].indices, minlength=len(distinct)) >= MIN_ROWS
        blocks.append(counts[:, is_kept])
        starts, codes = _longer(rows, starts, np.where(is_kept, np.cumsum(is_kept) - 1, -1)[ids])
    counts = hstack(blocks, format="csr")
    return Ngrams(counts[:learned_rows], counts[learned_rows:], tuple(block.shape[1] for block in blocks))


def _counts(rows: Int64s, ids: Int64s, shape: tuple[int, int]) -> csr_matrix:
    from scipy.sparse import csr_matrix

    counts = csr_matrix((np.ones(len(rows)), (rows, ids)), shape)
    counts.sum_duplicates()
    return counts


def _longer(rows: Int64s, starts: Int64s, ids: Int64s) -> tuple[Int64s, Int64s]:
    """Where n-grams of one token more start, and a code for each: the ids of its first and its last n tokens.

    Args:
        rows: (T,) text of every token.
        starts: where the n-grams of n tokens start.
        ids: of those n-grams, below 0 where one is left out.
    """
    id_at = np.full(len(rows) + 1, -1)
    id_at[starts] = ids
    is_one_text = np.zeros(len(rows), bool)
    is_one_text[:-1] = rows[1:] == rows[:-1]
    longer = np.flatnonzero(is_one_text & (id_at[:-1] >= 0) & (id_at[1:] >= 0))
    return longer, id_at[longer] * (ids.max(initial=0) + 1) + id_at[longer + 1]
