import csv
from pathlib import Path

import pytest

from text_classifier.corpus.news_generator import CATEGORIES, COLUMNS, write_news

ROWS = 1_000


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    path = tmp_path_factory.mktemp("news") / "news.csv"
    write_news(path, ROWS)
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def test_the_file_has_the_notebooks_columns_classes_and_gaps(rows: list[dict[str, str]]) -> None:
    assert len(rows) == ROWS
    assert tuple(rows[0]) == COLUMNS
    assert {row["category"] for row in rows} == set(CATEGORIES)
    assert {row["label"] for row in rows} == {"real", "fake"}
    assert [sum(not row[name] for row in rows) for name in ("source", "author")] == [ROWS // 20] * 2


def test_the_texts_have_the_notebooks_lengths_and_words(rows: list[dict[str, str]]) -> None:
    lengths = [len(row["text"]) for row in rows]
    assert min(lengths) == pytest.approx(1223, rel=0.05)
    assert max(lengths) == pytest.approx(2077, rel=0.05)
    assert sum(lengths) / ROWS == pytest.approx(1635, rel=0.01)
    assert len({word for row in rows for word in row["text"].split(" ")}) == 971
    assert {len(row["text"].split(" ")) for row in rows} <= set(range(200, 301))


def test_the_same_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_news(tmp_path / name, 50, seed)
    first, second, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == second != other
