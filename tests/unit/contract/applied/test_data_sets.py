from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from text_classifier import storage
from text_classifier.contract import Contract, Verdict, latest_data_set, read_verdicts
from text_classifier.contract.splits import assign_split, normalise
from text_classifier.errors import ContractFileError, ContractViolationError, DamagedOutputError
from text_classifier.records import DataSet, Ingested

Rows = list[dict[str, Any]]
Ingest = Callable[..., Ingested]
Load = Callable[[dict[str, Any]], Contract]


Apply = Callable[..., tuple[DataSet, dict[str, Verdict]]]


def _examples(data_set: DataSet, split: str) -> Rows:
    rows: Rows = pq.read_table(data_set.folder / "examples" / f"{split}.parquet").to_pylist()
    return rows


def _rejected(data_set: DataSet) -> Rows:
    rows: Rows = pq.read_table(data_set.folder / "rejected.parquet").to_pylist()
    return rows


def test_good_rows_become_examples_by_split_in_the_order_of_the_source(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    contract = load(document)
    data_set, verdicts = apply(ingest(good_rows), contract)
    assert {verdict.verdict for verdict in verdicts.values()} == {"passed"}
    assert sum(data_set.split_rows.values()) == 40
    for split in data_set.split_rows:
        rows = _examples(data_set, split)
        assert [row["row"] for row in rows] == sorted(row["row"] for row in rows)
        assert len(rows) == data_set.split_rows[split]
        for row in rows:
            assert assign_split(normalise(row["text"]), contract.split) == split
            assert row["text"] == good_rows[row["row"] - 2]["body"]
            assert row["text_digest"] == storage.sha256_text(row["text"])
    assert list(rows[0]) == ["example_id", "row", "group", "text_digest", "text", "kind", "stars", "day"]
    storage.verify(data_set.folder)
    assert (data_set.classes, data_set.split_seed, data_set.contract_version) == ({"kind": ("good", "bad")}, 7, "1.2.3")


def test_failing_rows_are_set_aside_with_rule_and_row_and_every_row_is_accounted_for(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    good_rows[3]["kind"] = None
    good_rows[8]["kind"] = "ugly"
    good_rows[9]["body"] = ""
    good_rows[11] |= {"body": None, "kind": "ugly"}
    data_set, verdicts = apply(ingest(good_rows, parse_rejects=2), load(document))
    rejected = [(row["stage"], row["row"], row["rule"], row["column"]) for row in _rejected(data_set)]
    assert rejected == [
        ("parse", 42, "width", None),
        ("parse", 43, "width", None),
        ("contract", 5, "kind-required", "kind"),
        ("contract", 10, "kind-allowed", "kind"),
        ("contract", 11, "body-length", "body"),
        ("contract", 13, "body-required", "body"),
    ]
    unknown = _rejected(data_set)[3]
    assert "'ugly'" in unknown["reason"]
    assert json.loads(unknown["raw"]) | {"kind": "ugly", "row": 10} == json.loads(unknown["raw"])
    assert unknown["raw_bytes"] == len(unknown["raw"])
    assert (data_set.read_rows, data_set.rejected_rows, sum(data_set.split_rows.values())) == (42, 6, 36)
    assert verdicts["kind-allowed"].failing_rows == 2
    assert verdicts["kind-allowed"].consequence == "rows rejected"
    assert "row 10: 'ugly'" in verdicts["kind-allowed"].seen
    assert verdicts["rejected-share"].failing_rows == 6


def test_official_splits_and_groups_hold_and_unsup_needs_no_label(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    for number, row in enumerate(good_rows):
        row.update({"split": "test"} if number < 10 else {"split": "train", "group": f"film {number // 2}"})
    unlabelled = [{"body": f"no label {number}", "split": "unsup"} for number in range(5)]
    data_set, verdicts = apply(ingest([*good_rows, *unlabelled]), load(document))
    assert data_set.split_rows["test"] == 10
    assert data_set.split_rows["unsup"] == 5
    assert data_set.rejected_rows == 0
    assert verdicts["kind-required"].rows_checked == 40
    films = [{row["group"] for row in _examples(data_set, split)} for split in ("train", "val")]
    assert films[0] & films[1] == set()


def test_adding_rows_moves_no_row_to_another_split(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows, tmp_path: Path
) -> None:
    first, _ = apply(ingest(good_rows), load(document))
    before = {row["text"]: split for split in first.split_rows for row in _examples(first, split)}
    shutil.rmtree(tmp_path / "ingested")
    more = [{"body": f"tomorrow {number}", "kind": "bad"} for number in range(7)]
    second, _ = apply(ingest([*more, *reversed(good_rows)]), load(document), refresh=True)
    after = {row["text"]: split for split in second.split_rows for row in _examples(second, split)}
    assert {text: after[text] for text in before} == before


def test_the_same_input_is_reused_and_its_verdicts_are_told_again(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    ingested, contract = ingest(good_rows), load(document)
    first, verdicts = apply(ingested, contract)
    made, told = (first.folder / "manifest.json").stat().st_mtime_ns, tuple(verdicts.values())
    assert apply(ingested, contract)[0] == first
    assert (first.folder / "manifest.json").stat().st_mtime_ns == made
    assert tuple(verdicts.values()) == told == read_verdicts(first.folder)
    apply(ingested, contract, refresh=True)
    assert (first.folder / "manifest.json").stat().st_mtime_ns > made


def test_a_changed_contract_is_applied_anew(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    ingested = ingest(good_rows)
    first, _ = apply(ingested, load(document))
    document["schema"][0]["properties"][0]["logicalTypeOptions"]["minLength"] = 14
    second, _ = apply(ingested, load(document))
    assert second.fingerprint != first.fingerprint
    assert second.rejected_rows == 10


def _with_drift_rule(of: dict[str, Any], measure: str, maximum: float) -> None:
    implementation = {"type": "drift", "kwargs": {"measure": measure, "maximum": maximum}}
    entry = {"id": f"drift-{measure}", "type": "custom", "engine": "textClassifier", "implementation": implementation}
    of["quality"] = [*(one for one in of.get("quality", ()) if one["id"] != entry["id"]), entry]


def _of_the_table(document: dict[str, Any]) -> None:
    _with_drift_rule(document["schema"][0], "newTexts", 0.6)


def _without_any(document: dict[str, Any]) -> None:
    del document["schema"][0]["quality"]


def _of_a_column(document: dict[str, Any]) -> None:
    _with_drift_rule(document["schema"][0]["properties"][2], "columnShares", 0.2)


def _of_another_maximum(document: dict[str, Any]) -> None:
    _with_drift_rule(document["schema"][0], "newTexts", 0.7)


def _told_at_length(document: dict[str, Any]) -> None:
    document |= {"description": {"purpose": "Short notes."}, "team": {"name": "those who write them"}}


@pytest.mark.parametrize("change", [_without_any, _of_a_column, _of_another_maximum, _told_at_length])
def test_what_judges_no_row_leaves_the_data_set_as_it_is(
    apply: Apply,
    ingest: Ingest,
    load: Load,
    document: dict[str, Any],
    good_rows: Rows,
    change: Callable[[dict[str, Any]], None],
) -> None:
    ingested = ingest(good_rows)
    _of_the_table(document)
    first, _ = apply(ingested, load(document))
    change(document)
    assert apply(ingested, load(document))[0] == first


@pytest.mark.parametrize(
    "change", [{"mustBe": 41}, {"severity": "error"}, {"description": "Forty notes."}, {"id": "n"}]
)
def test_a_rule_that_says_something_else_is_applied_anew(
    load: Load, document: dict[str, Any], change: dict[str, Any]
) -> None:
    rule = {"id": "notes", "metric": "rowCount", "mustBe": 40, "severity": "warning"}
    document["schema"][0]["quality"] = [rule]
    digest = load(document).digest
    document["schema"][0]["quality"] = [rule | change]
    assert load(document).digest != digest


def test_a_class_with_one_example_is_refused_and_named(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows, tmp_path: Path
) -> None:
    for row in good_rows[1:]:
        row["kind"] = "good"
    good_rows[0]["kind"] = "bad"
    document["schema"][0]["properties"][1]["quality"] = [
        {
            "id": "kind-examples",
            "description": "Every kind has two notes.",
            "type": "custom",
            "engine": "textClassifier",
            "implementation": {"type": "classRows", "kwargs": {"minimum": 2}},
        }
    ]
    with pytest.raises(ContractViolationError, match="'bad' has 1 row") as caught:
        apply(ingest(good_rows), load(document))
    assert "Every kind has two notes" in str(caught.value)
    assert "notes.csv" in caught.value.where
    assert str(*tmp_path.glob("data/refused/notes/*/contract.html")) in caught.value.to_do
    assert not list((tmp_path / "data").glob("datasets/*/*"))


def test_rejecting_more_than_the_contract_bears_is_refused_after_the_verdicts_were_told(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    for row in good_rows[:21]:
        row["kind"] = "Weather"
    with pytest.raises(ContractViolationError, match=r"21 of 40 rows \(52.50 %\); kind-allowed 21 rows .*'Weather'"):
        apply(ingest(good_rows), load(document))
    assert apply.found["kind-allowed"].failing_rows == 21  # type: ignore[attr-defined]
    assert apply.found["rejected-share"].verdict == "failed"  # type: ignore[attr-defined]


def test_every_row_rejected_is_refused(apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any]) -> None:
    document["schema"][0]["quality"] = [{"id": "rows", "metric": "rowCount", "mustBeGreaterThan": 1}]
    rows = [{"body": "", "kind": "good"} for _ in range(4)]
    with pytest.raises(ContractViolationError, match=r"no row is left to judge.*train has 0 rows.*4 of 4 rows"):
        apply(ingest(rows), load(document))


def test_no_row_at_all_is_refused(apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any]) -> None:
    with pytest.raises(ContractViolationError, match="Every labelled split has examples"):
        apply(ingest([]), load(document))


def test_too_few_rows_for_three_splits_are_refused(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any]
) -> None:
    with pytest.raises(ContractViolationError, match=r"labelled-splits: .* 0 rows"):
        apply(ingest([{"body": "one", "kind": "good"}, {"body": "two", "kind": "bad"}]), load(document))


def test_a_warning_is_told_and_lets_the_data_pass(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    document["schema"][0]["quality"] = [
        {"id": "rows", "metric": "rowCount", "mustBeGreaterThan": 1000, "severity": "warning"}
    ]
    document["schema"][0]["properties"][0]["quality"] = [
        {"id": "copies", "metric": "duplicateValues", "mustBe": 0, "severity": "warning"}
    ]
    good_rows[1]["body"] = good_rows[0]["body"]
    data_set, verdicts = apply(ingest(good_rows), load(document))
    assert (verdicts["rows"].verdict, verdicts["rows"].consequence, verdicts["rows"].seen) == (
        "warning",
        "reported",
        "40",
    )
    assert verdicts["copies"].failing_rows == 2
    assert verdicts["copies"].seen == "row 2, row 3"
    assert data_set.rejected_rows == 0


def test_a_rule_that_cannot_be_evaluated_is_the_contracts_fault(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    document["schema"][0]["properties"][0]["quality"] = [
        {
            "id": "mean",
            "severity": "warning",
            "type": "custom",
            "engine": "greatExpectations",
            "implementation": {"type": "expect_column_mean_to_be_between", "kwargs": {"max_value": 3}},
        }
    ]
    with pytest.raises(ContractFileError, match=r"could not be evaluated.*mean: "):
        apply(ingest(good_rows), load(document))
    assert apply.found["mean"].verdict == "error"  # type: ignore[attr-defined]


def test_arguments_that_great_expectations_refuses_are_told_before_the_step_stops(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    document["schema"][0]["properties"][0]["quality"] = [
        {
            "id": "odd",
            "type": "custom",
            "engine": "greatExpectations",
            "implementation": {"type": "expect_column_values_to_not_be_null", "kwargs": {"depth": 3}},
        }
    ]
    with pytest.raises(ContractFileError, match=r"could not be evaluated.*odd: the arguments are refused"):
        apply(ingest(good_rows), load(document))
    assert apply.found["odd"].verdict == "error"  # type: ignore[attr-defined]
    assert apply.found["kind-allowed"].verdict == "passed"  # type: ignore[attr-defined]


def test_a_reused_data_set_is_told_under_the_address_of_this_run(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    ingested, contract = ingest(good_rows), load(document)
    first, _ = apply(ingested, contract)
    moved, _ = apply(replace(ingested, address="moved.csv"), contract)
    assert moved == replace(first, address="moved.csv")


def test_a_lost_row_is_noticed(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows, tmp_path: Path
) -> None:
    ingested = replace(ingest(good_rows), read_rows=41)
    with pytest.raises(DamagedOutputError, match="40 kept rows and 0 set aside; expected: 41 rows"):
        apply(ingested, load(document))
    assert not list(tmp_path.rglob("examples"))


def test_the_rows_of_every_class_are_logged_by_split(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows, caplog: Any
) -> None:
    with caplog.at_level(logging.INFO, logger="text_classifier"):
        apply(ingest([row | {"split": "test"} for row in good_rows[:10]] + good_rows[10:]), load(document))
    assert re.search(r"notes: rows by kind: train: good \d+, bad \d+; val: .*; test: good \d+", caplog.text)


def test_changed_ingested_rows_are_not_trusted(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    ingested = ingest(good_rows)
    (ingested.folder / "rejected.parquet").write_bytes(b"half")
    with pytest.raises(DamagedOutputError, match="differs from its manifest"):
        apply(ingested, load(document))


def test_the_latest_data_set_is_found_and_its_absence_says_what_to_do(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows, tmp_path: Path
) -> None:
    with pytest.raises(DamagedOutputError, match="run the flow prepare-data with data_set=notes"):
        latest_data_set(tmp_path / "data", "notes")
    ingested = ingest(good_rows)
    older, _ = apply(ingested, load(document))
    manifest = storage.read_manifest(older.folder)
    text = (older.folder / "manifest.json").read_text("utf-8").replace(manifest.created_at, "2001-01-01T00:00:00+00:00")
    (older.folder / "manifest.json").write_text(text, "utf-8")
    document["version"] = "1.3.0"
    newer, _ = apply(ingested, load(document))
    assert latest_data_set(tmp_path / "data", "notes") == newer
    assert latest_data_set(tmp_path / "data", "notes", older.fingerprint[:8]) == older
    document["version"] = "1.2.3"
    assert apply(ingested, load(document))[0] == older
    assert latest_data_set(tmp_path / "data", "notes") == older
    assert latest_data_set(tmp_path / "data", "notes", newer.fingerprint[:8]) == newer
    (tmp_path / "data" / "datasets" / "notes" / "latest").unlink()
    (newer.folder / "examples" / "train.parquet").write_bytes(b"")
    with pytest.raises(DamagedOutputError, match="differs from its manifest"):
        latest_data_set(tmp_path / "data", "notes")


def test_a_damaged_neighbour_stops_nobody(
    apply: Apply,
    ingest: Ingest,
    load: Load,
    document: dict[str, Any],
    good_rows: Rows,
    caplog: pytest.LogCaptureFixture,
) -> None:
    data_set, _ = apply(ingest(good_rows), load(document))
    neighbour = data_set.folder.with_name("0" * 16)
    neighbour.mkdir()
    (neighbour / "manifest.json").write_text("{", "utf-8")
    data_dir = data_set.folder.parents[2]
    assert latest_data_set(data_dir, "notes") == data_set
    assert [record.levelno for record in caplog.records if str(neighbour) in record.message] == [logging.WARNING]
    assert latest_data_set(data_dir, "notes", data_set.fingerprint) == data_set
