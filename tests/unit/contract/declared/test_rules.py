"""Every kind of rule has an example that keeps it and one that breaks it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from text_classifier.contract.applied.expectations import Outcome, evaluate
from text_classifier.contract.applied.limits import class_rows
from text_classifier.contract.applied.tally import Tally
from text_classifier.contract.declared.attributes import attribute_rules
from text_classifier.contract.declared.document import Place
from text_classifier.contract.declared.quality import quality_rules
from text_classifier.contract.declared.rules import DATA_SET_EXPECTATIONS, OPERATORS, ROW_EXPECTATIONS, Limit, Rule

PLACE = Place(Path("test.odcs.yaml"))
FRAME = pd.DataFrame(
    {
        "word": pd.Series(["a", "bb", "", None, "a"], dtype="str"),
        "mail": ["a@b.c", "a@b.c", "no mail", "x@y.z", "x@y.z"],
        "stars": pd.array([1, 2, 300, None, 5], dtype="Int64"),
        "day": pd.to_datetime(["2020-01-01", "1990-01-01", None, "2021-01-01", "2039-12-31"]),
        "kind": ["good", "bad", "good", "ugly", "good"],
        "code": ["1", "2", "3", "4", "5"],
    }
)
COLUMNS = frozenset(FRAME.columns)


def _attributes(name: str, logical_type: str, options: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "logicalType": logical_type, "logicalTypeOptions": options or {}, **more}


ATTRIBUTES: list[tuple[dict[str, Any], list[int]]] = [
    (_attributes("word", "string", required=True), [3]),
    (_attributes("mail", "string", required=True), []),
    (_attributes("word", "string", unique=True), [0, 4]),
    (_attributes("code", "string", unique=True), []),
    (_attributes("kind", "string", enum=[{"value": "good"}, {"value": "bad"}]), [3]),
    (_attributes("kind", "string", enum=[{"value": name} for name in ("good", "bad", "ugly")]), []),
    (_attributes("word", "string", {"minLength": 1}), [2]),
    (_attributes("word", "string", {"maxLength": 1}), [1]),
    (_attributes("word", "string", {"minLength": 0, "maxLength": 2}), []),
    (_attributes("stars", "integer", {"minimum": 2, "maximum": 10}), [0, 2]),
    (_attributes("stars", "integer", {"exclusiveMinimum": 1, "exclusiveMaximum": 300}), [0, 2]),
    (_attributes("stars", "integer", {"minimum": 1, "maximum": 300}), []),
    (_attributes("stars", "integer", {"format": "u8"}), [2]),
    (_attributes("stars", "integer", {"format": "i16"}), []),
    (_attributes("day", "date", {"minimum": "2000-01-01", "format": "yyyy-MM-dd"}), [1]),
    (_attributes("day", "date", {"exclusiveMaximum": "2039-12-31"}), [4]),
    (_attributes("day", "date", {"minimum": "1990-01-01", "maximum": "2039-12-31"}), []),
    (_attributes("mail", "string", {"pattern": r"^[ax]@"}), [2]),
    (_attributes("mail", "string", {"pattern": " |@"}), []),
    (_attributes("mail", "string", {"format": "email"}), [2]),
    (_attributes("code", "string", {"format": "hostname"}), []),
]


def _gx(name: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": "custom", "engine": "greatExpectations", "implementation": {"type": name, "kwargs": kwargs}}


KEPT, BROKEN = True, False
QUALITY: list[tuple[str | None, dict[str, Any], bool]] = [
    ("mail", {"metric": "nullValues", "mustBe": 0}, KEPT),
    ("word", {"metric": "nullValues", "mustBe": 0}, BROKEN),
    ("word", {"metric": "nullValues", "mustBeLessOrEqualTo": 20, "unit": "percent"}, KEPT),
    ("word", {"metric": "nullValues", "mustBeLessThan": 20, "unit": "percent"}, BROKEN),
    ("word", {"metric": "nullValues", "mustBeBetween": [1, 2]}, KEPT),
    ("word", {"metric": "nullValues", "mustNotBeBetween": [1, 2]}, BROKEN),
    ("word", {"metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": ["n/a"]}}, KEPT),
    ("word", {"metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": [""]}}, BROKEN),
    ("kind", {"metric": "invalidValues", "mustBeLessThan": 2, "arguments": {"validValues": ["good", "bad"]}}, KEPT),
    ("kind", {"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": ["good", "bad"]}}, BROKEN),
    ("mail", {"metric": "invalidValues", "mustBe": 1, "arguments": {"pattern": "@"}}, KEPT),
    ("mail", {"metric": "invalidValues", "mustBe": 0, "arguments": {"pattern": "@"}}, BROKEN),
    ("code", {"metric": "duplicateValues", "mustBe": 0}, KEPT),
    ("mail", {"metric": "duplicateValues", "mustBe": 0}, BROKEN),
    ("mail", {"metric": "duplicateValues", "mustBe": 80, "unit": "percent"}, KEPT),
    (None, {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["mail", "kind"]}}, KEPT),
    (None, {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["word", "kind"]}}, BROKEN),
    (None, {"metric": "duplicateValues", "mustBe": 2, "arguments": {"properties": ["word", "kind"]}}, KEPT),
    (None, {"metric": "rowCount", "mustBe": 5}, KEPT),
    (None, {"metric": "rowCount", "mustBeBetween": [6, 9]}, BROKEN),
    (None, {"metric": "rowCount", "mustBeGreaterThan": 5}, BROKEN),
    (None, {"metric": "rowCount", "mustBeLessThan": 6}, KEPT),
    (None, {"metric": "rowCount", "mustBeGreaterOrEqualTo": 5}, KEPT),
    (None, {"metric": "rowCount", "mustBeLessOrEqualTo": 4}, BROKEN),
    ("word", _gx("expect_column_value_lengths_to_be_between", max_value=2), KEPT),
    ("code", _gx("expect_column_value_lengths_to_equal", value=2), BROKEN),
    ("code", _gx("expect_column_value_lengths_to_equal", value=1), KEPT),
    ("mail", _gx("expect_column_values_to_match_regex", regex="@", mostly=0.8), KEPT),
    ("mail", _gx("expect_column_values_to_match_regex", regex="@", mostly=0.9), BROKEN),
    ("mail", _gx("expect_column_values_to_not_match_regex", regex="no"), BROKEN),
    ("mail", _gx("expect_column_values_to_not_match_regex", regex="yes"), KEPT),
    ("mail", _gx("expect_column_values_to_match_regex_list", regex_list=["@", " "], match_on="any"), KEPT),
    ("mail", _gx("expect_column_values_to_match_regex_list", regex_list=["@", " "], match_on="all"), BROKEN),
    ("mail", _gx("expect_column_values_to_not_match_regex_list", regex_list=["no", "yes"]), BROKEN),
    ("mail", _gx("expect_column_values_to_not_match_regex_list", regex_list=["never", "yes"]), KEPT),
    ("kind", _gx("expect_column_values_to_be_in_set", value_set=["good"]), BROKEN),
    ("day", _gx("expect_column_values_to_not_be_in_set", value_set=["1990-01-01"]), BROKEN),
    ("day", _gx("expect_column_values_to_not_be_in_set", value_set=["1990-01-02"]), KEPT),
    ("kind", _gx("expect_column_values_to_not_be_in_set", value_set=["evil"]), KEPT),
    ("stars", _gx("expect_column_values_to_be_between", min_value=0, max_value=300), KEPT),
    ("word", _gx("expect_column_values_to_be_null"), BROKEN),
    ("word", _gx("expect_column_values_to_be_null", mostly=0.2), KEPT),
    ("word", _gx("expect_column_values_to_not_be_null", mostly=0.5), KEPT),
    ("kind", _gx("expect_column_distinct_values_to_be_in_set", value_set=["good", "bad"]), BROKEN),
    ("kind", _gx("expect_column_distinct_values_to_be_in_set", value_set=["good", "bad", "ugly", "odd"]), KEPT),
    ("kind", _gx("expect_column_distinct_values_to_contain_set", value_set=["good", "bad"]), KEPT),
    ("kind", _gx("expect_column_distinct_values_to_contain_set", value_set=["good", "odd"]), BROKEN),
    ("kind", _gx("expect_column_distinct_values_to_equal_set", value_set=["good", "bad", "ugly"]), KEPT),
    ("kind", _gx("expect_column_distinct_values_to_equal_set", value_set=["good", "bad"]), BROKEN),
    ("stars", _gx("expect_column_max_to_be_between", max_value=10), BROKEN),
    ("stars", _gx("expect_column_max_to_be_between", max_value=300), KEPT),
    ("stars", _gx("expect_column_min_to_be_between", min_value=1), KEPT),
    ("stars", _gx("expect_column_min_to_be_between", min_value=2), BROKEN),
    ("stars", _gx("expect_column_mean_to_be_between", min_value=70, max_value=80), KEPT),
    ("stars", _gx("expect_column_mean_to_be_between", min_value=80), BROKEN),
    ("stars", _gx("expect_column_median_to_be_between", max_value=1), BROKEN),
    ("stars", _gx("expect_column_median_to_be_between", max_value=4), KEPT),
    ("stars", _gx("expect_column_stdev_to_be_between", max_value=1), BROKEN),
    ("stars", _gx("expect_column_stdev_to_be_between", max_value=150), KEPT),
    ("stars", _gx("expect_column_sum_to_be_between", min_value=308, max_value=308), KEPT),
    ("stars", _gx("expect_column_sum_to_be_between", max_value=307), BROKEN),
    ("day", _gx("expect_column_max_to_be_between", max_value="2030-01-01"), BROKEN),
    ("kind", _gx("expect_column_most_common_value_to_be_in_set", value_set=["good"]), KEPT),
    ("kind", _gx("expect_column_most_common_value_to_be_in_set", value_set=["bad"]), BROKEN),
    ("word", _gx("expect_column_proportion_of_non_null_values_to_be_between", min_value=0.9), BROKEN),
    ("word", _gx("expect_column_proportion_of_non_null_values_to_be_between", min_value=0.8), KEPT),
    ("code", _gx("expect_column_proportion_of_unique_values_to_be_between", min_value=1), KEPT),
    ("kind", _gx("expect_column_proportion_of_unique_values_to_be_between", min_value=1), BROKEN),
    ("kind", _gx("expect_column_unique_value_count_to_be_between", max_value=2), BROKEN),
    ("kind", _gx("expect_column_unique_value_count_to_be_between", max_value=3), KEPT),
    ("code", _gx("expect_column_values_to_be_unique"), KEPT),
    (None, _gx("expect_compound_columns_to_be_unique", column_list=["kind", "mail"]), KEPT),
    (None, _gx("expect_table_row_count_to_be_between", max_value=4), BROKEN),
    (None, _gx("expect_table_row_count_to_equal", value=5), KEPT),
    (None, _gx("expect_table_row_count_to_equal", value=4), BROKEN),
    (
        "kind",
        _gx(
            "expect_column_kl_divergence_to_be_less_than",
            partition_object={"values": ["good", "bad", "ugly"], "weights": [0.6, 0.2, 0.2]},
            threshold=0.01,
        ),
        KEPT,
    ),
    (
        "kind",
        _gx(
            "expect_column_kl_divergence_to_be_less_than",
            partition_object={"values": ["good", "bad", "ugly"], "weights": [0.1, 0.1, 0.8]},
            threshold=0.5,
        ),
        BROKEN,
    ),
]


def _attribute_rule(number: int) -> Rule:
    (rule,) = attribute_rules(ATTRIBUTES[number][0], is_label=False, place=PLACE)
    return _renamed(rule, f"attribute-{number}")


def _quality_rule(number: int) -> Rule:
    column, entry, _ = QUALITY[number]
    (rule,) = quality_rules({"id": f"quality-{number}", **entry}, column=column, known=COLUMNS, place=PLACE)
    return rule


def _renamed(rule: Rule, rule_id: str) -> Rule:
    return Rule(rule_id, rule.description, rule.severity, rule.name, rule.kwargs, rule.column)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """All of them in one suite: the frame is hashed once."""
    rules = [*map(_attribute_rule, range(len(ATTRIBUTES))), *map(_quality_rule, range(len(QUALITY)))]
    return dict(zip([rule.rule_id for rule in rules], evaluate(FRAME, rules), strict=True))


@pytest.mark.parametrize("number", range(len(ATTRIBUTES)))
def test_an_attribute_finds_exactly_the_failing_rows(outcomes: dict[str, Outcome], number: int) -> None:
    outcome = outcomes[f"attribute-{number}"]
    assert outcome.error == ""
    assert outcome.failing is not None
    assert outcome.failing.tolist() == ATTRIBUTES[number][1]


@pytest.mark.parametrize("number", range(len(QUALITY)))
def test_a_quality_rule_is_kept_or_broken(outcomes: dict[str, Outcome], number: int) -> None:
    rule, tally = _quality_rule(number), Tally()
    tally.add(outcomes[rule.rule_id], np.arange(len(FRAME)))
    verdict = tally.verdict(rule, np.arange(len(FRAME)))
    assert verdict.verdict == ("passed" if QUALITY[number][2] is KEPT else "failed"), verdict


def test_a_rule_that_cannot_be_evaluated_is_told_from_one_that_is_broken() -> None:
    entry = _gx("expect_column_mean_to_be_between", max_value=4)
    (rule,) = quality_rules({"id": "mean", "severity": "warning", **entry}, column="word", known=COLUMNS, place=PLACE)
    tally = Tally()
    tally.add(evaluate(FRAME, [rule])[0], np.arange(len(FRAME)))
    verdict = tally.verdict(rule, np.arange(len(FRAME)))
    assert (verdict.verdict, verdict.consequence) == ("error", "data set refused")
    assert "mean" in verdict.seen


def test_every_expectation_that_a_contract_may_name_is_kept_and_broken_here() -> None:
    seen = {(_attribute_rule(n).name, not failing) for n, (_, failing) in enumerate(ATTRIBUTES)}
    seen |= {(_quality_rule(n).name, holds) for n, (*_, holds) in enumerate(QUALITY)}
    assert seen == {(name, holds) for name in ROW_EXPECTATIONS | DATA_SET_EXPECTATIONS for holds in (KEPT, BROKEN)}


def test_missing_values_with_null_among_them_make_two_rules() -> None:
    entry = {"id": "gap", "metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": [None, "n/a"]}}
    rules = quality_rules(entry, column="word", known=COLUMNS, place=PLACE)
    assert [rule.rule_id for rule in rules] == ["gap", "gap-2"]
    assert all(rule.rejects_rows for rule in rules)


def test_only_row_rules_of_severity_error_without_a_tolerance_reject_rows() -> None:
    entries = [
        ({"metric": "nullValues", "mustBe": 0}, True),
        ({"metric": "nullValues", "mustBe": 0, "severity": "warning"}, False),
        ({"metric": "nullValues", "mustBeLessThan": 1, "unit": "percent"}, False),
        ({"metric": "nullValues", "mustBeLessThan": 1}, True),
        ({"metric": "duplicateValues", "mustBe": 0}, False),
    ]
    for entry, rejects in entries:
        (rule,) = quality_rules({"id": "x", **entry}, column="word", known=COLUMNS, place=PLACE)
        assert rule.rejects_rows is rejects, entry


@pytest.mark.parametrize(
    ("name", "value", "kept", "broken"),
    [
        ("mustBe", 2, 2, 3),
        ("mustNotBe", 2, 3, 2),
        ("mustBeGreaterThan", 2, 3, 2),
        ("mustBeGreaterOrEqualTo", 2, 2, 1),
        ("mustBeLessThan", 2, 1, 2),
        ("mustBeLessOrEqualTo", 2, 2, 3),
        ("mustBeBetween", [2, 4], 4, 5),
        ("mustNotBeBetween", [2, 4], 5, 4),
    ],
)
def test_the_standards_comparisons(name: str, value: object, kept: int, broken: int) -> None:
    assert name in OPERATORS
    assert Limit(name, value, "rows").holds(kept, 100)
    assert not Limit(name, value, "rows").holds(broken, 100)
    assert Limit(name, value, "percent").holds(kept, 100)


def test_a_class_with_too_few_rows_is_named() -> None:
    labels = pd.Series(["good", "good", "bad", None], dtype="str")
    assert class_rows(labels, ("good", "bad"), 1).holds
    outcome = class_rows(labels, ("good", "bad", "ugly"), 2)
    assert not outcome.holds
    assert outcome.observed == "'bad' has 1 row, 'ugly' has 0 rows"


def test_an_argument_that_great_expectations_does_not_know_stops_no_other_rule() -> None:
    odd = Rule("odd", "", "error", "expect_column_values_to_not_be_null", {"column": "word", "depth": 3}, "word")
    outcomes = evaluate(FRAME, [odd, _attribute_rule(0)])
    assert outcomes[0].error.startswith("the arguments are refused: ")
    assert "depth" in outcomes[0].error
    assert (outcomes[1].error, list(outcomes[1].failing)) == ("", [3])  # type: ignore[arg-type]
    assert evaluate(FRAME, [odd])[0] == outcomes[0]


def test_great_expectations_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    evaluate(FRAME, [_attribute_rule(0)])
    assert capfd.readouterr() == ("", "")
    assert "great_expectations" in sys.modules
