import logging
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.validate import table_row, validate
from text_classifier import storage
from text_classifier.contract import Verdict, read_verdicts
from text_classifier.errors import ContractViolationError
from text_classifier.records import Ingested

REVIEWS = 200
Ingest = Callable[[list[str]], Ingested]


@pytest.fixture
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """Reviews with the given labels, as ingested for the contract imdb_sample, ten to a film."""
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path))

    def write(labels: list[str]) -> Ingested:
        count = len(labels)
        rows = pa.table(
            {
                "example_id": [f"review {number}" for number in range(count)],
                "row": pa.array(range(1, count + 1), pa.int64()),
                "lines": pa.array([1] * count, pa.int32()),
                "split": ["test" if number % 2 else "train" for number in range(count)],
                "group": [f"film {number // 10}" for number in range(count)],
                "text": [f"review number {number}" for number in range(count)],
                "label": labels,
                "rating": pa.array([None] * count, pa.int64()),
            }
        )
        folder = tmp_path / "ingested"
        folder.mkdir()
        pq.write_table(rows, folder / "rows.parquet")
        rejected = pa.schema(
            [
                ("row", pa.int64()),
                ("lines", pa.int32()),
                ("stage", pa.string()),
                ("rule", pa.string()),
                ("column", pa.string()),
                ("reason", pa.string()),
                ("raw", pa.binary()),
                ("raw_bytes", pa.int64()),
            ]
        )
        pq.write_table(rejected.empty_table(), folder / "rejected.parquet")
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


def test_the_table_shows_data_rule_severity_failing_rows_and_verdict_first(ingest: Ingest) -> None:
    data_set = validate.fn(ingest(["neg", "neg", "pos", "pos"] * 50), refresh=False).result()
    rows = [table_row("imdb_sample (SAMPLE)", verdict) for verdict in read_verdicts(data_set.folder)]
    assert {tuple(row)[:5] for row in rows} == {("data", "rule", "severity", "rows failing", "verdict")}
    assert {row["data"] for row in rows} == {"imdb_sample (SAMPLE)"}
    assert [row["rule"] for row in rows][-2:] == ["labelled-splits", "rejected-share"]
    verdict = Verdict("r", "", "error", None, 9, None, "error", "data set refused", "", "")
    assert table_row("imdb", verdict)["rows failing"] is None


def ingested_again(data_set_dir: Path, tmp_path: Path) -> Ingested:
    facts = storage.read_manifest(data_set_dir)
    read = facts.facts["read_rows"]
    return Ingested("imdb_sample", "sample", tmp_path / "ingested", "ab" * 32, "reviews.tar.gz", read, read, 0)
