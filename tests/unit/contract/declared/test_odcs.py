from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator

from text_classifier.contract import Contract, known_data_sets, load_contract
from text_classifier.errors import ConfigError, ContractFileError, UnknownNameError

CONTRACTS = Path(__file__).parents[4] / "data_contracts"
Document = dict[str, Any]
Load = Callable[[Document], Contract]


@pytest.mark.parametrize("data_set", ["imdb", "imdb_sample", "news"])
def test_shipped_contracts_are_valid_against_the_standard(data_set: str) -> None:
    standard = json.loads(resources.files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8"))
    document = yaml.safe_load((CONTRACTS / f"{data_set}.odcs.yaml").read_text("utf-8"))
    assert list(Draft201909Validator(standard).iter_errors(document)) == []


def test_the_shipped_contracts_say_what_the_data_sets_are() -> None:
    assert known_data_sets(CONTRACTS) == ("imdb", "imdb_sample", "news")
    imdb, sample, news = (load_contract(CONTRACTS, name) for name in known_data_sets(CONTRACTS))
    assert imdb.class_names == sample.class_names == {"label": ("neg", "pos")}
    assert imdb.class_aliases["label"] == {"negative": "neg", "0": "neg", "positive": "pos", "1": "pos"}
    assert (imdb.fallback, imdb.group_column, sample.origin) == ("imdb_sample", "film", "sample")
    assert (imdb.split.train_pct, imdb.split.val_pct, imdb.split.test_pct) == (45, 5, 50)
    assert {pin.form for pin in imdb.pins} == {"imdb-tar", "imdb-npz", "imdb-word-index", "imdb-csv"}
    assert (news.delimiters[0], news.text_column, news.label_columns) == (";", "text", ("category", "label"))
    assert len(news.class_names["category"]) == 7
    assert [column.name for column in news.columns] == [
        "title",
        "text",
        "date",
        "source",
        "author",
        "category",
        "label",
    ]


def test_a_contract_gives_columns_classes_and_server_facts(load: Load, document: Document) -> None:
    contract = load(document)
    assert (contract.encoding, contract.delimiters) == ("iso8859-1", (";", ","))
    assert contract.columns[0].aliases == ("content",)
    assert contract.class_aliases == {"kind": {"fine": "good"}}
    assert [rule.rule_id for rule in contract.rules] == [
        "body-required",
        "body-length",
        "kind-required",
        "kind-allowed",
    ]


def test_a_label_is_required_in_labelled_splits_only(load: Load, document: Document) -> None:
    rules = {rule.rule_id: rule for rule in load(document).rules}
    assert rules["kind-required"].splits == ("train", "val", "test")
    assert rules["body-required"].splits == ()


def test_an_unknown_data_set_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown data set.*'imdbs'.*imdb, imdb_sample, news.*did you mean"):
        load_contract(CONTRACTS, "imdbs")
    with pytest.raises(ConfigError, match="folder of the data contracts is missing"):
        load_contract(tmp_path / "nowhere", "imdb")


def test_a_file_that_is_no_yaml_or_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.odcs.yaml"
    for content in (b"a: [", b"\xff\xfe\xfa"):
        path.write_bytes(content)
        with pytest.raises(ContractFileError, match="cannot read the contract"):
            load_contract(tmp_path, "notes")
    path.write_bytes(b"- a list")
    with pytest.raises(ContractFileError, match="breaks the standard"):
        load_contract(tmp_path, "notes")


def _set_custom(document: Document, name: str, value: object) -> None:
    entries = [entry for entry in document["customProperties"] if entry["property"] != name]
    document["customProperties"] = [*entries, {"property": name, "value": value}]


def _quality(**entry: object) -> Callable[[Document], None]:
    def spoil(document: Document) -> None:
        document["schema"][0]["properties"][2]["quality"] = [{"id": "odd", **entry}]

    return spoil


def _table_quality(**entry: object) -> Callable[[Document], None]:
    def spoil(document: Document) -> None:
        document["schema"][0]["quality"] = [{"id": "odd", **entry}]

    return spoil


def _column(number: int, **attributes: object) -> Callable[[Document], None]:
    def spoil(document: Document) -> None:
        document["schema"][0]["properties"][number].update(attributes)

    return spoil


def _custom(name: str, value: object) -> Callable[[Document], None]:
    return lambda document: _set_custom(document, name, value)


def _gx(name: str, **kwargs: object) -> dict[str, object]:
    return {"type": "custom", "engine": "greatExpectations", "implementation": {"type": name, "kwargs": kwargs}}


def _renamed_label(name: str) -> Callable[[Document], None]:
    def spoil(document: Document) -> None:
        _column(1, name=name)(document)
        _custom("labelColumns", [name])(document)

    return spoil


def _server(**properties: object) -> Callable[[Document], None]:
    def spoil(document: Document) -> None:
        server = document["servers"][0]
        kept = [entry for entry in server["customProperties"] if entry["property"] not in properties]
        added = [{"property": name, "value": value} for name, value in properties.items()]
        server["customProperties"] = [*kept, *added]

    return spoil


def _second_server(**fields: object) -> Callable[[Document], None]:
    return lambda document: document["servers"].append({**document["servers"][0], "server": "b", **fields})


def _class_rows(minimum: object) -> Callable[[Document], None]:
    implementation = {"type": "classRows", "kwargs": {"minimum": minimum}}
    return _quality(type="custom", engine="textClassifier", implementation=implementation)


def _drift(**kwargs: object) -> dict[str, object]:
    implementation = {"type": "drift", "kwargs": kwargs}
    return {"type": "custom", "engine": "textClassifier", "implementation": implementation}


def _column_quality(number: int, entry: dict[str, object]) -> Callable[[Document], None]:
    return _column(number, quality=[{"id": "odd", **entry}])


_OF_TRAIN = {"customProperties": [{"property": "splits", "value": ["train"]}]}

SPOILED: list[tuple[Callable[[Document], None], str]] = [
    (lambda document: document.update(id="other"), "id is not its file's name"),
    (lambda document: document.update(kind="Recipe"), "breaks the standard"),
    (lambda document: document["schema"].append({"name": "second"}), "describes one table"),
    (_custom("sepcialProperty", 1), "sepcialProperty"),
    (_custom("maxRejectedRate", 2), "custom property is wrong"),
    (_custom("split", {"seed": 7, "trainPct": 60, "valPct": 20, "testPct": 30}), "do not make a whole"),
    (_custom("split", {"seed": 7, "trainPct": 80, "valPct": 20}), "custom property is wrong"),
    (_custom("textColumn", "boddy"), "no string column"),
    (_custom("labelColumns", ["stars"]), "no string column"),
    (_custom("labelColumns", []), "custom property is wrong"),
    (_renamed_label("../../topic"), r"no plain word.*\.\./\.\./topic"),
    (_renamed_label("kind of note"), "no plain word"),
    (_renamed_label("a" * 65), "no plain word"),
    (_custom("groupColumn", "film"), "no string column"),
    (lambda document: document["customProperties"].append(document["customProperties"][0]), "stands twice"),
    (lambda document: document["servers"][0]["customProperties"].append({"property": "md4", "value": "x"}), "md4"),
    (_column(2, name="row"), "reserved name"),
    (_column(2, name="text"), "reserved name"),
    (_column(2, name="day"), "stands twice"),
    (_column(2, logicalType="array"), "unknown type of a column"),
    (_column(2, primaryKey=True), "nothing here enforces.*primaryKey"),
    (_column(2, logicalTypeOptions={"multipleOf": 2}), "not enforced"),
    (_column(2, logicalTypeOptions={"minimum": 1, "exclusiveMinimum": 0}), "two bounds at one end"),
    (_column(2, logicalTypeOptions={"format": "i128"}), "format that is not enforced"),
    (_column(3, logicalTypeOptions={"format": "dd.MM.yyyy"}), "format that is not enforced"),
    (_column(0, logicalTypeOptions={"format": "hostel"}), "format that is not enforced"),
    (_column(0, logicalTypeOptions={"pattern": "("}), "no regular expression"),
    (_column(0, required=False), "not required"),
    (_column(1, enum=None), "breaks the standard"),
    (_column(1, enum=[{"value": "good"}, {"value": "good", "label": "again"}]), "not distinct"),
    (_column(1, enum=[{"value": 1}]), "not distinct texts"),
    (_column(0, customProperties=[{"property": "colour", "value": "red"}]), "colour"),
    (lambda document: document["schema"][0]["properties"][1].pop("enum"), "names no classes"),
    (_quality(metric="freshness", mustBe=1), "breaks the standard"),
    (_quality(type="text", description="be nice"), "nothing here evaluates"),
    (_quality(type="sql", query="SELECT 1", mustBe=1), "nothing here evaluates"),
    (_quality(metric="nullValues", mustBe=0, severity="fatal"), "unknown severity"),
    (_quality(metric="nullValues", mustBe=0, unit="dozens"), "unknown unit"),
    (_quality(metric="nullValues", mustBe=0, arguments={"depth": 3}), "unknown argument"),
    (_quality(metric="invalidValues", mustBe=0), "says not what is valid"),
    (_quality(metric="rowCount", mustBe=4), "rowCount is of the table"),
    (_quality(id="body-length", metric="nullValues", mustBe=0), "two rules with one id"),
    (_quality(id="rejected-share", metric="nullValues", mustBe=0), "two rules with one id"),
    (_quality(type="custom", engine="soda", implementation={}), "unknown engine"),
    (_quality(**_gx("expect_wonders")), "unknown rule of greatExpectations"),
    (_quality(**_gx("expect_column_values_to_not_be_null", column="body")), "rule of another column"),
    (_quality(type="custom", engine="greatExpectations", implementation="expect it"), "an implementation"),
    (_quality(type="custom", engine="textClassifier", implementation={"type": "magic"}), "unknown rule of textClass"),
    (
        _quality(type="custom", engine="textClassifier", implementation={"type": "classRows", "kwargs": {"least": 2}}),
        "wrong arguments of classRows",
    ),
    (
        _quality(
            type="custom", engine="textClassifier", implementation={"type": "classRows", "kwargs": {"minimum": 2}}
        ),
        "no label column",
    ),
    (_quality(metric="nullValues", mustBe=0, customProperties=[{"property": "when", "value": 1}]), "when"),
    (
        _quality(metric="nullValues", mustBe=0, customProperties=[{"property": "splits", "value": ["dev"]}]),
        "custom property is wrong",
    ),
    (
        lambda document: document.update(slaProperties=[{"property": "latency", "value": 4}]),
        "nothing here enforces.*sla",
    ),
    (lambda document: document["schema"][0].update(customProperties=[{"property": "bogus", "value": 1}]), "bogus"),
    (_column(2, primaryKeyPosition=1), "nothing here enforces.*primaryKeyPosition"),
    (_column(2, name="rejected_row"), "reserved name"),
    (_column(2, enum=[{"value": 1, "customProperties": [{"property": "aliases", "value": ["one"]}]}]), "aliases"),
    (_column(2, enum=[{"value": "1"}]), "another type than its column"),
    (_column(2, synonyms=[{"synonym": "KIND "}]), "same name.*kind"),
    (_column(2, name="Body"), "same name.*body"),
    (_column(3, logicalTypeOptions={"minimum": "2000-13-01"}), "another type than its column.*2000-13-01"),
    (_column(2, logicalTypeOptions={"minimum": True}), "another type than its column|breaks the standard"),
    (_custom("labelColumns", ["kind", "kind"]), "label column stands twice"),
    (_custom("maxRejectedRate", True), "true and false are no numbers"),
    (_custom("reader", "parquet"), "unknown reader"),
    (_server(form="imdb-tar"), "form that the reader delimited does not know"),
    (_server(delimiters=[]), "delimiters belong to delimited forms"),
    (_server(escapeCharacter=";"), "the escape is a delimiter"),
    (lambda document: document["servers"][0].update(format="parquet"), "a format that is not delimited"),
    (_second_server(encoding="utf-8"), "delimited in different ways"),
    (_table_quality(**_gx("expect_column_max_to_be_between", max_value=1)), "a rule of no column"),
    (_table_quality(**_gx("expect_column_values_to_be_in_set", value_set=[1])), "a rule of no column"),
    (_quality(**_gx("expect_column_values_to_match_regex", regex="(")), "no regular expression"),
    (_quality(**_gx("expect_column_values_to_match_regex", regex=3)), "no regular expression"),
    (_quality(**_gx("expect_column_max_to_be_between", max_value=1, row_condition="stars>1")), "a condition on rows"),
    (_quality(**_gx("expect_column_max_to_be_between", max_value=1, column=["stars"])), "a column's name|of another"),
    (_quality(type="custom", engine="greatExpectations", implementation={"type": "x", "kwargs": None}), "its kwargs"),
    (_quality(type="custom", engine="greatExpectations", implementation={"type": ["x"]}), "its kwargs"),
    (_quality(metric="missingValues", mustBe=0, arguments={"missingValues": "N/A"}), "says not what is missing"),
    (lambda document: document["servers"][0].update(encoding="ascii"), "an encoding that nobody reads"),
    (lambda document: document["servers"][0].update(encoding="mac-arabic"), "an encoding that nobody reads"),
    (_quality(metric="missingValues", mustBe=0, arguments={"missingValues": []}), "says not what is missing"),
    (_quality(metric="missingValues", mustBe=0, arguments={"missingValues": ["-1"]}), "another type than its column"),
    (_quality(metric="missingValues", mustBeLessThan=9, arguments={"missingValues": [None, 5]}), "a tolerance for two"),
    (_quality(**_gx("expect_column_max_to_be_between")), "a range without bounds"),
    (_quality(**_gx("expect_column_values_to_be_between", min_value=1, mostly=2)), "mostly is a share"),
    (_quality(**_gx("expect_column_values_to_be_between", min_value=1, mostly="0.5")), "mostly is a share"),
    (_quality(**_gx("expect_column_mean_to_be_between", min_value={"$PARAMETER": "x"})), "nothing here fills in"),
    (_quality(metric="nullValues", mustBe=0, **_gx("expect_column_max_to_be_between", max_value=4)), "metric|mustBe"),
    (_quality(unit="rows", **_gx("expect_column_max_to_be_between", max_value=4)), "nothing here enforces.*unit"),
    (_table_quality(metric="rowCount", mustBeLessThan=60.5), "a whole number"),
    (_class_rows(-5), "wrong arguments of classRows"),
    (_class_rows(True), "wrong arguments of classRows"),
    (_table_quality(metric="nullValues", mustBe=0), "metric of columns stands at the table"),
    (_table_quality(metric="rowCount", mustNotBe=4), "no such comparison"),
    (_table_quality(metric="duplicateValues", mustBe=0), "of which columns"),
    (_table_quality(metric="duplicateValues", mustBe=0, arguments={"properties": ["body", "sole"]}), "unknown column"),
    (_table_quality(**_gx("expect_column_max_to_be_between", column="sole", max_value=1)), "unknown column"),
    (_table_quality(**_drift(measure="labelShare", maximum=0.1)), "unknown measure of drift.*labelShares"),
    (_table_quality(**_drift(measure=["labelShares"], maximum=0.1)), "unknown measure of drift"),
    (_table_quality(**_drift(measure="labelShares")), "wrong arguments of drift"),
    (_table_quality(**_drift(measure="labelShares", maximum=0.1, minimum=0)), "wrong arguments of drift"),
    (_table_quality(**_drift(measure="labelShares", maximum=0)), "no maximum of labelShares"),
    (_table_quality(**_drift(measure="labelShares", maximum=1)), "no maximum of labelShares"),
    (_table_quality(**_drift(measure="labelShares", maximum=True)), "no maximum of labelShares"),
    (_table_quality(**_drift(measure="labelShares", maximum="0.1")), "no maximum of labelShares"),
    (_table_quality(**_drift(measure="newTexts", maximum=0.5)), "no maximum of newTexts.*above 0.5, below 1"),
    (_quality(**_drift(measure="labelShares", maximum=0.1)), "labelShares is of the table"),
    (_table_quality(**_drift(measure="missingValues", maximum=0.1, column="sole")), "unknown column"),
    (_column_quality(0, _drift(measure="missingValues", maximum=0.1)), "texts and labels have measures of their own"),
    (_column_quality(1, _drift(measure="columnShares", maximum=0.1)), "texts and labels have measures of their own"),
    (_table_quality(**_drift(measure="textLength", maximum=0.1), **_OF_TRAIN), "drift is of all labelled rows"),
    (_quality(**_drift(measure="missingValues", maximum=0.1) | {"id": "body-length"}), "two rules with one id"),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILED)
def test_what_nothing_enforces_is_refused(
    load: Load, document: Document, spoil: Callable[[Document], None], message: str
) -> None:
    spoil(document)
    with pytest.raises(ContractFileError, match=message) as caught:
        load(document)
    assert "notes.odcs.yaml" in caught.value.where
    assert caught.value.to_do == "correct the contract"


def test_servers_that_are_delimited_in_one_way_may_be_several(load: Load, document: Document) -> None:
    _second_server()(document)
    assert len(load(document).pins) == 2


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Of two equal keys YAML keeps the last and says nothing."""
    text = (CONTRACTS / "news.odcs.yaml").read_text("utf-8")
    twice = text.replace("        required: true\n", "        required: true\n        required: false\n", 1)
    (tmp_path / "news.odcs.yaml").write_text(twice, "utf-8")
    with pytest.raises(ContractFileError, match="the key 'required' stands twice"):
        load_contract(tmp_path, "news")


def test_a_fallback_that_is_no_data_set_is_refused(load: Load, document: Document) -> None:
    _set_custom(document, "fallback", "nowhere")
    with pytest.raises(UnknownNameError, match="unknown fallback of notes"):
        load(document)


def test_dates_in_a_rule_may_be_written_as_yaml_knows_them(load: Load, document: Document) -> None:
    rule = {"id": "day", "metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": [date(1900, 1, 1)]}}
    document["schema"][0]["properties"][3]["quality"] = [rule]
    (found,) = [rule for rule in load(document).rules if rule.rule_id == "day"]
    assert found.kwargs["value_set"] == ["1900-01-01"]


def test_a_rule_without_an_id_is_refused(load: Load, document: Document) -> None:
    document["schema"][0]["quality"] = [{"metric": "rowCount", "mustBe": 4}]
    with pytest.raises(ContractFileError, match="a rule has no id"):
        load(document)


def test_drift_rules_are_handed_on_and_not_applied_to_ingested_rows(load: Load, document: Document) -> None:
    before = load(document).rules
    _column_quality(2, _drift(measure="columnShares", maximum=0.2))(document)
    _table_quality(severity="warning", **_drift(measure="newTexts", maximum=0.6))(document)
    document["schema"][0]["quality"][0]["id"] = "telling"
    contract = load(document)
    assert contract.rules == before
    assert [(rule.rule_id, rule.severity, rule.column, dict(rule.kwargs)) for rule in contract.drift_rules] == [
        ("odd", "error", "stars", {"measure": "columnShares", "maximum": 0.2, "column": "stars"}),
        ("telling", "warning", None, {"measure": "newTexts", "maximum": 0.6}),
    ]
