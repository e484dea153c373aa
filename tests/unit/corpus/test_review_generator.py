from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.imdb.tar import read_tar
from text_classifier.corpus.review_generator import FILMS, write_reviews
from text_classifier.corpus.rows import RowSink
from text_classifier.corpus.sources.raw import main_file
from text_classifier.records import RawSource


@pytest.fixture(scope="module")
def rows(
    generated: RawSource, reviews_contract: Contract, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("read")
    with RowSink(folder, reviews_contract.columns) as sink:
        read_tar(main_file(generated), reviews_contract, sink)
    assert not sink.rejected_rows
    rows: list[dict[str, Any]] = pq.read_table(folder / "rows.parquet").to_pylist()
    return rows


def test_reviews_come_in_films_that_stay_in_one_split(rows: list[dict[str, Any]]) -> None:
    films = Counter(row["group"] for row in rows)
    assert len(films) == FILMS
    assert 15 < max(films.values()) <= 30
    assert len({(row["group"], row["split"]) for row in rows}) == FILMS
    assert {row["split"] for row in rows} == {"train", "test", "unsup"}


def test_stars_decide_the_label_and_unlabelled_reviews_have_none(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["split"] == "unsup":
            assert (row["label"], row["rating"]) == (None, None)
        else:
            assert row["rating"] in ({1, 2, 3, 4} if row["label"] == "neg" else {7, 8, 9, 10})
    labels = Counter(row["label"] for row in rows)
    assert 0.7 < labels["pos"] / labels["neg"] < 1.4


def test_no_two_reviews_are_the_same(rows: list[dict[str, Any]]) -> None:
    assert len({row["text"] for row in rows}) == len(rows)


def test_the_same_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_reviews(tmp_path / name, 14, seed)
    first, second, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == second != other
