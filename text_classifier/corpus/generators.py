"""Generators by name: what makes a source where nobody names one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from text_classifier.corpus import news_generator, review_generator


@dataclass(frozen=True, slots=True)
class Generator:
    """`write` makes the file of that name, the same bytes each time; `module`: where its code stands."""

    file_name: str
    write: Callable[[Path], None]
    module: str


GENERATORS: Mapping[str, Generator] = {
    "news": Generator("news.csv", news_generator.write_news, news_generator.__name__),
    "imdb_sample": Generator("imdb_sample.tar.gz", review_generator.write_reviews, review_generator.__name__),
}
