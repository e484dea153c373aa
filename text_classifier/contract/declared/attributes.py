"""Rules that stand in a column's attributes: `required`, `unique`, `enum`, `logicalTypeOptions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from text_classifier.contract.declared.document import Place, one_of
from text_classifier.contract.declared.rules import Rule
from text_classifier.records import LABELLED_SPLITS

FORMATS: dict[str, str] = {
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "hostname": r"^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$",
    "ipv4": r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$",
    "uuid": r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
}
"""Formats of strings that are enforced, as regular expressions."""

_INTEGER_BITS = {"i8": 8, "i16": 16, "i32": 32, "u8": 8, "u16": 16, "u32": 32}
_BY_READER = {("date", "yyyy-MM-dd"), ("number", "f64"), ("integer", "i64")}  # a row that is not so never gets here
_LENGTHS = {"minLength": "min_value", "maxLength": "max_value"}
_BOUNDS: dict[str, dict[str, Any]] = {
    "minimum": {"strict_min": False},
    "exclusiveMinimum": {"strict_min": True},
    "maximum": {"strict_max": False},
    "exclusiveMaximum": {"strict_max": True},
}
_OPTIONS = frozenset({*_LENGTHS, *_BOUNDS, "pattern", "format"})


def attribute_rules(element: Mapping[str, Any], *, is_label: bool, place: Place) -> list[Rule]:
    """The rules in a column's attributes, all of severity `error`.

    A label is required in the labelled splits only: `unsup` has none by nature.

    Raises:
        ContractFileError: an attribute demands something that is not enforced here.
    """
    options = dict(element.get("logicalTypeOptions", {}))
    for name in options.keys() - _OPTIONS:
        raise place.wrong("an option that is not enforced", seen=repr(name), expected=one_of(_OPTIONS))
    column, rules = element["name"], []
    if element.get("required"):
        splits = LABELLED_SPLITS if is_label else ()
        name, told = "expect_column_values_to_not_be_null", f"Every row has a `{column}`."
        rules.append(Rule(f"{column}-required", told, "error", name, {"column": column}, column, splits))
    if element.get("unique"):
        name, told = "expect_column_values_to_be_unique", f"No `{column}` stands twice."
        rules.append(Rule(f"{column}-unique", told, "error", name, {"column": column}, column))
    for suffix, name, kwargs, told in _value_rules(element, options, place):
        rules.append(Rule(f"{column}-{suffix}", told, "error", name, {"column": column, **kwargs}, column))
    return rules


_Found = tuple[str, str, dict[str, Any], str]


def _value_rules(element: Mapping[str, Any], options: dict[str, Any], place: Place) -> list[_Found]:
    column = element["name"]
    found: list[_Found] = []
    if "enum" in element:
        values = {"value_set": [entry["value"] for entry in element["enum"]]}
        found.append(
            ("allowed", "expect_column_values_to_be_in_set", values, f"`{column}` is one of the allowed values.")
        )
    if lengths := {key: options[name] for name, key in _LENGTHS.items() if name in options}:
        name = "expect_column_value_lengths_to_be_between"
        found.append(("length", name, lengths, f"`{column}` has an allowed length, in characters."))
    if bounds := _bounds(options, place):
        found.append(("range", "expect_column_values_to_be_between", bounds, f"`{column}` lies in the allowed range."))
    if "pattern" in options:
        pattern = {"regex": place.pattern(options["pattern"])}
        found.append(("pattern", "expect_column_values_to_match_regex", pattern, f"`{column}` holds the pattern."))
    if "format" in options:
        found += _format(column, element["logicalType"], options["format"], place)
    return found


def _bounds(options: dict[str, Any], place: Place) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    for option, strict in _BOUNDS.items():
        if option not in options:
            continue
        if strict.keys() & bounds.keys():
            raise place.wrong("two bounds at one end", seen=one_of(options), expected="minimum or exclusiveMinimum")
        (end,) = strict
        bounds |= {f"{end.removeprefix('strict_')}_value": options[option], **strict}
    return bounds


def _format(column: str, logical_type: str, name: str, place: Place) -> list[_Found]:
    told = f"`{column}` has the format {name}."
    if (logical_type, name) in _BY_READER:
        return []
    if logical_type == "string" and name in FORMATS:
        return [("format", "expect_column_values_to_match_regex", {"regex": FORMATS[name]}, told)]
    if logical_type == "integer" and name in _INTEGER_BITS:
        bits = _INTEGER_BITS[name]
        low, high = (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return [("format", "expect_column_values_to_be_between", {"min_value": low, "max_value": high}, told)]
    known = frozenset({*FORMATS, *_INTEGER_BITS, *(known for _, known in _BY_READER)})
    raise place.wrong(f"a format that is not enforced for {logical_type}", seen=repr(name), expected=one_of(known))
