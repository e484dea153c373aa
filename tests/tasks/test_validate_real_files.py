"""Contracts, copies and splits of the real files, where they are at hand."""

import os
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from text_classifier.contract import Surroundings, load_contract, read_findings, validate
from text_classifier.corpus import SourceRequest, ingest
from text_classifier.records import DataSet
from text_classifier.report.contract_page import contract_page
from text_classifier.report.contract_tables import told_copies
from text_classifier.store import Store

CONTRACTS = Path(__file__).resolve().parents[2] / "data_contracts"
IMDB, NEWS = os.environ.get("TEXT_CLASSIFIER_TEST_IMDB"), os.environ.get("TEXT_CLASSIFIER_TEST_NEWS")


def prepared(data_set: str, source: str | None, data_dir: Path) -> DataSet:
    store = Store(data_dir)
    ingested = ingest(SourceRequest(data_set, source, 30), CONTRACTS, store)
    return validate(ingested, load_contract(CONTRACTS, data_set), store, Surroundings(lambda _: None, contract_page))


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    if not IMDB:
        pytest.skip("TEXT_CLASSIFIER_TEST_IMDB names no folder with the IMDB reviews")
    return prepared("imdb", f"{IMDB}/aclImdb_v1.tar.gz", tmp_path_factory.mktemp("reviews"))


def test_the_copies_among_the_reviews_are_counted_and_left_out(reviews: DataSet) -> None:
    found = {told_copies(count): count for count in read_findings(reviews.folder).copies}
    expected = {
        "extra copies within labelled": (418, 421, 0),
        "extra copies within unsup": (493, 494, 0),
        "rows of test whose text also stands in train or val": (123, 123, 0),
        "rows of test whose text also stands in unsup": (269, 269, 0),
        "rows of train whose text also stands in test": (101, 101, 101),
        "rows of train whose text also stands in val": (12, 12, 12),
        "rows of val whose text also stands in test": (22, 22, 0),
        "rows of unsup whose text also stands in test": (270, 270, 270),
        "rows of unsup whose text also stands in val": (38, 38, 38),
        "labelled rows whose text also stands with another label": (0, 0, 0),
        "groups that stand in train and in val": (0, None, 0),
        "groups that stand in train and in test": (1, None, 0),
    }
    counts = {told: (count.exact, count.normalised, count.left_out_rows) for told, count in found.items()}
    assert {told: counts[told] for told in expected} == expected
    assert (reviews.rejected_rows, reviews.leaked_rows) == (0, 421)
    assert sum(reviews.split_rows.values()) + reviews.leaked_rows == reviews.read_rows == 100_000


def test_the_reviews_keep_their_official_test_split_and_films_stay_together(reviews: DataSet) -> None:
    splits = defaultdict(set)
    for split in ("train", "val", "test"):
        rows = pq.read_table(reviews.folder / "examples" / f"{split}.parquet", columns=["example_id", "group"])
        assert {name.split("/")[0] for name in rows["example_id"].to_pylist()} == {split.replace("val", "train")}
        for film in rows["group"].to_pylist():
            splits[film].add(split)
    assert reviews.split_rows["test"] == 25_000
    assert {"train", "val"} not in splits.values()


@pytest.mark.skipif(not NEWS, reason="TEXT_CLASSIFIER_TEST_NEWS names no news file")
def test_the_news_hold_no_copies(tmp_path: Path) -> None:
    data_set = prepared("news", NEWS, tmp_path)
    assert (data_set.rejected_rows, data_set.leaked_rows, sum(data_set.split_rows.values())) == (0, 0, 20_000)
    assert not [count for count in read_findings(data_set.folder).copies if count.exact or count.normalised]
