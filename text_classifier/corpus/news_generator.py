"""A news file in the shape of the source notebook's: random English words under random categories.

Nothing in it can be learned, as in the notebook's own file. 20,000 rows; about 1223/1635/2077 characters per
text (min/mean/max) and Faker's 971 English words.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from faker import Faker
from faker.providers.lorem.en_US import Provider as EnglishWords

ROWS = 20_000
COLUMNS = ("title", "text", "date", "source", "author", "category", "label")
CATEGORIES = ("Business", "Entertainment", "Health", "Politics", "Science", "Sports", "Technology")
LABELS = ("fake", "real")
SOURCES, AUTHORS = 5, 2_000
FIRST_DAY, LAST_DAY = date(2022, 6, 1), date(2025, 5, 31)
SEED = 20250601


def write_news(path: Path, rows: int = ROWS, seed: int = SEED) -> None:
    """Write the file; the same bytes for the same seed and release of Faker."""
    rng = np.random.default_rng(seed)
    faker = Faker("en_US")
    faker.seed_instance(seed)
    words = np.array(EnglishWords.word_list, dtype=object)
    columns = (
        [f"{title.capitalize()}." for title in _phrases(rng, words, rng.integers(3, 9, rows))],
        _phrases(rng, words, rng.integers(200, 301, rows)),
        [faker.date_between(FIRST_DAY, LAST_DAY).isoformat() for _ in range(rows)],
        _with_gaps(rng, rng.choice([faker.company() for _ in range(SOURCES)], rows)),
        _with_gaps(rng, rng.choice([faker.name() for _ in range(min(AUTHORS, rows))], rows)),
        rng.choice(CATEGORIES, rows),
        rng.choice(LABELS, rows),
    )
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(zip(*columns, strict=True))


def _phrases(rng: np.random.Generator, words: np.ndarray, lengths: np.ndarray) -> list[str]:
    """One phrase of random words per length."""
    drawn = words[rng.integers(len(words), size=int(lengths.sum()))]
    return [" ".join(part) for part in np.split(drawn, np.cumsum(lengths)[:-1])]


def _with_gaps(rng: np.random.Generator, values: np.ndarray) -> Sequence[str]:
    """The values, one in twenty of them empty."""
    empty = rng.permutation(len(values))[: len(values) // 20]
    gapped = values.astype(object)
    gapped[empty] = ""
    return list(gapped)
