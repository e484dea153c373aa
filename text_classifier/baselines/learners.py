"""The simple classifiers that a model must beat. Legend: L texts learned from, M scored, V n-grams, C classes.

No option was tuned on test. Those that are not the literature's or scikit-learn's own were taken on val of the IMDB
reviews (trained on train, 2,708 rows, standard error 0.5 points); the figures stand beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from text_classifier.baselines.ngrams import Ngrams
from text_classifier.baselines.texts import Int64s

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LONGEST_NGRAM_TOKENS = 3
_SEED = 0
_TFIDF_C = 10.0  # val: 90.7 %, with 1.0 89.3 %; of one token alone 88.9 and 88.9 %
_NB_SVM_C = 1.0


@dataclass(frozen=True, slots=True)
class Fit:
    """What a fitted classifier says.

    Attributes:
        predictions: (M,) positions in the contract's classes.
        features: how many numbers of a text it reads.
        learner: the scikit-learn estimator in it, with the options that differ from the defaults.
        opinion: (M, K) probabilities of the K classes of `known` (positions in the contract's); None where nobody
            asks for them.
    """

    predictions: Int64s
    features: int
    learner: str
    opinion: npt.NDArray[np.float64] | None = None
    known: Int64s | None = None


Baseline = Callable[[Ngrams, Int64s], Fit]


def majority(ngrams: Ngrams, labels: Int64s) -> Fit:
    """Always the commonest class of those learned from; the first in the contract's order among equals."""
    return _dummy("most_frequent", ngrams, labels)


def stratified_chance(ngrams: Ngrams, labels: Int64s) -> Fit:
    """Classes drawn as often as they were learned from."""
    return _dummy("stratified", ngrams, labels)


def naive_bayes(ngrams: Ngrams, labels: Int64s) -> Fit:
    """Multinomial naive Bayes on the counts of single tokens, add-one smoothing."""
    from sklearn.naive_bayes import MultinomialNB

    return _fit(MultinomialNB(), ngrams.up_to(1), labels)


def tfidf_regression(ngrams: Ngrams, labels: Int64s) -> Fit:
    """Logistic regression, one class against the rest, on TF-IDF of one and two tokens; counts as 1 + log(count).

    Its probabilities are the second opinion on labels that the model doubts.
    """
    from sklearn.feature_extraction.text import TfidfTransformer

    counts = ngrams.up_to(2)
    weighting = TfidfTransformer(sublinear_tf=True).fit(counts.learned)
    weighted = Ngrams(weighting.transform(counts.learned), weighting.transform(counts.scored), counts.widths)
    estimator = _one_against_rest(_TFIDF_C)
    fitted = _fit(estimator, weighted, labels)
    return replace(fitted, opinion=estimator.predict_proba(weighted.scored), known=estimator.classes_)


def nb_svm(ngrams: Ngrams, labels: Int64s) -> Fit:
    """A linear classifier on which n-grams stand in a text, each times its log-count ratio; one class against the rest.

    With the logistic loss and without interpolation of the weights. Val, n-grams of one to three tokens: 91.65 %;
    with weights interpolated by the paper's 0.25 91.0 %; with a squared hinge loss 91.1 %, in ten times the time.

    Source: Wang and Manning 2012, Baselines and Bigrams; trigrams and logistic loss after Mesnil et al. 2014, Ensemble
    of Generative and Discriminative Techniques for Sentiment Analysis of Movie Reviews.
    """
    present = ngrams.as_presence()
    classes = np.unique(labels)
    against_rest = classes[1:] if len(classes) == 2 else classes
    scores = np.stack([_nb_svm_scores(present, labels == name) for name in against_rest], axis=1)  # (M, C or 1)
    best = (scores[:, 0] > 0).astype(np.int64) if len(classes) == 2 else scores.argmax(axis=1)
    return Fit(classes[best], present.learned.shape[1], f"log-count ratio, {_told(_logistic_regression(_NB_SVM_C))}")


def nb_svm_weights(present: csr_matrix, is_class: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], float]:
    """The weights (V,) of the n-grams that are `present` (L, V; 0 or 1) and the bias of `nb_svm`, of one class."""
    from scipy.sparse import diags_array

    ratio = log_count_ratio(present, is_class)
    regression = _logistic_regression(_NB_SVM_C).fit(present @ diags_array(ratio), is_class)
    return ratio * regression.coef_[0], float(regression.intercept_[0])


def log_count_ratio(present: csr_matrix, is_class: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """(V,) logarithm of how much likelier each n-gram is in the class than in the rest, add-one smoothing."""
    inside, outside = (np.asarray(present[rows].sum(axis=0)).ravel() + 1 for rows in (is_class, ~is_class))
    return np.asarray(np.log(inside / inside.sum()) - np.log(outside / outside.sum()))


BASELINES: dict[str, Baseline] = {
    "majority class": majority,
    "stratified chance": stratified_chance,
    "naive Bayes": naive_bayes,
    "TF-IDF + logistic regression": tfidf_regression,
    "NB-SVM": nb_svm,
}


def fit(baseline: Baseline, ngrams: Ngrams, labels: Int64s) -> Fit:
    """What the baseline says of the scored texts; where all (L,) labels are one class, or no n-gram is known, the
    commonest class."""
    return (baseline if len(np.unique(labels)) > 1 and ngrams.learned.shape[1] else majority)(ngrams, labels)


def _nb_svm_scores(present: Ngrams, is_class: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    weights, bias = nb_svm_weights(present.learned, is_class)
    return np.asarray(present.scored @ weights + bias)


def _logistic_regression(c: float) -> Any:
    """By coordinate descent in the dual, which suits a million features: 1 s where lbfgs takes 17."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, solver="liblinear", dual=True, max_iter=1_000, random_state=_SEED)


def _one_against_rest(c: float) -> Any:
    from sklearn.multiclass import OneVsRestClassifier

    return OneVsRestClassifier(_logistic_regression(c))


def _dummy(strategy: str, ngrams: Ngrams, labels: Int64s) -> Fit:
    from sklearn.dummy import DummyClassifier

    return _fit(DummyClassifier(strategy=strategy, random_state=_SEED), ngrams.up_to(0), labels)


def _fit(estimator: Any, features: Ngrams, labels: Int64s) -> Fit:
    predictions = estimator.fit(features.learned, labels).predict(features.scored)
    return Fit(np.asarray(predictions, np.int64), features.learned.shape[1], _told(estimator))


def _told(estimator: Any) -> str:
    return " ".join(repr(estimator).split())
