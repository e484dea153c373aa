import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.validate import tables, validate
from text_classifier import storage
from text_classifier.contract import read_findings
from text_classifier.corpus.rows import REJECTED_SCHEMA
from text_classifier.errors import ContractViolationError
from text_classifier.records import DataSet, Ingested

REVIEWS = 200
Ingest = Callable[..., Ingested]


@pytest.fixture
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """Reviews with the given labels, as ingested for the contract imdb_sample, ten to a film."""
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))

    def write(labels: list[str], texts: Mapping[int, str] = MappingProxyType({})) -> Ingested:
        count = len(labels)
        rows = pa.table(
            {
                "example_id": [f"review {number}" for number in range(count)],
                "row": pa.array(range(1, count + 1), pa.int64()),
                "lines": pa.array([1] * count, pa.int32()),
                "split": ["test" if number % 2 else "train" for number in range(count)],
                "group": [f"film {number // 10}" for number in range(count)],
                "text": [texts.get(number, f"review number {number}") for number in range(count)],
                "label": labels,
                "rating": pa.array([None] * count, pa.int64()),
            }
        )
        folder = tmp_path / "ingested"
        folder.mkdir()
        pq.write_table(rows, folder / "rows.parquet")
        pq.write_table(REJECTED_SCHEMA.empty_table(), folder / "rejected.parquet")
        storage.write_manifest(folder, storage.plan("ingested", inputs={}, parameters={}, modules=()), {})
        return Ingested("imdb_sample", "sample", folder, "ab" * 32, "reviews.tar.gz", count, count, 0)

    return write


def test_reviews_become_a_data_set_under_the_data_root(
    ingest: Ingest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    labels = ["neg" if number % 4 < 2 else "pos" for number in range(REVIEWS)]
    labels[7] = "mixed"
    with caplog.at_level(logging.INFO, logger="text_classifier"):
        data_set = validate.fn(ingest(labels), refresh=False).result()
    assert data_set.folder.is_relative_to(tmp_path / "datasets" / "imdb_sample")
    assert (data_set.read_rows, data_set.rejected_rows, sum(data_set.split_rows.values())) == (200, 1, 199)
    assert "imdb_sample (SAMPLE): 200 rows read, 1 rejected" in caplog.text
    assert validate.fn(ingested_again(data_set.folder, tmp_path), refresh=False).result() == data_set


def test_a_broken_contract_stops_the_task(ingest: Ingest, tmp_path: Path) -> None:
    with pytest.raises(ContractViolationError, match=r"'pos' has 0 rows"):
        validate.fn(ingest(["neg"] * REVIEWS), refresh=False)
    assert not list(tmp_path.glob("datasets/*/*"))


def test_the_table_of_rules_shows_data_rule_severity_failing_rows_and_verdict_first(ingest: Ingest) -> None:
    rows = published(validate.fn(ingest(["neg", "neg", "pos", "pos"] * 50), refresh=False).result())["contract"]
    assert {tuple(row)[:5] for row in rows} == {("data", "rule", "severity", "rows failing", "verdict")}
    assert {row["data"] for row in rows} == {"imdb_sample (SAMPLE)"}
    assert [row["rule"] for row in rows][-2:] == ["labelled-splits", "rejected-share"]
    assert rows[-2]["rows failing"] is None


def test_the_shares_of_the_splits_are_published_by_class(ingest: Ingest) -> None:
    rows = published(validate.fn(ingest(["neg", "neg", "pos", "pos"] * 50), refresh=False).result())["splits"]
    assert [(row["label"], row["class"]) for row in rows] == [("label", name) for name in ("all rows", "neg", "pos")]
    assert (rows[0]["test"], rows[0]["test %"]) == (100, 50.0)
    assert (rows[1]["test"], rows[1]["test %"], rows[2]["test %"]) == (50, 50.0, 50.0)
    assert rows[1]["train %"] + rows[2]["train %"] == 100
    assert rows[0]["train"] + rows[0]["val"] == 100


def test_rows_left_out_as_copies_are_said(ingest: Ingest) -> None:
    ingested = ingest(["neg", "neg", "pos", "pos"] * 50, texts={2: "Review number 1!"})
    state = validate.fn(ingested, refresh=False)
    assert state.message.startswith("200 rows: 0 rejected, 1 left out as copies of val or test, kept train ")
    rows = {row["counted"]: row for row in published(state.result())["copies"]}
    found = rows["rows of train whose text also stands in test"]
    assert (found["exact"], found["normalised"], found["left out"]) == (0, 1, 1)


def published(data_set: DataSet) -> dict[str, list[dict[str, object]]]:
    return {name: rows for name, rows, _ in tables(read_findings(data_set.folder), "imdb_sample (SAMPLE)", "1")}


def ingested_again(data_set_dir: Path, tmp_path: Path) -> Ingested:
    facts = storage.read_manifest(data_set_dir)
    read = facts.facts["read_rows"]
    return Ingested("imdb_sample", "sample", tmp_path / "ingested", "ab" * 32, "reviews.tar.gz", read, read, 0)
