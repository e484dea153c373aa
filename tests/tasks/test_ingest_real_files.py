"""The readers on the real files, where they are at hand."""

import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from text_classifier.corpus import SourceRequest, ingest
from text_classifier.store import Store
from text_classifier.vocabulary.tokenizers import TOKENIZERS

CONTRACTS = Path(__file__).resolve().parents[2] / "data_contracts"
IMDB, NEWS = os.environ.get("TEXT_CLASSIFIER_TEST_IMDB"), os.environ.get("TEXT_CLASSIFIER_TEST_NEWS")
needs_imdb = pytest.mark.skipif(not IMDB, reason="TEXT_CLASSIFIER_TEST_IMDB names no folder with the IMDB reviews")
needs_news = pytest.mark.skipif(not NEWS, reason="TEXT_CLASSIFIER_TEST_NEWS names no news file")


@needs_news
def test_every_row_of_the_news_file_is_kept(tmp_path: Path) -> None:
    result = ingest(SourceRequest("news", NEWS, 30), CONTRACTS, Store(tmp_path))
    assert (result.read_rows, result.kept_rows, result.rejected_rows) == (20_000, 20_000, 0)
    table = pq.read_table(result.folder / "rows.parquet")
    lines = Path(str(NEWS)).read_text("utf-8").splitlines()
    expected = [dict(zip(lines[0].split(";"), line.split(";"), strict=True)) for line in lines[1:]]
    for name in ("title", "text", "source", "author", "category", "label"):
        assert table[name].to_pylist() == [row[name] or None for row in expected]
    assert [day.isoformat() for day in table["date"].to_pylist()] == [row["date"] for row in expected]


@needs_imdb
def test_the_archive_gives_all_reviews_their_splits_labels_and_films(tmp_path: Path) -> None:
    result = ingest(SourceRequest("imdb", IMDB, 30), CONTRACTS, Store(tmp_path))
    assert (result.kept_rows, result.rejected_rows) == (100_000, 0)
    table = pq.read_table(result.folder / "rows.parquet")
    splits = {entry["values"]: entry["counts"] for entry in table["split"].value_counts().to_pylist()}
    assert splits == {"train": 25_000, "test": 25_000, "unsup": 50_000}
    assert table["group"].null_count == 0
    labelled = (
        table.filter(pc.is_valid(table["label"])).group_by(["group", "split", "label"]).aggregate([([], "count_all")])
    )
    assert max(labelled["count_all"].to_pylist()) == 30
    assert table["rating"].null_count == table["label"].null_count == 50_000


@needs_imdb
def test_the_words_of_the_npz_give_its_ranks_back(tmp_path: Path) -> None:
    result = ingest(SourceRequest("imdb", f"{IMDB}/imdb.npz", 30), CONTRACTS, Store(tmp_path))
    assert (result.kept_rows, result.rejected_rows) == (50_000, 0)
    table = pq.read_table(result.folder / "rows.parquet")
    ranks = json.loads(Path(f"{IMDB}/imdb_word_index.json").read_text("utf-8"))
    with np.load(f"{IMDB}/imdb.npz", allow_pickle=True) as archive:  # the file is our own here
        expected = [*archive["x_train"], *archive["x_test"]]
    texts = table["text"].to_pylist()
    assert all([ranks[word] for word in text.split(" ")] == row for text, row in zip(texts, expected, strict=True))


@needs_imdb
def test_archive_and_npz_hold_the_same_reviews_as_far_as_the_index_has_their_words(tmp_path: Path) -> None:
    archive, npz = (
        pq.read_table(ingest(SourceRequest("imdb", source, 30), CONTRACTS, Store(tmp_path)).folder / "rows.parquet")
        for source in (IMDB, f"{IMDB}/imdb.npz")
    )
    known = set(json.loads(Path(f"{IMDB}/imdb_word_index.json").read_text("utf-8")))
    archive = archive.filter(pc.is_valid(archive["label"]))
    words = TOKENIZERS["keras"].tokenize(archive["text"]).to_pylist()
    texts = [" ".join(word for word in row if word in known) for row in words]
    expected = Counter(zip(texts, archive["label"].to_pylist(), archive["split"].to_pylist(), strict=True))
    assert expected.total() == 50_000
    assert Counter(zip(*(npz[name].to_pylist() for name in ("text", "label", "split")), strict=True)) == expected
