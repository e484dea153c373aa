"""The text of a contract: YAML that the standard's own JSON schema accepts, and nothing that we would overlook."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jsonschema import Draft201909Validator
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from text_classifier.errors import ContractFileError

P = TypeVar("P", bound="Properties")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a contract something stands: "news.odcs.yaml: schema.text"."""

    path: Path
    steps: tuple[str, ...] = ()

    def __truediv__(self, step: str) -> Place:
        return Place(self.path, (*self.steps, step))

    def __str__(self) -> str:
        return f"{self.path}: {'.'.join(self.steps)}" if self.steps else str(self.path)

    def wrong(self, what: str, *, seen: object, expected: str) -> ContractFileError:
        """The error for something that stands here."""
        return ContractFileError(what, where=str(self), seen=str(seen), expected=expected, to_do="correct the contract")

    def pattern(self, text: str) -> str:
        """The regular expression that stands here, once it is known to be one."""
        try:
            re.compile(text)
        except (re.error, TypeError) as error:
            raise self.wrong(f"no regular expression: {error}", seen=text, expected="a pattern") from error
        return text


def read_document(path: Path) -> dict[str, Any]:
    """The contract at `path`, valid against the Open Data Contract Standard.

    Raises:
        ContractFileError: it cannot be read, is no YAML, or the standard refuses it.
    """
    place = Place(path)
    try:
        document = yaml.load(path.read_text("utf-8"), _EveryKeyOnce)  # noqa: S506, a loader of safe values
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise place.wrong("cannot read the contract", seen=" ".join(str(error).split()), expected="YAML") from error
    validator = Draft201909Validator(_standard())
    for breach in validator.iter_errors(document):
        raise Place(path, tuple(map(str, breach.absolute_path))).wrong(
            "the contract breaks the standard", seen=breach.message[:300], expected="Open Data Contract Standard 3.x"
        )
    demand_enforced(document, _TOP, place)
    return dict(document)


class _EveryKeyOnce(yaml.SafeLoader):
    """YAML in which of two equal keys the first would otherwise vanish."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[no-untyped-call]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                "in a mapping", node.start_mark, f"the key {twice!r} stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


_DESCRIBING = frozenset(
    {"id", "name", "description", "businessName", "tags", "authoritativeDefinitions", "physicalName", "physicalType"}
)
_TOP = _DESCRIBING | {
    *("apiVersion", "kind", "version", "status", "domain", "tenant", "dataProduct", "contractCreatedTs"),
    *("team", "roles", "support", "price", "servers", "schema", "customProperties"),
}
TABLE = _DESCRIBING | {"logicalType", "dataGranularityDescription", "properties", "quality", "customProperties"}
COLUMN = _DESCRIBING | {
    *("logicalType", "logicalTypeOptions", "required", "unique", "enum", "synonyms", "quality", "customProperties"),
    *("examples", "classification", "criticalDataElement", "transformDescription", "encryptedName"),
}
SERVER = _DESCRIBING | {
    *("server", "type", "path", "location", "format", "encoding", "environment", "roles", "customProperties")
}
RULE = _DESCRIBING | {"dimension", "severity", "businessImpact", "type", "customProperties"}
"""Fields of the standard that only describe, or that something here enforces, by the element they stand in."""

_SAYS_NOTHING: tuple[object, ...] = (None, False, -1, [], {})


def demand_enforced(element: Mapping[str, Any], known: frozenset[str], place: Place) -> None:
    """Raises ContractFileError: a field of the element demands what nothing here enforces."""
    for name, value in element.items():
        if name not in known and value not in _SAYS_NOTHING:
            raise place.wrong("a field that nothing here enforces", seen=repr(name), expected=one_of(known))


class Properties(BaseModel):
    """Custom properties that an element of a contract may have; others, and values of another type, are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError("true and false are no numbers")
        return value


def custom_properties(element: Mapping[str, Any], model: type[P], place: Place) -> P:
    """The element's `customProperties`, checked.

    Raises:
        ContractFileError: one is unknown, missing, of the wrong type or out of bounds, or stands twice.
    """
    entries = element.get("customProperties", ())
    found = {entry["property"]: entry["value"] for entry in entries}
    if len(found) < len(entries):
        raise place.wrong(
            "a custom property stands twice", seen=[entry["property"] for entry in entries], expected="once"
        )
    try:
        return model.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        known = frozenset(str(field.alias) for field in model.model_fields.values())
        raise (place / "customProperties" / ".".join(map(str, first["loc"]))).wrong(
            f"a custom property is wrong: {first['msg']}",
            seen=repr(first["input"])[:200],
            expected=f"custom properties here: {one_of(known)}",
        ) from error


def one_of(names: frozenset[str] | Mapping[str, Any]) -> str:
    """The names as a message shows them: sorted; "nothing here" where there are none."""
    return ", ".join(sorted(names)) or "nothing here"


def _standard() -> dict[str, Any]:
    text = resources.files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8")
    return dict(json.loads(text))
