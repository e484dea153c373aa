"""A small contract and ingested folders, written by the tests themselves."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from text_classifier import storage
from text_classifier.contract import Contract, Findings, Surroundings, Verdict, load_contract, validate
from text_classifier.corpus.rows import REJECTED_SCHEMA
from text_classifier.records import DataSet, Ingested
from text_classifier.report.contract_page import contract_page
from text_classifier.store import Store

TYPES = {"day": pa.date32(), "stars": pa.int64(), "score": pa.float64()}

DOCUMENT: dict[str, Any] = {
    "apiVersion": "v3.2.0",
    "kind": "DataContract",
    "id": "notes",
    "version": "1.2.3",
    "status": "active",
    "servers": [
        {
            "server": "file",
            "type": "local",
            "path": "notes.csv",
            "format": "csv",
            "encoding": "latin-1",
            "customProperties": [
                {"property": "form", "value": "delimited"},
                {"property": "delimiters", "value": [";", ","]},
            ],
        }
    ],
    "customProperties": [
        {"property": "reader", "value": "delimited"},
        {"property": "origin", "value": "source"},
        {"property": "textColumn", "value": "body"},
        {"property": "labelColumns", "value": ["kind"]},
        {"property": "split", "value": {"seed": 7, "trainPct": 60, "valPct": 20, "testPct": 20}},
        {"property": "maxRejectedRate", "value": 0.5},
    ],
    "schema": [
        {
            "name": "notes",
            "logicalType": "object",
            "properties": [
                {
                    "name": "body",
                    "logicalType": "string",
                    "required": True,
                    "synonyms": [{"synonym": "content"}],
                    "logicalTypeOptions": {"minLength": 1},
                },
                {
                    "name": "kind",
                    "logicalType": "string",
                    "required": True,
                    "enum": [
                        {"value": "good", "customProperties": [{"property": "aliases", "value": ["fine"]}]},
                        {"value": "bad"},
                    ],
                },
                {"name": "stars", "logicalType": "integer"},
                {"name": "day", "logicalType": "date"},
            ],
        }
    ],
}


@pytest.fixture
def document() -> dict[str, Any]:
    """A valid contract that a test may spoil."""
    return copy.deepcopy(DOCUMENT)


@pytest.fixture
def load(tmp_path: Path) -> Callable[[dict[str, Any]], Contract]:
    """Write a contract into a folder of contracts and load it."""

    def write_and_load(document: dict[str, Any]) -> Contract:
        folder = tmp_path / "contracts"
        folder.mkdir(exist_ok=True)
        (folder / "notes.odcs.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
        return load_contract(folder, "notes")

    return write_and_load


@pytest.fixture
def ingest(tmp_path: Path) -> Callable[..., Ingested]:
    """Write rows as the step before leaves them. Columns that are not given are null; row numbers start at 2."""

    def write(rows: Sequence[dict[str, Any]], parse_rejects: int = 0) -> Ingested:
        folder = tmp_path / "ingested"
        folder.mkdir()
        count = len(rows)
        columns: dict[str, Any] = {
            "example_id": pa.array([str(number + 2) for number in range(count)], pa.string()),
            "row": pa.array(range(2, count + 2), pa.int64()),
            "lines": pa.array([1] * count, pa.int32()),
        }
        for name in ("split", "group", "body", "kind", "stars", "day"):
            columns[name] = pa.array([row.get(name) for row in rows], TYPES.get(name, pa.string()))
        pq.write_table(pa.table(columns), folder / "rows.parquet")
        reject = {"row": 0, "lines": 1, "stage": "parse", "rule": "width", "reason": "two fields", "raw": b"x;y"}
        rejects = [{**reject, "row": count + 2 + number, "raw_bytes": 3} for number in range(parse_rejects)]
        pq.write_table(pa.Table.from_pylist(rejects, schema=REJECTED_SCHEMA), folder / "rejected.parquet")
        storage.write_manifest(folder, storage.plan("ingested", inputs={}, parameters={}, modules=()), {})
        read = count + parse_rejects
        return Ingested("notes", "source", folder, "ab" * 32, "notes.csv", read, count, parse_rejects)

    return write


@pytest.fixture
def good_rows() -> list[dict[str, Any]]:
    """Forty distinct rows, both classes in every split."""
    return [{"body": f"note number {number}", "kind": ("good", "bad")[number % 2]} for number in range(40)]


@pytest.fixture
def apply(tmp_path: Path) -> Callable[..., tuple[DataSet, dict[str, Verdict]]]:
    """Validate, and the verdicts by rule; the keys stay where the step raises."""
    found: dict[str, Verdict] = {}

    def run(ingested: Ingested, contract: Contract, refresh: bool = False) -> tuple[DataSet, dict[str, Verdict]]:
        def remember(findings: Findings) -> None:
            found.clear()
            found.update({verdict.rule_id: verdict for verdict in findings.verdicts})

        made = validate(
            ingested, contract, Store(tmp_path / "data", refresh=refresh), Surroundings(remember, contract_page)
        )
        return made, found

    run.found = found  # type: ignore[attr-defined]
    return run
