import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.errors import ReportError
from text_classifier.evaluation import evaluate, proportion

CLASSES = ("neg", "pos")


def sure(answers: list[int], classes: int = 2) -> np.ndarray:
    """Probabilities (N, C) that give 0.9 to each answer."""
    rest = 0.1 / (classes - 1)
    return np.array([[0.9 if at == answer else rest for at in range(classes)] for answer in answers], dtype=np.float32)


def test_the_wilson_interval_is_the_published_one() -> None:
    figure = proportion(286, 2000)  # the news notebook's 0.143
    assert (round(figure.rate, 4), round(figure.low_rate, 4), round(figure.high_rate, 4)) == (0.1430, 0.1283, 0.1590)


@given(st.integers(1, 10_000), st.data())
def test_an_interval_contains_its_rate_and_stays_within_0_and_1(rows: int, data: st.DataObject) -> None:
    figure = proportion(data.draw(st.integers(0, rows)), rows)
    assert -1e-12 <= figure.low_rate <= figure.rate + 1e-12
    assert figure.rate - 1e-12 <= figure.high_rate <= 1 + 1e-12


def test_figures_of_a_small_case_worked_by_hand() -> None:
    truth = np.array([0, 0, 0, 1, 1])
    evaluation = evaluate(truth, sure([0, 0, 1, 1, 0]), CLASSES, {"neg": 5, "pos": 4})
    assert evaluation.confusion == ((2, 1), (1, 1))
    assert (evaluation.accuracy.right_rows, evaluation.accuracy.rows) == (3, 5)
    neg, pos = evaluation.per_class
    assert (neg.precision_rate, neg.recall_rate, neg.support_rows, neg.predicted_rows) == (2 / 3, 2 / 3, 3, 3)
    assert (pos.precision_rate, pos.f1_rate) == (0.5, 0.5)
    assert evaluation.macro_f1_rate == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert evaluation.weighted_f1_rate == pytest.approx((3 * 2 / 3 + 2 * 1 / 2) / 5)
    assert evaluation.log_loss == pytest.approx(-(3 * np.log(0.9) + 2 * np.log(0.1)) / 5, rel=1e-6)


def test_the_majority_class_comes_from_train_not_from_test() -> None:
    evaluation = evaluate(np.array([0, 0, 0, 1]), sure([0, 0, 0, 1]), CLASSES, {"neg": 1, "pos": 2})
    assert evaluation.majority_class == "pos"
    assert evaluation.majority.rate == 0.25


def test_among_equally_common_classes_the_first_of_the_contract_is_the_majority() -> None:
    assert evaluate(np.array([1]), sure([1]), CLASSES, {"pos": 3, "neg": 3}).majority_class == "neg"


def test_a_class_without_test_examples_keeps_its_row() -> None:
    evaluation = evaluate(np.array([0, 1]), sure([0, 1], 3), ("a", "b", "c"), {"a": 1})
    assert [one.support_rows for one in evaluation.per_class] == [1, 1, 0]
    assert evaluation.per_class[2].f1_rate == 0


def test_no_example_is_an_error() -> None:
    with pytest.raises(ReportError, match="no example"):
        evaluate(np.array([], dtype=np.int64), np.zeros((0, 2)), CLASSES, {"neg": 1})


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.5, 0.7])
def test_numbers_that_are_no_probabilities_are_refused_with_their_place(wrong: float) -> None:
    probabilities = sure([0, 1, 0])
    probabilities[1, 0] = wrong
    with pytest.raises(ReportError, match=r"no probabilities.*1 of 3 examples.*position 1"):
        evaluate(np.array([0, 1, 0]), probabilities, CLASSES, {"neg": 1})


def test_probabilities_of_another_number_of_classes_are_refused() -> None:
    with pytest.raises(ReportError, match=r"seen: \(2, 3\); expected: \(2, 2\)"):
        evaluate(np.array([0, 1]), sure([0, 1], 3), CLASSES, {"neg": 1})
