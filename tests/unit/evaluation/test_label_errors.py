import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from text_classifier.errors import ReportError
from text_classifier.evaluation.label_errors import likely_label_errors

CLASSES = 3


def planted(rows: int = 3_000, wrong_rate: float = 0.05) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, which of them were made wrong, and probabilities of a model trained on other rows with such labels."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, CLASSES, 2 * rows)
    points = rng.normal(0, 1, (2 * rows, 2)) + 3 * np.array([[0, 0], [1, 0], [0, 1]])[true]
    is_wrong = rng.random(2 * rows) < wrong_rate
    labels = np.where(is_wrong, (true + rng.integers(1, CLASSES, 2 * rows)) % CLASSES, true)
    model = LogisticRegression().fit(points[:rows], labels[:rows])
    return labels[rows:], is_wrong[rows:], model.predict_proba(points[rows:])


def test_planted_label_errors_are_found_and_a_mark_says_more_than_that_the_model_erred() -> None:
    labels, is_wrong, probabilities = planted()
    found = likely_label_errors(labels, [probabilities])
    is_error = probabilities.argmax(axis=1) != labels
    assert (found & is_wrong).sum() / is_wrong.sum() > 0.7  # recall; 0.736 measured
    assert (found & is_wrong).sum() / found.sum() > 0.65  # precision; 0.690 measured
    assert (is_error & is_wrong).sum() / is_error.sum() < 0.35


def test_single_precision_marks_the_same_rows() -> None:
    labels, _, probabilities = planted()
    single = likely_label_errors(labels, [probabilities.astype(np.float32)])
    assert (single != likely_label_errors(labels, [probabilities])).mean() < 1e-3


def test_a_model_without_signal_doubts_half_of_all_rows_which_is_why_it_is_not_asked() -> None:
    rng = np.random.default_rng(0)
    found = likely_label_errors(rng.integers(0, 7, 2_000), [rng.dirichlet(np.full(7, 5.0), 2_000)])
    assert found.mean() > 0.3


def test_a_second_opinion_takes_more_false_alarms_away_than_finds() -> None:
    labels, is_wrong, probabilities = planted()
    rng = np.random.default_rng(1)
    first, second = (softmax(np.log(probabilities) + rng.normal(0, 1, probabilities.shape), axis=1) for _ in range(2))
    alone, both = likely_label_errors(labels, [first]), likely_label_errors(labels, [first, second])
    assert np.array_equal(both, alone & likely_label_errors(labels, [second]))
    assert (both & is_wrong).sum() / both.sum() > (alone & is_wrong).sum() / alone.sum() + 0.1
    assert (both & is_wrong).sum() > 0.7 * (alone & is_wrong).sum()


@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 40))
def test_only_wrong_answers_are_marked_also_where_a_class_has_no_row(seed: int, classes: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, rng.integers(1, classes, endpoint=True), rows)
    probabilities = softmax(rng.normal(0, 3, (rows, classes)), axis=1).astype(np.float32)
    found = likely_label_errors(labels, [probabilities])
    assert found.shape == (rows,)
    assert not (found & (probabilities.argmax(axis=1) == labels)).any()


def test_numbers_that_are_no_probabilities_are_refused() -> None:
    with pytest.raises(ReportError, match="no probabilities"):
        likely_label_errors(np.array([0, 1]), [np.full((2, 2), np.nan)])
