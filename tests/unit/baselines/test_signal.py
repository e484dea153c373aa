"""A signal is found where there is one, and rarely where there is none."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from made_texts import labelled, noise
from pydantic import ValidationError
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import PredefinedSplit, permutation_test_score
from sklearn.naive_bayes import MultinomialNB

from text_classifier.baselines import find_signal
from text_classifier.baselines.ngrams import count_ngrams
from text_classifier.baselines.signal import NULL_SCORES, balanced_accuracies, p_value, score_and_null
from text_classifier.config import SignalRule
from text_classifier.errors import DamagedOutputError, TrainingError, UnknownNameError
from text_classifier.storage import verify
from text_classifier.store import Store

RULE = SignalRule()
TELLING = [("dull grey film", "sad"), ("warm bright film", "glad")] * 15


def bayes() -> MultinomialNB:
    return MultinomialNB(fit_prior=False)


@pytest.mark.parametrize("classes", [2, 7])
def test_all_refits_at_once_score_what_scikit_learn_scores_one_by_one(classes: int) -> None:
    texts, rng = noise(240, classes, seed=1), np.random.default_rng(2)
    words = count_ngrams(texts, 120, longest=1).as_presence()
    sets = np.stack([rng.permutation(texts.labels) for _ in range(20)], axis=1)
    theirs = [
        balanced_accuracy_score(y[120:], bayes().fit(words.learned, y[:120]).predict(words.scored)) for y in sets.T
    ]
    assert balanced_accuracies(words, sets, classes) == pytest.approx(theirs)


def test_without_groups_the_p_value_is_that_of_scikit_learn() -> None:
    texts = noise(300, 2, seed=3)
    words = count_ngrams(texts, 200, longest=1).as_presence()
    x = np.vstack([words.learned.todense(), words.scored.todense()])
    folds = PredefinedSplit([-1] * 200 + [0] * 100)
    score, _, p = permutation_test_score(
        bayes(), np.asarray(x), texts.labels, cv=folds, n_permutations=199, scoring="balanced_accuracy", random_state=0
    )
    ours, null = score_and_null(texts, 200, 2, RULE)
    assert ours == pytest.approx(score)
    assert p_value(ours, null) == pytest.approx(p, abs=0.15)  # of two draws of 200: three standard errors at most


def test_noise_passes_for_a_signal_as_often_as_the_level_says() -> None:
    """Of 200 data sets 10 are expected at 5 %; 3 to 19 are 99.5 % of the binomial distribution."""
    rule = SignalRule(refits=99)
    p_values = [p_value(*score_and_null(noise(60, 2, seed), 40, 2, rule)) for seed in range(1_000, 1_200)]
    assert 3 <= sum(p <= 0.05 for p in p_values) <= 19


def grouped_noise(seed: int, is_told: bool) -> float:
    """Groups of ten rows share three words and their label, which has nothing to do with the words."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(30), 10)
    words = rng.integers(0, 30, (30, 3))[groups]
    labels = rng.integers(0, 2, 30)[groups]
    texts = labelled(words.tolist(), labels.tolist(), [str(group) for group in groups] if is_told else None)
    return p_value(*score_and_null(texts, 200, 2, SignalRule(refits=99, seed=seed + 1_000)))


def test_groups_whose_rows_are_alike_are_shuffled_whole() -> None:
    told, untold = ([grouped_noise(seed, is_told) <= 0.05 for seed in range(100)] for is_told in (True, False))
    assert sum(told) <= 12  # 5 are expected; more than 12 in one of a thousand cases
    assert sum(untold) > 15


def test_a_learner_that_always_says_the_same_finds_nothing() -> None:
    """Every refit is a tie, and ties count as as good."""
    texts = labelled([[0]] * 60, [0] * 50 + [1] * 10)
    score, null = score_and_null(texts, 40, 2, RULE)
    assert (score, p_value(score, null)) == (0.5, 1.0)


def test_the_smallest_p_value_is_one_of_the_refits_and_the_true_labels() -> None:
    assert p_value(0.9, np.full(200, 0.5)) == 1 / 201
    assert p_value(0.5, np.array([0.5, 0.4, 0.6])) == 3 / 4


def test_a_rare_class_is_found_where_accuracy_would_see_the_common_one() -> None:
    rng = np.random.default_rng(5)
    labels = (rng.random(600) < 0.05).astype(int)
    tokens = rng.integers(0, 20, (600, 5))
    tokens[labels == 1, 0] = rng.integers(18, 30, labels.sum())  # often a word that only they have
    score, null = score_and_null(labelled(tokens.tolist(), labels.tolist()), 400, 2, RULE)
    assert p_value(score, null) <= 0.01
    assert null.mean() == pytest.approx(0.5, abs=0.03)


def test_the_record_says_what_was_found_and_the_scores_are_kept(write_data_set, tmp_path: Path, caplog) -> None:
    data_set = write_data_set({"train": TELLING, "val": TELLING[:4], "test": TELLING[:8]})
    with caplog.at_level(logging.INFO):
        found = find_signal(data_set, "mood", RULE, Store(tmp_path))
    assert (found.is_found, found.score_rate, found.p_value) == (True, 1.0, pytest.approx(1 / 201, rel=2))
    assert (found.train_rows, found.scored_rows, found.refits) == (30, 12, 200)
    assert found.folder.parent == tmp_path / "signals" / "films"
    null = pq.read_table(verify(found.folder) and found.folder / NULL_SCORES)["score_rate"].to_numpy()
    assert found.chance_rate == pytest.approx(null.mean())
    assert p_value(found.score_rate, null) == found.p_value
    assert "200 of 200 refits" in caplog.text
    again = find_signal(data_set, "mood", RULE, Store(tmp_path))
    assert again == found
    assert again.making.is_reused


def test_another_level_needs_no_new_shuffling(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set({"train": TELLING, "test": TELLING[:8]})
    find_signal(data_set, "mood", RULE, Store(tmp_path))
    strict = find_signal(data_set, "mood", SignalRule(level=0.005), Store(tmp_path))
    assert (strict.level, strict.making.is_reused) == (0.005, True)


def test_the_same_twice_gives_the_same_bytes(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set({"train": TELLING, "test": TELLING[:8]})
    first, second = (verify(find_signal(data_set, "mood", RULE, Store(tmp_path / at)).folder) for at in "ab")
    assert first.outputs == second.outputs


@pytest.mark.parametrize("train", [[("", "sad"), ("...", "glad")], [("a", "sad")], [("a a", "sad"), ("a b", "sad")]])
def test_too_little_to_learn_from_is_no_signal(train: Sequence, write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set({"train": train, "test": [("a", "sad"), ("b", "glad")]}, ("glad", "sad"))
    assert not find_signal(data_set, "mood", RULE, Store(tmp_path)).is_found


def test_what_cannot_be_tested_is_refused(write_data_set, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="examples to measure with"):
        find_signal(write_data_set({"train": TELLING}), "mood", RULE, Store(tmp_path))
    with pytest.raises(UnknownNameError, match="did you mean 'mood'"):
        find_signal(write_data_set({"train": TELLING}), "moo", RULE, Store(tmp_path))
    with pytest.raises(DamagedOutputError, match="no class"):
        find_signal(write_data_set({"train": TELLING, "test": TELLING}, ("sad",)), "mood", RULE, Store(tmp_path))
    assert not list(tmp_path.glob("signals/*/*"))


def test_a_level_below_the_smallest_p_value_is_refused() -> None:
    with pytest.raises(ValidationError, match="raise refits or level"):
        SignalRule(refits=50, level=0.01)
    assert SignalRule(refits=99, level=0.01).level == 0.01
