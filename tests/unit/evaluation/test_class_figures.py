import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import balanced_accuracy_score, f1_score

from text_classifier.evaluation.class_figures import figures_by_class, mean_figures, resampled_figures
from text_classifier.evaluation.intervals import share

CONFUSION = np.array([[30, 10, 0], [5, 40, 5], [0, 0, 10]])


def rows_of(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted classes, row by row."""
    truth, predictions = np.divmod(np.arange(confusion.size), len(confusion))
    return np.repeat(truth, confusion.ravel()), np.repeat(predictions, confusion.ravel())


def test_the_means_of_a_small_case_worked_by_hand() -> None:
    found = mean_figures(*rows_of(CONFUSION), 3)
    f1s = [2 * 30 / (40 + 35), 2 * 40 / (50 + 50), 2 * 10 / (10 + 15)]
    assert found.balanced_accuracy_rate.value == pytest.approx((30 / 40 + 40 / 50 + 10 / 10) / 3)
    assert found.macro_f1_rate.value == pytest.approx(sum(f1s) / 3)
    assert found.weighted_f1_rate.value == pytest.approx((40 * f1s[0] + 50 * f1s[1] + 10 * f1s[2]) / 100)
    assert [one.value for one in found.f1_rates] == pytest.approx(f1s)


def test_a_class_has_its_precision_and_recall_with_wilson_intervals() -> None:
    found = mean_figures(*rows_of(CONFUSION), 3)
    last = figures_by_class(CONFUSION, found.f1_rates, ("a", "b", "c"))[2]
    assert (last.name, last.support_rows, last.predicted_rows) == ("c", 10, 15)
    assert (last.precision_rate, last.recall_rate) == (share(10, 15), share(10, 10))
    assert last.recall_rate.low == pytest.approx(0.7225, abs=1e-4)  # all of 10, Brown, Cai and DasGupta 2001
    assert last.f1_rate.low < last.f1_rate.value == 0.8 < last.f1_rate.high


@given(arrays(np.int64, (3, 3), elements=st.integers(0, 5)).filter(lambda confusion: confusion.any()))
def test_the_figures_of_a_sample_are_those_of_scikit_learn(confusion: np.ndarray) -> None:
    balanced, macro, weighted, *f1s = resampled_figures(confusion[None].astype(np.float64))[0]
    truth, predictions = rows_of(confusion)
    known = {"labels": range(3), "zero_division": 0}
    assert macro == pytest.approx(f1_score(truth, predictions, average="macro", **known))
    assert weighted == pytest.approx(f1_score(truth, predictions, average="weighted", **known))
    assert f1s == pytest.approx(f1_score(truth, predictions, average=None, **known))
    if set(predictions) <= set(truth) and len(set(truth)) > 1:  # else scikit-learn warns
        assert balanced == pytest.approx(balanced_accuracy_score(truth, predictions))


def test_a_class_that_nobody_bears_or_gets_is_unknown() -> None:
    confusion = np.array([[3, 1, 0], [1, 3, 0], [0, 0, 0]])
    found = mean_figures(*rows_of(confusion), 3)
    last = figures_by_class(confusion, found.f1_rates, ("a", "b", "c"))[2]
    assert last.f1_rate == last.recall_rate == last.precision_rate == share(0, 0)
    assert found.balanced_accuracy_rate.value == 0.75
