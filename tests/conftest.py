"""A validated data set on disk, as every step after validation finds it."""

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

from text_classifier import storage
from text_classifier.config import Settings
from text_classifier.records import DataSet, Split

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""The models of the tests are tiny: two threads that wait for each other on a busy machine take 40 times as long."""

settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")

WriteDataSet = Callable[..., DataSet]


CLOSED_PORT = "http://127.0.0.1:9/nothing"


@pytest.fixture(scope="session")
def contracts_without_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contracts as on a machine without a network: every official address is a port that nobody listens at."""
    contracts = shutil.copytree(Settings().contracts_dir, tmp_path_factory.mktemp("offline") / "contracts")
    imdb = contracts / "imdb.odcs.yaml"
    imdb.write_text(re.sub(r"(location: )https?://\S+", rf"\1{CLOSED_PORT}", imdb.read_text("utf-8")), "utf-8")
    return contracts


@pytest.fixture
def write_data_set(tmp_path: Path) -> WriteDataSet:
    """Call it with (text, label) pairs by split; classes are the labels that occur, or the given ones."""

    def write(
        splits: Mapping[Split, Sequence[tuple[str, str]]],
        classes: tuple[str, ...] | None = None,
        word_ranks: Mapping[str, int] | None = None,
        groups: Mapping[Split, Sequence[str | None]] | None = None,
    ) -> DataSet:
        planned = storage.plan("dataset", inputs={"source": repr((splits, groups))}, parameters={}, modules=())
        folder = tmp_path / "datasets" / "films" / planned.fingerprint[: storage.DIGEST_CHARACTERS]
        split_rows: dict[str, int] = {split: len(pairs) for split, pairs in splits.items()}
        with storage.output_folder(folder, planned, {"split_rows": split_rows}) as partial:
            (partial / "examples").mkdir()
            row = 2
            for split, pairs in splits.items():
                examples = _examples(pairs, row, (groups or {}).get(split, [None] * len(pairs)))
                pq.write_table(examples, partial / "examples" / f"{split}.parquet")
                row += len(pairs)
            if word_ranks:
                ranks = pa.table({"token": list(word_ranks), "rank": pa.array(word_ranks.values(), pa.int32())})
                pq.write_table(ranks, partial / "word_ranks.parquet")
        known = classes or tuple(sorted({label for pairs in splits.values() for _, label in pairs}))
        address, rows = "films.csv", sum(split_rows.values())
        return DataSet(
            "films", "sample", folder, planned.fingerprint, address, "1.0.0", 7, {"mood": known}, rows, 0, 0, split_rows
        )

    return write


def _examples(pairs: Sequence[tuple[str, str]], first_row: int, groups: Sequence[str | None]) -> pa.Table:
    rows = range(first_row, first_row + len(pairs))
    texts = [text for text, _ in pairs]
    return pa.table(
        {
            "example_id": [str(row) for row in rows],
            "row": pa.array(rows, pa.int64()),
            "group": pa.array(groups, pa.string()),
            "text_digest": pa.array([storage.sha256_text(text) for text in texts], pa.string()),
            "text": pa.array(texts, pa.string()),
            "mood": pa.array([label for _, label in pairs], pa.string()),
        }
    )
