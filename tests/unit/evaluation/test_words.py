import pytest

from text_classifier.evaluation.words import interval, percent, points


def test_a_rate_is_a_percentage_of_two_decimals() -> None:
    assert [percent(rate) for rate in (0, 0.91234, 1)] == ["0.00 %", "91.23 %", "100.00 %"]


def test_an_interval_has_one_sign() -> None:
    assert interval({"low_rate": 0.8873, "high_rate": 0.895}) == "88.73 to 89.50 %"


@pytest.mark.parametrize(("rate", "told"), [(0.0062, "+0.62"), (-0.0031, "-0.31"), (0, "+0.00"), (-0.00001, "+0.00")])
def test_a_difference_has_its_sign(rate: float, told: str) -> None:
    assert points(rate) == told
