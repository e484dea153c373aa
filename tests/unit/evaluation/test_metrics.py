import json
from dataclasses import asdict

import numpy as np
import pytest

from text_classifier.errors import ReportError
from text_classifier.evaluation.intervals import Interval
from text_classifier.evaluation.metrics import Evaluation, evaluate

CLASSES = ("neg", "pos")


def sure(answers: list[int], classes: int = 2) -> np.ndarray:
    """Probabilities (N, C) that give 0.9 to each answer."""
    rest = 0.1 / (classes - 1)
    return np.array([[0.9 if at == answer else rest for at in range(classes)] for answer in answers], dtype=np.float32)


def drawn_evaluation(classes: int, temperature: float = 1.0, order: np.ndarray | None = None) -> Evaluation:
    """400 rows of a model that is mostly right, in some order."""
    draw = np.random.default_rng(classes)
    truth = draw.integers(classes, size=400)
    probabilities = 0.7 * draw.dirichlet(np.ones(classes), size=400) + 0.3 * np.eye(classes)[truth]
    order = np.arange(400) if order is None else order
    names = [f"class {at}" for at in range(classes)]
    return evaluate(truth[order], probabilities[order].astype(np.float32), names, {"class 0": 9}, temperature)


def intervals_in(tree: object) -> list[dict[str, float]]:
    """Every interval in the JSON of an evaluation."""
    if isinstance(tree, dict) and tree.keys() == {"value", "low", "high"}:
        return [tree]
    branches = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else ()
    return [found for branch in branches for found in intervals_in(branch)]


def test_figures_of_a_small_case_worked_by_hand() -> None:
    truth = np.array([0, 0, 0, 1, 1])
    evaluation = evaluate(truth, sure([0, 0, 1, 1, 0]), CLASSES, {"neg": 5, "pos": 4})
    assert evaluation.confusion == ((2, 1), (1, 1))
    assert (evaluation.accuracy.right_rows, evaluation.accuracy.rows) == (3, 5)
    neg, pos = evaluation.per_class
    assert (neg.precision_rate.value, neg.recall_rate.value) == (2 / 3, 2 / 3)
    assert (neg.support_rows, neg.predicted_rows) == (3, 3)
    assert (pos.precision_rate.value, pos.f1_rate.value) == (0.5, 0.5)
    assert evaluation.balanced_accuracy_rate.value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert evaluation.macro_f1_rate.value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert evaluation.weighted_f1_rate.value == pytest.approx((3 * 2 / 3 + 2 * 1 / 2) / 5)
    assert evaluation.log_loss.value == pytest.approx(-(3 * np.log(0.9) + 2 * np.log(0.1)) / 5, rel=1e-6)


def test_the_majority_class_comes_from_train_not_from_test() -> None:
    evaluation = evaluate(np.array([0, 0, 0, 1]), sure([0, 0, 0, 1]), CLASSES, {"neg": 1, "pos": 2})
    assert evaluation.majority_class == "pos"
    assert evaluation.majority.rate == 0.25


def test_among_equally_common_classes_the_first_of_the_contract_is_the_majority() -> None:
    assert evaluate(np.array([1]), sure([1]), CLASSES, {"pos": 3, "neg": 3}).majority_class == "neg"


def test_a_class_without_test_examples_keeps_its_row() -> None:
    evaluation = evaluate(np.array([0, 1]), sure([0, 1], 3), ("a", "b", "c"), {"a": 1})
    assert [one.support_rows for one in evaluation.per_class] == [1, 1, 0]
    assert evaluation.per_class[2].f1_rate == evaluation.per_class[2].recall_rate == Interval(0, 0, 1)
    assert evaluation.balanced_accuracy_rate.value == 1


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


@pytest.mark.parametrize("classes", [2, 5])
def test_every_figure_lies_in_its_interval_and_the_whole_is_json(classes: int) -> None:
    tree = json.loads(json.dumps(asdict(drawn_evaluation(classes, 2.0)), allow_nan=False))
    found = intervals_in(tree)
    assert len(found) == 8 + 3 * classes + 2 * (classes == 2)
    assert all(one["low"] < one["value"] < one["high"] for one in found)


@pytest.mark.parametrize("classes", [2, 5])
def test_the_order_of_the_rows_changes_nothing(classes: int) -> None:
    order = np.random.default_rng(1).permutation(400)
    assert drawn_evaluation(classes, 2.0, order) == drawn_evaluation(classes, 2.0)


def test_calibration_is_told_before_and_after_the_temperature() -> None:
    evaluation = drawn_evaluation(3, 2.0)
    assert evaluation.untempered is not None
    assert (evaluation.calibration.temperature, evaluation.untempered.temperature) == (2.0, 1.0)
    assert evaluation.calibration.log_loss == evaluation.log_loss != evaluation.untempered.log_loss
    assert drawn_evaluation(3).untempered is None


def test_at_temperature_1_the_loss_is_that_of_the_logits_themselves() -> None:
    """Logits 0 and 2 ln 3, divided by 2: probabilities 1/4 and 3/4; at temperature 1 they are 1/10 and 9/10."""
    evaluation = evaluate(np.array([1, 0]), np.array([[1, 3], [1, 3]]) / 4, CLASSES, {"neg": 1}, 2.0)
    assert evaluation.untempered is not None
    assert evaluation.log_loss.value == pytest.approx(-np.log(3 / 16) / 2)
    assert evaluation.untempered.log_loss.value == pytest.approx(-np.log(9 / 100) / 2)


def test_ranking_is_of_two_classes_with_rows() -> None:
    assert drawn_evaluation(5).ranking is None
    assert evaluate(np.array([0, 0]), sure([0, 1]), CLASSES, {"neg": 1}).ranking is None
    ranking = evaluate(np.array([0, 1, 1]), sure([0, 1, 1]), CLASSES, {"neg": 1}).ranking
    assert ranking is not None
    assert (ranking.positive_class, ranking.positive_rate, ranking.roc_area.value) == ("pos", 2 / 3, 1.0)
