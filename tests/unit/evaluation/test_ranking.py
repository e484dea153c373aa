import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from text_classifier.evaluation.ranking import CURVE_POINTS, ranking, ranking_statistic


def drawn(rows: int, distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows of both classes whose scores are normal, their means so many standard deviations apart."""
    draw = np.random.default_rng(11)
    is_positive = draw.random(rows) < 0.4
    return is_positive, norm.cdf(draw.normal(size=rows) + distance * is_positive)


def test_the_areas_of_a_small_case_worked_by_hand() -> None:
    """From the top: positive, other, positive, other. 3 of 4 pairs are in order; precision 1 and 2/3."""
    found = ranking(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]), "pos")
    assert found.roc_area.value == pytest.approx(3 / 4)
    assert found.pr_area.value == pytest.approx((1 + 2 / 3) / 2)
    assert (found.roc_curve[0], found.roc_curve[-1]) == ((0, 0), (1, 1))
    assert (found.pr_curve[0], found.pr_curve[-1]) == ((0, 1), (1, pytest.approx(2 / 3)))


def test_the_interval_holds_the_area_that_theory_gives() -> None:
    """Two normal distributions at a distance of d: the area is Phi(d / sqrt 2)."""
    found = ranking(*drawn(4_000, 1.5), "pos")
    assert found.roc_area.low < norm.cdf(1.5 / np.sqrt(2)) < found.roc_area.high
    assert found.roc_area.high - found.roc_area.low < 0.03
    assert found.pr_area.low < found.pr_area.value < found.pr_area.high


def test_scores_that_say_nothing_have_the_areas_of_chance() -> None:
    found = ranking(*drawn(4_000, 0), "pos")
    assert found.roc_area.low < 0.5 < found.roc_area.high
    assert found.pr_area.low < found.positive_rate < found.pr_area.high


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=12))
def test_the_areas_of_a_sample_are_those_of_scikit_learn(rows: list[tuple[bool, int, int]]) -> None:
    is_positive, scores, counts = (np.array(column) for column in zip(*rows, strict=True))
    assume({True, False} == set(is_positive[counts > 0]))
    roc, pr = ranking_statistic(is_positive, scores / 4)(counts.astype(np.float64))
    assert roc == pytest.approx(roc_auc_score(is_positive, scores, sample_weight=counts))
    assert pr == pytest.approx(average_precision_score(is_positive, scores, sample_weight=counts))


def test_a_sample_of_one_class_defines_no_area() -> None:
    areas = ranking_statistic(np.array([True, False]), np.array([0.3, 0.6]))
    assert np.isnan(areas(np.array([2.0, 0.0]))).all()
    assert np.isnan(areas(np.array([0.0, 2.0]))).all()


def test_thinned_curves_stay_on_the_curve_without_a_gap() -> None:
    is_positive, scores = drawn(4_000, 1.5)
    found = ranking(is_positive, scores, "pos")
    other_rate, recall, _ = roc_curve(is_positive, scores)
    precision, reached, _ = precision_recall_curve(is_positive, scores)
    assert 60 < len(found.roc_curve) <= CURVE_POINTS
    assert len(found.pr_curve) == CURVE_POINTS
    assert set(found.roc_curve) <= set(zip(other_rate.tolist(), recall.tolist(), strict=True))
    assert set(found.pr_curve) <= set(zip(reached.tolist(), precision.tolist(), strict=True))
    assert np.abs(np.diff(found.roc_curve, axis=0)).max() < 0.05
    assert np.trapezoid(*np.array(found.roc_curve).T[::-1]) == pytest.approx(found.roc_area.value, abs=0.001)
