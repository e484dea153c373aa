import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap, norm

from text_classifier.evaluation.intervals import (
    RESAMPLINGS,
    Interval,
    percentile_interval,
    proportion,
    reflected_interval,
    resampled,
    share,
)

VALUES = np.random.default_rng(4).exponential(size=80)


def mean(drawn: np.ndarray) -> np.ndarray:
    return np.array([drawn @ VALUES / drawn.sum()])


def test_the_wilson_interval_is_the_published_one() -> None:
    figure = proportion(286, 2000)  # the news notebook's 0.143
    assert (round(figure.rate, 4), round(figure.low_rate, 4), round(figure.high_rate, 4)) == (0.1430, 0.1283, 0.1590)


@given(st.integers(1, 10_000), st.data())
def test_an_interval_contains_its_rate_and_stays_within_0_and_1(rows: int, data: st.DataObject) -> None:
    figure = proportion(data.draw(st.integers(0, rows)), rows)
    assert -1e-12 <= figure.low_rate <= figure.rate + 1e-12
    assert figure.rate - 1e-12 <= figure.high_rate <= 1 + 1e-12


def test_of_a_share_of_no_rows_nothing_is_known() -> None:
    assert share(0, 0) == Interval(0.0, 0.0, 1.0)
    assert share(286, 2000).low == proportion(286, 2000).low_rate


@pytest.mark.parametrize(("method", "interval"), [("percentile", percentile_interval), ("basic", reflected_interval)])
def test_the_bootstrap_gives_the_intervals_of_scipy(method: str, interval: type[Interval]) -> None:
    ours = interval(VALUES.mean(), resampled(mean, 80)[:, 0])
    theirs = bootstrap((VALUES,), np.mean, method=method, n_resamples=20_000, rng=1).confidence_interval
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.06 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.06 * width)


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    ours = percentile_interval(VALUES.mean(), resampled(mean, 80)[:, 0])
    assert ours.high - ours.low == pytest.approx(2 * norm.ppf(0.975) * VALUES.std() / np.sqrt(80), rel=0.06)


def test_every_sample_has_as_many_rows_and_the_same_ones_the_next_time() -> None:
    drawn = resampled(lambda counts: counts, 7)
    assert drawn.shape == (RESAMPLINGS, 7)
    assert set(drawn.sum(axis=1)) == {7}
    assert np.array_equal(drawn, resampled(lambda counts: counts, 7))


def test_samples_that_do_not_define_a_figure_do_not_count() -> None:
    drawn = np.array([np.nan, *np.linspace(0, 1, 101)])
    assert percentile_interval(0.5, drawn) == Interval(0.5, pytest.approx(0.025), pytest.approx(0.975))


def test_an_interval_is_widened_to_hold_its_figure() -> None:
    drawn = np.linspace(0.4, 0.5, 101)
    assert percentile_interval(0.3, drawn).low == 0.3
    assert percentile_interval(0.6, drawn).high == 0.6


def test_a_figure_that_resampling_pushes_up_is_reflected_down_to_0_at_most() -> None:
    drawn = np.linspace(0.4, 0.5, 101)
    assert reflected_interval(0.3, drawn) == Interval(0.3, pytest.approx(0.1025), 0.3)
    assert reflected_interval(0.2, drawn).low == 0
