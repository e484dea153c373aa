"""The three official forms of the reviews: what one of them holds, the others hold too."""

import csv
import json
import re
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.unit.corpus.corpus_sources import saved, write_npz
from text_classifier.corpus import SourceRequest, ingest
from text_classifier.records import Ingested, RawSource
from text_classifier.store import Store

CONTRACTS = Path(__file__).parents[4] / "data_contracts"
ARCHIVE, NPZ, WORDS, CSV = "aclImdb_v1.tar.gz", "imdb.npz", "imdb_word_index.json", "IMDB Dataset.csv"
Row = dict[str, Any]
Rows = dict[str, list[Row]]


def split_into_words(text: str) -> list[str]:
    """As `text_to_word_sequence` of Keras. Source: its documentation."""
    return [word for word in re.split(r"[!\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~\t\n ]", text.lower()) if word]


def write_other_forms(archive: Path, folder: Path) -> None:
    """The npz with its index, and the CSV, of an archive."""
    labelled: dict[str, list[tuple[str, int]]] = {"train": [], "test": []}
    with tarfile.open(archive) as members:
        for member in members:
            if found := re.fullmatch(r"aclImdb/(train|test)/(neg|pos)/.*\.txt", member.name):
                file = members.extractfile(member)
                assert file is not None
                labelled[found[1]].append((file.read().decode("utf-8"), int(found[2] == "pos")))
    counts = Counter(word for pairs in labelled.values() for text, _ in pairs for word in split_into_words(text))
    ranks = {word: rank for rank, (word, _) in enumerate(counts.most_common(), start=1)}
    arrays = {}
    for split, pairs in labelled.items():
        arrays[f"x_{split}"] = saved([[ranks[w] for w in split_into_words(text)] for text, _ in pairs], object)
        arrays[f"y_{split}"] = saved([label for _, label in pairs], "int64")
    write_npz(folder / NPZ, **arrays)
    (folder / WORDS).write_text(json.dumps(ranks), "utf-8")
    with (folder / CSV).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        writer.writerows(
            (text, ("negative", "positive")[label]) for pairs in labelled.values() for text, label in pairs
        )


@pytest.fixture(scope="module")
def forms(generated: RawSource, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ingested]:
    """The rows of each form of the generated reviews."""
    folder = tmp_path_factory.mktemp("forms")
    archive = next(generated.folder.glob("*.tar.gz"))
    write_other_forms(archive, folder)
    files = {ARCHIVE: archive, NPZ: folder / NPZ, CSV: folder / CSV}
    return {
        name: ingest(SourceRequest("imdb", str(path), 1), CONTRACTS, Store(folder / "data"))
        for name, path in files.items()
    }


def rows_of(ingested: Ingested) -> list[Row]:
    rows: list[Row] = pq.read_table(ingested.folder / "rows.parquet").to_pylist()
    return rows


def counted(rows: list[Row], *names: str) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(row[name] for name in names) for row in rows if row["label"])


def test_every_form_holds_the_same_reviews(forms: dict[str, Ingested]) -> None:
    archive, npz, table = (rows_of(forms[name]) for name in (ARCHIVE, NPZ, CSV))
    assert len(counted(archive, "text")) > 100
    assert counted(table, "text", "label") == counted(archive, "text", "label")
    in_words = [row | {"text": " ".join(split_into_words(row["text"]))} for row in archive]
    assert counted(npz, "text", "label", "split") == counted(in_words, "text", "label", "split")


def test_what_a_form_lacks_is_null_and_said(forms: dict[str, Ingested]) -> None:
    assert {name: ingested.lacking for name, ingested in forms.items()} == {
        ARCHIVE: (),
        NPZ: ("film", "rating"),
        CSV: ("split", "film", "rating"),
    }
    assert forms[NPZ].told_rows.endswith("0 rejected; null in every row: film, rating")
    named = {"film": "group"}
    for ingested in forms.values():
        rows = rows_of(ingested)
        assert all(row[named.get(name, name)] is None for row in rows for name in ingested.lacking)
    archive = rows_of(forms[ARCHIVE])
    assert {row["split"] for row in archive if row["label"] is None} == {"unsup"}
    assert {row["rating"] for row in archive if row["label"] is None} == {None}
