"""The columns of a contract: what their declarations must be like for the code to rely on them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, get_args

from text_classifier.contract.declared.document import (
    COLUMN,
    Place,
    Properties,
    custom_properties,
    demand_enforced,
    one_of,
)
from text_classifier.contract.declared.rules import Rule

LogicalType = Literal["string", "integer", "number", "date", "boolean"]
Elements = Mapping[str, Mapping[str, Any]]
"""Column -> its declaration."""

RESERVED = frozenset({"example_id", "row", "lines", "split", "group", "text_digest"})
"""Columns that the steps add themselves, as does the export of rejected rows those that begin with `rejected_`."""

LABEL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
"""What a label column may be called: the names of folders and of report columns are made of it."""

_OF_VALUES = frozenset(
    {"expect_column_values_to_be_between", "expect_column_max_to_be_between", "expect_column_min_to_be_between"}
)
"""Rules whose bounds are values of the column, not counts or shares of them."""

_PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "date": (date, str),
    "boolean": (bool,),
}


@dataclass(frozen=True, slots=True)
class Column:
    """`aliases` are other names that a source's header may use."""

    name: str
    logical_type: LogicalType
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns are for. `group`: a column, or something that the reader knows by itself; None: no groups."""

    text: str
    labels: tuple[str, ...]
    group: str | None
    reader: str


class _ClassProperties(Properties):
    aliases: tuple[str, ...] = ()


def declared_columns(table: Mapping[str, Any], roles: Roles, place: Place) -> Elements:
    """The columns of a table by name.

    Raises:
        ContractFileError: one of them is declared as nothing here can use or enforce it, or does not fit its role.
    """
    elements: Elements = {element["name"]: element for element in table.get("properties", ())}
    if len(elements) < len(table.get("properties", ())):
        raise place.wrong("a column stands twice", seen=", ".join(elements), expected="every name once")
    _demand_roles(elements, roles, place)
    for name, element in elements.items():
        _demand_known(element, is_label=name in roles.labels, place=place / name)
        if name in RESERVED or name.startswith("rejected_") or (name == "text" != roles.text):
            raise (place / name).wrong("a reserved name of a column", seen=name, expected="another name")
    _demand_told_apart(elements.values(), place)
    return elements


def column_of(element: Mapping[str, Any]) -> Column:
    return Column(element["name"], element["logicalType"], tuple(_names(element)[1:]))


def class_aliases(element: Mapping[str, Any], place: Place) -> dict[str, str]:
    """Other spellings of the classes in `enum`, each with its class."""
    pairs = [
        (alias, entry["value"])
        for entry in element["enum"]
        for alias in custom_properties(entry, _ClassProperties, place / str(entry["value"])).aliases
    ]
    names = [alias for alias, _ in pairs] + [entry["value"] for entry in element["enum"]]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice or not all(isinstance(name, str) for name in names):
        raise place.wrong("classes and their aliases are not distinct texts", seen=names, expected="each text once")
    return dict(pairs)


def with_values_of_its_column(rule: Rule, elements: Elements, place: Place) -> Rule:
    """The rule, the values and bounds that it names checked against the type of its column; dates as text.

    Raises:
        ContractFileError: a value is of another type, so that no row could ever hold it; or there is none.
    """
    kwargs, ends = dict(rule.kwargs), [name for name in ("min_value", "max_value") if rule.kwargs.get(name) is not None]
    if rule.name.endswith("_between") and not ends:
        raise place.wrong("a range without bounds", seen=rule.expected, expected="min_value, max_value or both")
    kind = elements[rule.column]["logicalType"] if rule.column is not None else ""
    if rule.name in _OF_VALUES:
        kwargs |= {end: _of_type(kwargs[end], "number" if kind == "integer" else kind, place) for end in ends}
    if "value_set" in kwargs:
        values = kwargs["value_set"]
        if not isinstance(values, list) or not values:
            raise place.wrong("a rule names no values", seen=repr(values), expected=f"a list of values of type {kind}")
        kwargs["value_set"] = [_of_type(value, kind, place) for value in values]
    return replace(rule, kwargs=kwargs)


def _of_type(value: Any, kind: str, place: Place) -> Any:
    is_right = isinstance(value, _PYTHON[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if kind == "date" and is_right:
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            is_right = False
    if not is_right:
        raise place.wrong("a value of another type than its column", seen=repr(value), expected=kind)
    return value


def _demand_known(element: Mapping[str, Any], *, is_label: bool, place: Place) -> None:
    """Raises ContractFileError: the declaration holds what nothing here enforces."""
    demand_enforced(element, COLUMN, place)
    custom_properties(element, Properties, place)
    for entry in element.get("enum", ()) if not is_label else ():
        custom_properties(entry, Properties, place / str(entry["value"]))
    known = get_args(LogicalType)
    if element.get("logicalType") not in known:
        raise place.wrong("unknown type of a column", seen=element.get("logicalType"), expected=", ".join(known))


def _demand_told_apart(elements: Iterable[Mapping[str, Any]], place: Place) -> None:
    """Raises ContractFileError: a name in a header could mean two columns."""
    names = Counter(name for element in elements for name in {name.strip().casefold() for name in _names(element)})
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise place.wrong("columns that go by the same name", seen=", ".join(twice), expected="every name once")


def _names(element: Mapping[str, Any]) -> list[str]:
    return [element["name"], *(entry["synonym"] for entry in element.get("synonyms", ()))]


def _demand_roles(elements: Elements, roles: Roles, place: Place) -> None:
    """Raises ContractFileError: the text, a label or the group stands in no column that could hold it."""
    is_column = roles.group in elements or roles.reader == "delimited"
    for name in filter(None, (roles.text, *roles.labels, roles.group if is_column else None)):
        if elements.get(name, {}).get("logicalType") != "string":
            raise place.wrong("a text, label or group column is no string column", seen=name, expected=one_of(elements))
    for name in (roles.text, *roles.labels):
        if not elements[name].get("required"):
            raise (place / name).wrong("a text or label column is not required", seen=name, expected="required: true")
    for name in roles.labels:
        if "enum" not in elements[name]:
            raise (place / name).wrong("a label column names no classes", seen="no enum", expected="enum: - value: ...")
        if not LABEL_NAME.fullmatch(name):
            expected = LABEL_NAME.pattern
            raise (place / name).wrong("a label column's name is no plain word", seen=repr(name), expected=expected)
    if len(set(roles.labels)) < len(roles.labels):
        raise place.wrong("a label column stands twice", seen=", ".join(roles.labels), expected="each once")
