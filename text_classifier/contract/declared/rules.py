"""What one rule of a contract demands."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from text_classifier.records import Split

Severity = Literal["error", "warning"]

CLASS_ROWS = "classRows"
"""Our own rule: every class of a label column has at least `minimum` rows."""

DRIFT = "drift"
"""Our own rule: a new delivery differs from the champion's data by no more than `maximum`, in one measure. It is judged
before training, not when the contract is applied."""

OF_COLUMNS = frozenset({"columnShares", "missingValues"})
"""Measures of drift that are taken of single columns; a rule of the table holds for each without one of its own."""

LOWEST_OF_MEASURES: Mapping[str, float] = {
    "labelShares": 0.0,
    "textLength": 0.0,
    "outOfVocabulary": 0.0,
    **dict.fromkeys(sorted(OF_COLUMNS), 0.0),
    "newTexts": 0.5,
}
"""Measure of drift -> what it is where nothing has changed; every one ends at 1."""

OWN_RULES = ("labelled-splits", "rejected-share")
"""Ids of the rules that hold for every data set."""

ROW_EXPECTATIONS = frozenset(
    {
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_null",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
    }
)
"""Great Expectations' rules that judge a row by itself: rows may be looked at in parts, and set aside one by one."""

DATA_SET_EXPECTATIONS = frozenset(
    {
        "expect_column_distinct_values_to_be_in_set",
        "expect_column_distinct_values_to_contain_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_max_to_be_between",
        "expect_column_mean_to_be_between",
        "expect_column_median_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_most_common_value_to_be_in_set",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_stdev_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_values_to_be_unique",
        "expect_compound_columns_to_be_unique",
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
    }
)
"""Great Expectations' rules about all rows together."""

UNIQUENESS = frozenset({"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"})
COMPARING = UNIQUENESS | {
    "expect_column_proportion_of_unique_values_to_be_between",
    "expect_column_unique_value_count_to_be_between",
}
"""Rules that ask no more of a value than whether it equals another."""

_SHOWN_CHARACTERS = 40

OPERATORS: dict[str, Callable[[float, Any], bool]] = {
    "mustBe": operator.eq,
    "mustNotBe": operator.ne,
    "mustBeGreaterThan": operator.gt,
    "mustBeGreaterOrEqualTo": operator.ge,
    "mustBeLessThan": operator.lt,
    "mustBeLessOrEqualTo": operator.le,
    "mustBeBetween": lambda seen, bounds: bool(bounds[0] <= seen <= bounds[1]),
    "mustNotBeBetween": lambda seen, bounds: not bounds[0] <= seen <= bounds[1],
}
"""The standard's comparisons."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failing rows a rule bears, in rows or in percent of the rows it was applied to."""

    operator: str
    value: Any
    unit: Literal["rows", "percent"]

    @property
    def bears_none(self) -> bool:
        """Whether every failing row is one too many."""
        if self.operator == "mustBeLessThan":
            return self.unit == "rows" and self.value == 1
        return self.operator in {"mustBe", "mustBeLessOrEqualTo"} and self.value == 0

    def holds(self, failing_rows: int, rows: int) -> bool:
        """Whether the rule is kept with that many failing of that many rows."""
        seen = failing_rows if self.unit == "rows" else 100 * failing_rows / max(rows, 1)
        return OPERATORS[self.operator](seen, self.value)

    def __str__(self) -> str:
        return f"failing {self.unit} {self.operator} {self.value}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand of a contract.

    Attributes:
        name: the expectation (Great Expectations' snake-case type) or own rule.
        kwargs: its arguments, column included.
        splits: the rule is applied to rows of these splits only; empty: to all rows.
        limit: None where every failing row is one too many.
    """

    rule_id: str
    description: str
    severity: Severity
    name: str
    kwargs: Mapping[str, Any]
    column: str | None = None
    splits: tuple[Split, ...] = ()
    limit: Limit | None = None

    @property
    def is_row_wise(self) -> bool:
        """Whether a row is judged by itself."""
        return self.name in ROW_EXPECTATIONS

    @property
    def rejects_rows(self) -> bool:
        """Whether a row that fails is set aside, so that the rest can go on."""
        return self.is_row_wise and self.severity == "error" and self.limit is None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the rule reads."""
        named = [self.kwargs[key] for key in ("column", "column_A", "column_B") if key in self.kwargs]
        return (*named, *self.kwargs.get("column_list", ()))

    @property
    def expected(self) -> str:
        """The demand in short: what stands in the column `expected` of the rules' table."""
        told = ", ".join(f"{key}={value}" for key, value in self.kwargs.items() if not key.startswith("column"))
        bare = self.name.removeprefix("expect_").replace("_", " ")
        return "; ".join([f"{bare} ({told})" if told else bare, *([str(self.limit)] if self.limit else [])])


def shown(value: object) -> str:
    """A value of the data as messages show it: on one line, cut, fractions with four digits, "null" for none."""
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = " ".join(str(value).split())
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
