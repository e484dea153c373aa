"""Contracts and small sources for the tests of the corpus."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from text_classifier.contract.declared.columns import Column
from text_classifier.contract.declared.odcs import Contract, SplitShares
from text_classifier.corpus.delimited.reading import LineCount, read_delimited
from text_classifier.corpus.rows import RowSink
from text_classifier.corpus.sources.fetch import fetch
from text_classifier.records import RawSource

ARTICLE_COLUMNS = (
    Column("text", "string", aliases=("review",)),
    Column("date", "date"),
    Column("label", "string"),
)
CONTRACT = Contract(
    data_set="articles",
    version="1.0.0",
    path=Path("articles.odcs.yaml"),
    digest="0" * 64,
    reader="delimited",
    delimiters=(";", ",", "\t"),
    encoding="utf-8",
    escape="",
    generator=None,
    fallback=None,
    origin="source",
    pins=(),
    columns=ARTICLE_COLUMNS,
    text_column="text",
    label_columns=("label",),
    group_column=None,
    class_names={"label": ("neg", "pos")},
    class_aliases={"label": {"positive": "pos", "negative": "neg"}},
    split=SplitShares(1, 80, 10, 10),
    max_rejected_rate=0.1,
    drop_copies=True,
    rules=(),
    drift_rules=(),
)
REVIEWS = replace(
    CONTRACT,
    data_set="imdb",
    reader="imdb",
    delimiters=(",",),
    columns=(ARTICLE_COLUMNS[0], Column("label", "string", ("sentiment",)), Column("rating", "integer")),
    group_column="film",
)


class LosingSink(RowSink):
    """A sink that loses the last row of whatever it is to keep."""

    def keep(self, columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> None:
        super().keep({name: values[:-1] for name, values in columns.items()})


@pytest.fixture
def losing_sink(tmp_path: Path) -> Callable[[Contract], LosingSink]:
    return lambda contract: LosingSink(tmp_path, contract.columns)


GENERATED = replace(CONTRACT, data_set="sample", reader="imdb", generator="imdb_sample")


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> RawSource:
    """Reviews that were generated for the contract `GENERATED`, once: it takes a second."""
    return fetch(GENERATED, None, tmp_path_factory.mktemp("generated"), 1)


@pytest.fixture
def generated_contract() -> Contract:
    return GENERATED


@pytest.fixture
def contract() -> Contract:
    return CONTRACT


@pytest.fixture(scope="session")
def reviews_contract() -> Contract:
    return REVIEWS


class Read:
    """What a reader made of a source."""

    def __init__(self, folder: Path, count: LineCount | None = None) -> None:
        self.rows: list[dict[str, Any]] = pq.read_table(folder / "rows.parquet").to_pylist()
        self.rejected: list[dict[str, Any]] = pq.read_table(folder / "rejected.parquet").to_pylist()
        self.count = count


@pytest.fixture
def read_bytes(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Read]:
    """Reads bytes as a delimited file."""

    def read(data: bytes, contract: Contract = CONTRACT, block_bytes: int = 1 << 20) -> Read:
        folder = tmp_path_factory.mktemp("read")
        (folder / "source.csv").write_bytes(data)
        with RowSink(folder, contract.columns) as sink:
            count = read_delimited(folder / "source.csv", contract, sink, block_bytes)
        return Read(folder, count)

    return read


@pytest.fixture
def read_with(tmp_path: Path) -> Callable[..., Read]:
    """Runs a reader into a sink."""

    def read(reader: Callable[[RowSink], None], contract: Contract = REVIEWS) -> Read:
        folder = tmp_path / "read"
        folder.mkdir()
        with RowSink(folder, contract.columns) as sink:
            reader(sink)
        return Read(folder)

    return read
