"""The two-sample test by a classifier: can old texts be told from new ones?

Source: Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from text_classifier.contract.splits import position_of

FEWEST_TEXTS, MOST_TEXTS = 50, 5_000
"""Of either side: with fewer the test sees next to nothing, with more it takes longer and sees no more that matters."""

TELLING_WORDS = 8
_WORD_CHARACTERS = 40
_FEATURES = 30_000
_TOKEN = r"\w+|[^\w\s]"  # noqa: S105, a pattern; every text that is not blank has one
_SEED = 20_170_424


@dataclass(frozen=True, slots=True)
class Sample:
    """N texts and what may not be divided between the halves; see `Delivery.group_keys`."""

    texts: list[str]
    keys: list[str]


@dataclass(frozen=True, slots=True)
class ToldApart:
    """How well a naive Bayes classifier tells old from new on texts that it did not learn from.

    Attributes:
        accuracy_rate: half of the scored texts are new, so 0.5 is chance.
        p_value: binomial test against chance, one-sided.
        words: those whose share of texts differs most between old and new, the largest difference first.
    """

    scored_rows: int
    accuracy_rate: float
    p_value: float
    words: tuple[str, ...]


def told_apart(old: Sample, new: Sample) -> ToldApart | None:
    """Learn on one half of both samples and score the other; None where a half has fewer than `FEWEST_TEXTS` / 2 texts.

    Texts of a group stand in one half, so that nothing is gained by knowing a group again. Both halves hold as many
    old texts as new ones. Words are counted, not only noted: their frequencies stay when texts grow longer, so that
    length, which has a measure of its own, tells next to nothing (0.53 where noting them gives 0.57, texts doubled).
    """
    from scipy.stats import binomtest
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    (learned, learned_is_new), (scored, scored_is_new) = (_half(old, new, side) for side in (False, True))
    if min(len(learned), len(scored)) < FEWEST_TEXTS / 2:
        return None
    words = CountVectorizer(token_pattern=_TOKEN, max_features=_FEATURES)
    counts = words.fit_transform(learned)
    classifier = MultinomialNB().fit(counts, learned_is_new)
    right = int((classifier.predict(words.transform(scored)) == scored_is_new).sum())
    stands = (counts > 0).astype(np.float64)
    gaps = np.asarray(stands[learned_is_new].mean(axis=0) - stands[~learned_is_new].mean(axis=0)).ravel()
    largest = np.argsort(-np.abs(gaps), kind="stable")[:TELLING_WORDS]
    names = words.get_feature_names_out()[largest]
    p_value = binomtest(right, len(scored), 0.5, alternative="greater").pvalue
    telling = tuple(str(name)[:_WORD_CHARACTERS] for name in names)
    return ToldApart(len(scored), right / len(scored), float(p_value), telling)


def _half(old: Sample, new: Sample, side: bool) -> tuple[list[str], np.ndarray]:
    """The texts of one half, as many old ones as new ones, and (N,) bool: whether each is new."""
    sides = [
        [text for text, key in zip(sample.texts, sample.keys, strict=True) if (position_of(key, _SEED) < 0.5) == side]
        for sample in (old, new)
    ]
    rows = min(len(texts) for texts in sides)
    return [*sides[0][:rows], *sides[1][:rows]], np.arange(2 * rows) >= rows
