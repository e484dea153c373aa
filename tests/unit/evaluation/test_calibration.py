import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from torchmetrics.functional.classification import multiclass_calibration_error

from text_classifier.evaluation.calibration import BINS, Calibration, at_temperature, calibration
from text_classifier.training.scoring import probabilities_of

LOGITS = np.random.default_rng(5).normal(scale=2, size=(500, 4)).astype(np.float32)
TRUTH = np.random.default_rng(6).integers(4, size=500)
temperatures = st.floats(0.5, 5)


def drawn_from(probabilities: np.ndarray) -> np.ndarray:
    """True classes that come true as often as the probabilities say."""
    return (np.random.default_rng(7).random((len(probabilities), 1)) > probabilities.cumsum(axis=1)).sum(axis=1)


def of_two_classes(rates: list[float], truth: list[int]) -> Calibration:
    second = np.array(rates)
    return calibration(np.array(truth), np.stack([1 - second, second], axis=1), 1.0)


def test_the_error_of_a_small_case_worked_by_hand() -> None:
    """Two answers at 0.9, one right; two at 0.7, both right: (2 * |0.9 - 0.5| + 2 * |0.7 - 1|) / 4."""
    found = of_two_classes([0.9, 0.9, 0.7, 0.7], [1, 0, 1, 1])
    assert found.error_rate.value == pytest.approx(0.35)
    assert found.log_loss.value == pytest.approx(-(np.log(0.9) + np.log(0.1) + 2 * np.log(0.7)) / 4)
    low, high = found.bins
    assert (low.accuracy.right_rows, low.accuracy.rows, low.confidence_rate) == (2, 2, pytest.approx(0.7))
    assert (high.accuracy.right_rows, high.accuracy.rows, high.confidence_rate) == (1, 2, pytest.approx(0.9))
    assert (low.low_rate, low.high_rate) == (pytest.approx(10 / BINS), pytest.approx(11 / BINS))


def test_the_error_is_that_of_torchmetrics_and_the_curve_that_of_scikit_learn() -> None:
    probabilities = softmax(LOGITS.astype(np.float64), axis=1)
    found = calibration(TRUTH, probabilities, 1.0)
    theirs = multiclass_calibration_error(torch.tensor(probabilities), torch.tensor(TRUTH), 4, n_bins=BINS, norm="l1")
    assert found.error_rate.value == pytest.approx(float(theirs), abs=1e-6)
    right = probabilities.argmax(axis=1) == TRUTH
    accuracies, confidences = calibration_curve(right, probabilities.max(axis=1), n_bins=BINS)
    assert [one.accuracy.rate for one in found.bins] == pytest.approx(accuracies)
    assert [one.confidence_rate for one in found.bins] == pytest.approx(confidences)
    assert sum(one.accuracy.rows for one in found.bins) == 500


def test_probabilities_that_come_true_have_an_error_near_0() -> None:
    probabilities = np.random.default_rng(8).dirichlet(np.ones(3), size=20_000)
    found = calibration(drawn_from(probabilities), probabilities, 1.0)
    assert found.error_rate.value < 0.01
    assert found.error_rate.low < 0.002
    assert all(abs(one.confidence_rate - one.accuracy.rate) < 0.05 for one in found.bins if one.accuracy.rows > 500)


def test_overconfidence_shows_and_its_size_lies_in_the_interval() -> None:
    """Always 0.9, right in 70 % of the rows: 20 points."""
    probabilities = np.tile([0.1, 0.9], (5_000, 1))
    found = calibration((np.random.default_rng(9).random(5_000) < 0.7).astype(np.int64), probabilities, 1.0)
    assert found.error_rate.low < 0.2 < found.error_rate.high
    assert found.error_rate.high - found.error_rate.low == pytest.approx(2 * 1.96 * np.sqrt(0.21 / 5_000), rel=0.08)


def test_a_certain_wrong_answer_has_a_finite_loss() -> None:
    assert of_two_classes([1.0, 0.0], [0, 0]).log_loss.value == pytest.approx(-np.log(np.finfo(np.float64).eps) / 2)


@given(temperatures, temperatures)
def test_probabilities_at_another_temperature_are_those_of_the_logits(made_at: float, wanted: float) -> None:
    found = at_temperature(probabilities_of(LOGITS, made_at), made_at, wanted)
    assert found == pytest.approx(probabilities_of(LOGITS, wanted), abs=1e-5)
    assert found.sum(axis=1) == pytest.approx(1)


def test_an_impossible_class_stays_impossible_at_any_temperature() -> None:
    assert at_temperature(np.array([[0.0, 1.0]], np.float32), 1.0, 3.0).tolist() == [[0.0, 1.0]]
