"""Contracts as the code sees them, read from `data_contracts/<data set>.odcs.yaml`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from text_classifier.contract.declared.attributes import attribute_rules
from text_classifier.contract.declared.columns import (
    Column,
    Elements,
    Roles,
    class_aliases,
    column_of,
    declared_columns,
    with_values_of_its_column,
)
from text_classifier.contract.declared.document import (
    TABLE,
    Place,
    Properties,
    custom_properties,
    demand_enforced,
    read_document,
)
from text_classifier.contract.declared.quality import quality_rules
from text_classifier.contract.declared.rules import CLASS_ROWS, DRIFT, OWN_RULES, Rule
from text_classifier.contract.declared.servers import SourcePin, read_servers
from text_classifier.errors import ConfigError, UnknownNameError
from text_classifier.records import Origin
from text_classifier.storage import sha256_text

SUFFIX = ".odcs.yaml"

_PROSE = frozenset({"description", "team", "authoritativeDefinitions"})
"""Fields of a contract as a whole that nothing enforces or shows; what is said of rules and columns stays."""


@dataclass(frozen=True, slots=True)
class SplitShares:
    """Shares in percent (0-100, together 100) and the seed that decides which side a key falls on."""

    seed: int
    train_pct: float
    val_pct: float
    test_pct: float


@dataclass(frozen=True, slots=True)
class Contract:
    """Everything that stands about one data set.

    Attributes:
        digest: SHA-256 of what decides the data set: neither drift rules nor what is said of the contract as a whole.
        reader: a key of the corpus' readers.
        delimiters, encoding, escape: see `Servers`.
        generator: what makes the data where nobody names a source.
        fallback: the data set that is used instead when the download is refused.
        group_column: one of the columns, or (readers other than "delimited") something that only the reader knows.
        label_columns: the first is the default label.
        class_names: label column -> its classes, in the contract's order.
        class_aliases: label column -> another spelling of a class -> the class.
        max_rejected_rate: share (0-1) of the rows read.
        drop_copies: rows of train and `unsup` whose text also stands in val or test are left out.
        rules: those that are applied to ingested rows.
        drift_rules: those that compare a new delivery with the data that the champion was trained on.
    """

    data_set: str
    version: str
    path: Path
    digest: str
    reader: str
    delimiters: tuple[str, ...]
    encoding: str
    escape: str
    generator: str | None
    fallback: str | None
    origin: Origin
    pins: tuple[SourcePin, ...]
    columns: tuple[Column, ...]
    text_column: str
    label_columns: tuple[str, ...]
    group_column: str | None
    class_names: Mapping[str, tuple[str, ...]]
    class_aliases: Mapping[str, Mapping[str, str]]
    split: SplitShares
    max_rejected_rate: float
    drop_copies: bool
    rules: tuple[Rule, ...]
    drift_rules: tuple[Rule, ...]


def known_data_sets(contracts_dir: Path) -> tuple[str, ...]:
    """The data sets that have a contract, sorted.

    Raises:
        ConfigError: there is no such folder.
    """
    if not contracts_dir.is_dir():
        raise ConfigError(
            "the folder of the data contracts is missing",
            where=str(contracts_dir),
            expected=f"a folder of *{SUFFIX} files",
            to_do="set TEXT_CLASSIFIER_CONTRACTS_DIR to it",
        )
    return tuple(sorted(path.name.removesuffix(SUFFIX) for path in contracts_dir.glob(f"*{SUFFIX}")))


def load_contract(contracts_dir: Path, data_set: str) -> Contract:
    """The contract of a data set.

    Raises:
        UnknownNameError: no contract of that name; the message lists the known ones.
        ContractFileError: the file breaks the standard, or says something that nothing here enforces.
    """
    known = known_data_sets(contracts_dir)
    if data_set not in known:
        raise UnknownNameError.of("data set", data_set, known)
    path = contracts_dir / f"{data_set}{SUFFIX}"
    document = read_document(path)
    if document["id"] != data_set:
        raise Place(path).wrong("the contract's id is not its file's name", seen=document["id"], expected=data_set)
    contract = _contract(document, path, Place(path))
    if contract.fallback is not None and contract.fallback not in known:
        raise UnknownNameError.of(f"fallback of {data_set}", contract.fallback, known)
    return contract


class _Shares(Properties):
    seed: int
    train_pct: float = Field(gt=0, lt=100)
    val_pct: float = Field(gt=0, lt=100)
    test_pct: float = Field(gt=0, lt=100)


class _ContractProperties(Properties):
    reader: str
    origin: Origin
    text_column: str
    label_columns: tuple[str, ...] = Field(min_length=1)
    split: _Shares
    max_rejected_rate: float = Field(ge=0, le=1)
    group_column: str | None = None
    generator: str | None = None
    fallback: str | None = None
    drop_copies: bool = True


def _contract(document: dict[str, Any], path: Path, place: Place) -> Contract:
    custom = custom_properties(document, _ContractProperties, place)
    tables = document.get("schema", ())
    if len(tables) != 1:
        raise place.wrong("a contract describes one table", seen=f"{len(tables)} in schema", expected="1")
    demand_enforced(tables[0], TABLE, place / "schema")
    custom_properties(tables[0], Properties, place / "schema")
    roles = Roles(custom.text_column, custom.label_columns, custom.group_column, custom.reader)
    elements = declared_columns(tables[0], roles, place / "schema")
    servers = read_servers(document["servers"], custom.reader, place / "servers")
    aliases = {name: class_aliases(elements[name], place / "schema" / name) for name in custom.label_columns}
    rules = _rules(tables[0], elements, custom.label_columns, place / "schema")
    return Contract(
        data_set=document["id"],
        version=document["version"],
        path=path,
        digest=_digest(document),
        reader=custom.reader,
        delimiters=servers.delimiters,
        encoding=servers.encoding,
        escape=servers.escape,
        generator=custom.generator,
        fallback=custom.fallback,
        origin=custom.origin,
        pins=servers.pins,
        columns=tuple(column_of(element) for element in elements.values()),
        text_column=custom.text_column,
        label_columns=custom.label_columns,
        group_column=custom.group_column,
        class_names={name: tuple(entry["value"] for entry in elements[name]["enum"]) for name in custom.label_columns},
        class_aliases=aliases,
        split=_shares(custom.split, place),
        max_rejected_rate=custom.max_rejected_rate,
        drop_copies=custom.drop_copies,
        rules=tuple(rule for rule in rules if rule.name != DRIFT),
        drift_rules=_drift_rules(rules, roles, place / "schema"),
    )


def _digest(document: dict[str, Any]) -> str:
    table = _without_drift(document["schema"][0])
    table["properties"] = [_without_drift(column) for column in table["properties"]]
    deciding = {name: value for name, value in document.items() if name not in _PROSE} | {"schema": [table]}
    # repr, not str: YAML's dates are not the texts that look like them.
    return sha256_text(json.dumps(deciding, sort_keys=True, default=repr))


def _without_drift(element: dict[str, Any]) -> dict[str, Any]:
    kept = [entry for entry in element.get("quality", ()) if (entry.get("implementation") or {}).get("type") != DRIFT]
    others = {name: value for name, value in element.items() if name != "quality"}
    return others | ({"quality": kept} if kept else {})


def _shares(split: _Shares, place: Place) -> SplitShares:
    total = split.train_pct + split.val_pct + split.test_pct
    if abs(total - 100) > 1e-9:
        raise (place / "split").wrong(
            "the shares of the splits do not make a whole", seen=f"{total} %", expected="100 %"
        )
    return SplitShares(split.seed, split.train_pct, split.val_pct, split.test_pct)


def _rules(table: dict[str, Any], elements: Elements, label_columns: tuple[str, ...], place: Place) -> tuple[Rule, ...]:
    known = frozenset(elements)
    rules: list[Rule] = []
    for name, element in elements.items():
        rules += attribute_rules(element, is_label=name in label_columns, place=place / name)
        for entry in element.get("quality", ()):
            rules += quality_rules(entry, column=name, known=known, place=place / name)
    for entry in table.get("quality", ()):
        rules += quality_rules(entry, column=None, known=known, place=place)
    rules = [with_values_of_its_column(rule, elements, place / rule.rule_id) for rule in rules]
    for rule in rules:
        if rule.name == CLASS_ROWS and rule.column not in label_columns:
            raise place.wrong(
                "classes of no label column are counted", seen=rule.rule_id, expected=", ".join(label_columns)
            )
    for rule_id, count in Counter([*OWN_RULES, *(rule.rule_id for rule in rules)]).items():
        if count > 1:
            raise place.wrong("two rules with one id", seen=rule_id, expected="every id once")
    return tuple(rules)


def _drift_rules(rules: tuple[Rule, ...], roles: Roles, place: Place) -> tuple[Rule, ...]:
    found = tuple(rule for rule in rules if rule.name == DRIFT)
    for rule in found:
        if rule.column in {roles.text, *roles.labels}:
            raise (place / rule.rule_id).wrong(
                "texts and labels have measures of their own", seen=rule.column, expected="another column"
            )
        if rule.splits:
            raise (place / rule.rule_id).wrong(
                "drift is of all labelled rows", seen=f"splits {', '.join(rule.splits)}", expected="no splits"
            )
    return found
