"""Every baseline against its formula, and on data that leaves little to learn."""

import numpy as np
import pytest
from made_texts import labelled, noise
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from text_classifier.baselines.learners import BASELINES, LONGEST_NGRAM_TOKENS, fit, log_count_ratio, nb_svm
from text_classifier.baselines.ngrams import Ngrams, count_ngrams
from text_classifier.baselines.texts import LabelledTexts

PLAIN = {"majority class", "stratified chance"}


def prepared(texts: LabelledTexts, learned_rows: int) -> tuple[Ngrams, np.ndarray, np.ndarray]:
    ngrams = count_ngrams(texts, learned_rows, LONGEST_NGRAM_TOKENS)
    return ngrams, texts.labels[:learned_rows], texts.labels[learned_rows:]


def telling(rows: int, classes: int) -> LabelledTexts:
    """A text of class c holds the token c among others that say nothing."""
    rng = np.random.default_rng(7)
    labels = rng.integers(0, classes, rows)
    return labelled([[*rng.integers(classes, 20, 5), label] for label in labels], labels.tolist())


@pytest.mark.parametrize("name", sorted(BASELINES.keys() - PLAIN))
@pytest.mark.parametrize("classes", [2, 7])
def test_what_can_be_learned_is_learned(name: str, classes: int) -> None:
    ngrams, labels, truth = prepared(telling(400, classes), 300)
    assert np.mean(fit(BASELINES[name], ngrams, labels).predictions == truth) > 0.97


@pytest.mark.parametrize("name", BASELINES)
def test_ten_rows_of_noise_are_enough_to_run(name: str) -> None:
    ngrams, labels, truth = prepared(noise(15, 2, seed=1), 10)
    done = fit(BASELINES[name], ngrams, labels)
    assert (done.predictions.shape, done.predictions.dtype) == (truth.shape, np.int64)
    assert np.array_equal(done.predictions, fit(BASELINES[name], ngrams, labels).predictions)


@pytest.mark.parametrize("name", BASELINES)
def test_a_class_that_was_not_learned_is_never_said(name: str) -> None:
    ngrams, labels, _ = prepared(noise(80, 3, seed=2), 60)
    known = np.where(labels == 1, 2, labels)
    assert set(fit(BASELINES[name], ngrams, known).predictions) <= {0, 2}


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("texts", [[[1, 2]] * 6, [[], [], [1], [], [2], [3]]])
def test_one_class_or_no_token_gives_the_commonest_class(name: str, texts: list[list[int]]) -> None:
    labels = [1, 1, 1, 1, 0, 0] if texts[0] else [1, 0, 1, 1, 0, 0]
    ngrams, learned, _ = prepared(labelled(texts, labels), 4)
    assert fit(BASELINES[name], ngrams, learned).predictions.tolist() == [1, 1]


def test_the_majority_is_that_of_train_and_the_first_among_equals() -> None:
    ngrams = prepared(noise(10, 2, seed=3), 8)[0]
    assert fit(BASELINES["majority class"], ngrams, np.array([2, 2, 1, 1, 1, 0, 0, 0])).predictions.tolist() == [0, 0]


def test_chance_says_the_classes_as_often_as_they_were_learned() -> None:
    ngrams, labels, _ = prepared(labelled([[1]] * 4_000, [0, 1, 1, 1] * 1_000), 2_000)
    said = fit(BASELINES["stratified chance"], ngrams, labels).predictions
    assert np.mean(said) == pytest.approx(0.75, abs=0.03)


def test_naive_bayes_counts_single_tokens() -> None:
    """By hand, add-one smoothing, two rows of each class, tokens a b of which the scored text holds a b b:
    class 0 has a a a b, log(4/6) + 2 log(2/6) = -2.60; class 1 has a b b b, log(2/6) + 2 log(4/6) = -1.91."""
    texts = labelled([[1, 1], [1, 2], [1, 2], [2, 2], [1, 2, 2], [1, 1, 2]], [0, 0, 1, 1, 1, 0])
    ngrams, labels, truth = prepared(texts, 4)
    assert np.array_equal(fit(BASELINES["naive Bayes"], ngrams, labels).predictions, truth)
    model = MultinomialNB().fit(ngrams.up_to(1).learned, labels)
    assert np.exp(model.feature_log_prob_) == pytest.approx(np.array([[4 / 6, 2 / 6], [2 / 6, 4 / 6]]))


def test_the_log_count_ratio_is_that_of_the_paper() -> None:
    """Wang and Manning 2012, equation 3: log((p / |p|) / (q / |q|)) with p, q the rows per n-gram plus one."""
    present = count_ngrams(labelled([[1, 2], [1], [2], [1, 2]], [0] * 4), 4, 1).learned
    p, q = np.array([3, 2]), np.array([2, 3])  # token 1 and 2 in rows 0, 1 and in rows 2, 3
    expected = np.log((p / 5) / (q / 5))
    assert log_count_ratio(present, np.array([True, True, False, False])) == pytest.approx(expected)


@pytest.mark.parametrize("classes", [2, 3])
def test_nb_svm_is_a_regression_on_ratios_one_class_against_the_rest(classes: int) -> None:
    ngrams, labels, _ = prepared(noise(120, classes, seed=4), 90)
    x, z = ((np.asarray(part.todense()) > 0).astype(float) for part in (ngrams.learned, ngrams.scored))
    scores = []
    for name in range(classes):
        inside, outside = x[labels == name].sum(axis=0) + 1, x[labels != name].sum(axis=0) + 1
        ratio = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
        plain = LogisticRegression(C=1.0, tol=1e-8, max_iter=10_000, solver="liblinear", dual=True, random_state=1)
        scores.append(plain.fit(x * ratio, labels == name).decision_function(z * ratio))
    margin = np.sort(np.array(scores), axis=0)[-1] - np.sort(np.array(scores), axis=0)[-2]
    same = nb_svm(ngrams, labels).predictions == np.argmax(scores, axis=0)
    assert same[margin > 0.05].all()
    assert (margin > 0.05).mean() > 0.8
