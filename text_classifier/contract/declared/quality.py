"""Rules that stand under `quality`: the standard's library metrics, Great Expectations' rules, and our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from text_classifier.contract.declared.document import (
    RULE,
    Place,
    Properties,
    custom_properties,
    demand_enforced,
    one_of,
)
from text_classifier.contract.declared.rules import (
    CLASS_ROWS,
    DATA_SET_EXPECTATIONS,
    DRIFT,
    LOWEST_OF_MEASURES,
    OF_COLUMNS,
    OPERATORS,
    ROW_EXPECTATIONS,
    UNIQUENESS,
    Limit,
    Rule,
)
from text_classifier.records import Split

ENGINES: dict[str, frozenset[str]] = {
    "greatExpectations": ROW_EXPECTATIONS | DATA_SET_EXPECTATIONS,
    "textClassifier": frozenset({CLASS_ROWS, DRIFT}),
}
"""Engine of a custom rule -> the rule types that it knows."""

_KINDS = frozenset({"library", "custom"})
_SEVERITIES = frozenset({"error", "warning"})
_UNITS = frozenset({"rows", "percent"})
_NULL = "expect_column_values_to_not_be_null"
_Found = tuple[str, dict[str, Any], Limit | None]


class _RuleProperties(Properties):
    splits: tuple[Split, ...] = ()


def quality_rules(entry: Mapping[str, Any], *, column: str | None, known: frozenset[str], place: Place) -> list[Rule]:
    """The rules of one entry under `quality`: of a column, or of the table where `column` is None.

    Raises:
        ContractFileError: unknown kind, metric, rule, engine, severity, unit, column or custom property.
    """
    place = place / "quality" / str(entry.get("id", "(no id)"))
    _demand(
        "id" in entry, place, "a rule has no id", entry.get("name"), frozenset({"an id of letters, digits, dashes"})
    )
    severity, kind = entry.get("severity", "error"), entry.get("type", "library")
    _demand(severity in _SEVERITIES, place, "unknown severity", severity, _SEVERITIES)
    _demand(kind in _KINDS, place, "a kind of rule that nothing here evaluates", kind, _KINDS)
    own = {"metric", "arguments", "unit", *OPERATORS} if kind == "library" else {"engine", "implementation"}
    demand_enforced(entry, RULE | own, place)
    splits = custom_properties(entry, _RuleProperties, place).splits
    found = _library(entry, column, place) if kind == "library" else [_custom(entry, column, place)]
    told = str(entry.get("description") or entry["id"])
    rules = []
    for number, (name, kwargs, limit) in enumerate(found, start=1):
        rule_id = entry["id"] if number == 1 else f"{entry['id']}-{number}"
        rule = Rule(rule_id, told, severity, name, kwargs, kwargs.get("column"), splits, limit)
        for unknown in sorted(set(rule.columns) - known):
            raise place.wrong("a rule of an unknown column", seen=repr(unknown), expected=one_of(known))
        rules.append(rule)
    return rules


def _demand(holds: bool, place: Place, what: str, seen: object, known: frozenset[str]) -> None:
    if not holds:
        raise place.wrong(what, seen=repr(seen), expected=one_of(known))


def _library(entry: Mapping[str, Any], column: str | None, place: Place) -> list[_Found]:
    metric, arguments, unit = entry["metric"], dict(entry.get("arguments", {})), entry.get("unit", "rows")
    _demand(unit in _UNITS, place, "unknown unit", unit, _UNITS)
    comparison = next(name for name in OPERATORS if name in entry)
    limit = Limit(comparison, entry[comparison], unit)
    if metric == "rowCount":
        _demand(column is None and unit == "rows", place, "rowCount is of the table, in rows", column, frozenset())
        return [("expect_table_row_count_to_be_between", _row_bounds(limit, place), None)]
    if metric == "duplicateValues":
        counted = _duplicates(column, arguments.pop("properties", None), place)
    else:
        _demand(column is not None, place, "a metric of columns stands at the table", metric, frozenset({"rowCount"}))
        counted = [(name, {"column": column, **kwargs}) for name, kwargs in _of_values(metric, arguments, place)]
    _demand(not arguments, place, f"unknown argument of {metric}", sorted(arguments), frozenset())
    tolerance = None if limit.bears_none else limit
    if tolerance and len(counted) > 1:
        raise place.wrong(
            "a tolerance for two conditions together", seen=str(limit), expected="mustBe: 0, or a rule for each"
        )
    return [(name, kwargs, tolerance) for name, kwargs in counted]


def _row_bounds(limit: Limit, place: Place) -> dict[str, Any]:
    values = limit.value if isinstance(limit.value, list) else [limit.value]
    whole = all(isinstance(value, int) for value in values)
    _demand(whole, place, "a count of rows is a whole number", limit.value, frozenset({"a whole number"}))
    bounds = {
        "mustBe": lambda value: {"min_value": value, "max_value": value},
        "mustBeBetween": lambda value: {"min_value": value[0], "max_value": value[1]},
        "mustBeGreaterThan": lambda value: {"min_value": value + 1},
        "mustBeGreaterOrEqualTo": lambda value: {"min_value": value},
        "mustBeLessThan": lambda value: {"max_value": value - 1},
        "mustBeLessOrEqualTo": lambda value: {"max_value": value},
    }
    _demand(limit.operator in bounds, place, "rowCount knows no such comparison", limit.operator, frozenset(bounds))
    return bounds[limit.operator](limit.value)


def _duplicates(column: str | None, together: list[str] | None, place: Place) -> list[tuple[str, dict[str, Any]]]:
    _demand((column is None) != (together is None), place, "of which columns?", together, frozenset({"properties"}))
    if column is not None:
        return [("expect_column_values_to_be_unique", {"column": column})]
    return [("expect_compound_columns_to_be_unique", {"column_list": list(together or ())})]


def _of_values(metric: str, arguments: dict[str, Any], place: Place) -> list[tuple[str, dict[str, Any]]]:
    if metric == "nullValues":
        return [(_NULL, {})]
    found: list[tuple[str, dict[str, Any]]] = []
    if metric == "missingValues":
        missing = arguments.pop("missingValues", [None])
        is_list = isinstance(missing, list) and bool(missing)
        _demand(is_list, place, "missingValues says not what is missing", missing, frozenset({"a list of values"}))
        if None in missing:
            found.append((_NULL, {}))
        if values := [value for value in missing if value is not None]:
            found.append(("expect_column_values_to_not_be_in_set", {"value_set": values}))
    else:
        if "validValues" in arguments:
            found.append(("expect_column_values_to_be_in_set", {"value_set": arguments.pop("validValues")}))
        if "pattern" in arguments:
            found.append(("expect_column_values_to_match_regex", {"regex": place.pattern(arguments.pop("pattern"))}))
        _demand(bool(found), place, "invalidValues says not what is valid", None, frozenset({"validValues", "pattern"}))
    return found


def _custom(entry: Mapping[str, Any], column: str | None, place: Place) -> _Found:
    engine, given = entry["engine"], entry["implementation"]
    _demand(engine in ENGINES, place, "unknown engine", engine, frozenset(ENGINES))
    _demand(isinstance(given, dict) and given.keys() <= {"type", "kwargs"}, place, "an implementation", given, _SHAPE)
    name, kwargs = given.get("type"), given.get("kwargs", {})
    _demand(isinstance(name, str) and isinstance(kwargs, dict), place, "a type and its kwargs", given, _SHAPE)
    _demand(name in ENGINES[engine], place, f"unknown rule of {engine}", name, ENGINES[engine])
    kwargs = _known_arguments(dict(kwargs), place)
    if column is not None:
        _demand(kwargs.get("column", column) == column, place, "a rule of another column", kwargs, frozenset({column}))
        kwargs["column"] = column
    if name == CLASS_ROWS:
        right = kwargs.keys() == {"column", "minimum"} and type(kwargs["minimum"]) is int and kwargs["minimum"] > 0
        _demand(right, place, f"wrong arguments of {CLASS_ROWS}", kwargs, frozenset({"minimum: a number of rows"}))
    if name == DRIFT:
        _demand_drift(kwargs, place)
    _demand("column" in kwargs or not name.startswith("expect_column_"), place, "a rule of no column", given, _COLUMN)
    mostly = kwargs.pop("mostly", 1) if name in ROW_EXPECTATIONS | UNIQUENESS else 1
    is_share = isinstance(mostly, int | float) and not isinstance(mostly, bool) and 0 < mostly <= 1
    _demand(is_share, place, "mostly is a share", mostly, frozenset({"above 0, at most 1"}))
    return name, kwargs, None if mostly == 1 else Limit("mustBeLessOrEqualTo", round(100 * (1 - mostly), 9), "percent")


def _demand_drift(kwargs: Mapping[str, Any], place: Place) -> None:
    right = kwargs.keys() - {"column"} == {"measure", "maximum"}
    _demand(right, place, f"wrong arguments of {DRIFT}", sorted(kwargs), frozenset({"measure and maximum"}))
    measure, maximum = kwargs["measure"], kwargs["maximum"]
    known = isinstance(measure, str) and measure in LOWEST_OF_MEASURES
    _demand(known, place, "unknown measure of drift", measure, frozenset(LOWEST_OF_MEASURES))
    lowest = LOWEST_OF_MEASURES[measure]
    is_number = isinstance(maximum, int | float) and not isinstance(maximum, bool)
    bounds = frozenset({f"above {lowest:g}, below 1"})
    _demand(is_number and lowest < maximum < 1, place, f"no maximum of {measure}", maximum, bounds)
    misplaced = "column" in kwargs and measure not in OF_COLUMNS
    _demand(not misplaced, place, f"{measure} is of the table, not of a column", kwargs.get("column"), OF_COLUMNS)


def _known_arguments(kwargs: dict[str, Any], place: Place) -> dict[str, Any]:
    for key, value in kwargs.items():
        placed = isinstance(value, dict) and key != "partition_object"
        _demand(not placed, place, "an argument that nothing here fills in", value, frozenset({"a value"}))
    conditional = kwargs.keys() & {"row_condition", "condition_parser"}
    _demand(not conditional, place, "a condition on rows", sorted(conditional), frozenset({"splits"}))
    _demand(isinstance(kwargs.get("column", ""), str), place, "a column's name", kwargs.get("column"), _COLUMN)
    for pattern in (*([kwargs["regex"]] if "regex" in kwargs else []), *kwargs.get("regex_list", ())):
        place.pattern(pattern)
    return kwargs


_SHAPE = frozenset({"type", "kwargs"})
_COLUMN = frozenset({"a column of the table"})
