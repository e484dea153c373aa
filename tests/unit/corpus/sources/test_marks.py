"""What is told of a file without reading it."""

from itertools import permutations
from pathlib import Path

import pytest

from text_classifier import storage
from text_classifier.corpus.sources.marks import Fetched, Mark


@pytest.mark.parametrize("order", [*permutations(["2026-01-01", "2026-01-02", "2026-01-03"])])
def test_of_several_deliveries_of_one_size_at_one_address_the_last_fetched_counts(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    for name, day in zip("abc", order, strict=True):
        planned = storage.plan("raw", inputs={"content": name}, parameters={}, modules=())
        facts = {
            "address": "/in/news.csv",
            "files": [{"size_bytes": 9, "sha256": name}],
            "fetched_at": f"{day}T12:00:00+00:00",
        }
        with storage.output_folder(tmp_path / "raw" / "news" / name, planned, facts):
            pass
    fetched = Fetched(tmp_path, "news")
    last = 1767441600.0  # noon of the third day
    assert fetched.holds(Mark("/in/news.csv", 9, last - 3600))
    assert not fetched.holds(Mark("/in/news.csv", 9, last + 3600))
    assert not fetched.holds(Mark("/in/news.csv", 8, last - 3600))
