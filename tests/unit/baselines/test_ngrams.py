"""N-grams counted as scikit-learn counts them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_texts import labelled
from sklearn.feature_extraction.text import CountVectorizer

from text_classifier.baselines.ngrams import MIN_ROWS, count_ngrams

TEXTS = st.lists(st.lists(st.integers(0, 3), max_size=7), min_size=2, max_size=8)


def columns(counts: object) -> list[tuple[float, ...]]:
    return sorted(map(tuple, np.asarray(counts.todense()).T.tolist()))


@given(TEXTS, st.data(), st.integers(1, 3))
def test_the_counts_are_those_of_scikit_learn(texts: list[list[int]], data: st.DataObject, longest: int) -> None:
    learned_rows = data.draw(st.integers(1, len(texts)))
    ours = count_ngrams(labelled(texts, [0] * len(texts)), learned_rows, longest)
    theirs = CountVectorizer(
        tokenizer=str.split, token_pattern=None, ngram_range=(1, longest), min_df=MIN_ROWS, lowercase=False
    )
    words = [" ".join(map(str, text)) for text in texts]
    try:
        learned = theirs.fit_transform(words[:learned_rows])
    except ValueError:  # nothing stands in enough texts
        assert ours.learned.shape[1] == 0
        return
    scored = theirs.transform(words[learned_rows:]) if words[learned_rows:] else learned[:0]
    assert columns(ours.learned) == columns(learned)
    assert columns(ours.scored) == columns(scored)
    both = [np.vstack([one.todense(), two.todense()]) for one, two in ((ours.learned, ours.scored), (learned, scored))]
    assert sorted(map(tuple, both[0].T.tolist())) == sorted(map(tuple, both[1].T.tolist()))


def test_shorter_ones_and_presence_are_parts_of_the_counts() -> None:
    ngrams = count_ngrams(labelled([[1, 1, 2], [1, 1, 2], [1, 2]], [0, 0, 0]), 2, 3)
    assert ngrams.widths == (2, 2, 1)
    assert np.array_equal(ngrams.up_to(1).learned.todense(), [[2, 1], [2, 1]])
    assert np.array_equal(ngrams.up_to(1).as_presence().learned.todense(), [[1, 1], [1, 1]])
    assert np.array_equal(ngrams.scored.todense(), [[1, 1, 0, 1, 0]])


@pytest.mark.parametrize("texts", [[[], []], [[1], [2]]])
def test_texts_without_a_shared_token_have_no_ngram(texts: list[list[int]]) -> None:
    assert count_ngrams(labelled(texts, [0, 0]), 2, 3).learned.shape == (2, 0)
