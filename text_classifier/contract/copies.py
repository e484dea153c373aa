"""Copies: one text in several rows, in one split or in two, with one label or with more; and groups in two splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, permutations
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.contract.row_keys import RowKeys, Standing
from text_classifier.records import LABELLED_SPLITS, PARQUET_COMPRESSION, SPLITS, Split

CopyKind = Literal["extra copies", "also in", "another label", "shared groups"]

COPIES = "copies.parquet"
LABELLED, LEARNED = "labelled", "train or val"

_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("split", pa.string()),
        ("other", pa.string()),
        ("column", pa.string()),
        ("exact", pa.int64()),
        ("normalised", pa.int64()),
        ("left_out_rows", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class CopyCount:
    """One figure about the rows that no rule rejects, before copies are left out.

    Attributes:
        kind: "extra copies": rows of `split` beyond the first of each text. "also in": rows of `split` whose text
            stands in `other` as well. "another label": labelled rows whose text stands with another class of `column`
            as well. "shared groups": groups with rows in both.
        split: a split, or "labelled": train, val and test together.
        other: a split, or "train or val"; None where one part of the data is looked at.
        exact: counted by the text as it is, groups by their name.
        normalised: counted by the text without case, punctuation and white space; None of groups.
        left_out_rows: rows of `split` that were left out, since their text stands in `other`.
    """

    kind: CopyKind
    split: str
    other: str | None
    column: str | None
    exact: int
    normalised: int | None
    left_out_rows: int = 0


def held_out_copies(keys: RowKeys, splits: np.ndarray, is_kept: np.ndarray) -> np.ndarray:
    """Where the text of a row of train or `unsup` stands in test as well, else in val: (N,) positions, -1: in neither.

    Texts are compared normalised; only rows that are kept count, on either side.

    Args:
        splits: (N,) int8, index in `SPLITS`.
        is_kept: (N,) bool.
    """
    ids = np.unique(keys.normalised, return_inverse=True)[1]
    copy_of = np.full(len(splits), -1, np.int64)
    for split in (SPLITS.index("val"), SPLITS.index("test")):
        held_out = np.flatnonzero(is_kept & (splits == split))[::-1]  # of several, the first comes to stand
        first = np.full(len(splits), -1, np.int64)
        first[ids[held_out]] = held_out
        copy_of = np.where(first[ids] < 0, copy_of, first[ids])
    is_learned_from = is_kept & np.isin(splits, [SPLITS.index("train"), SPLITS.index("unsup")])
    return np.where(is_learned_from, copy_of, -1)


def count_copies(keys: RowKeys, splits: np.ndarray, is_kept: np.ndarray, copy_of: np.ndarray) -> tuple[CopyCount, ...]:
    """Every figure about the rows that no rule rejects (`is_kept`); `copy_of`: see `held_out_copies`."""
    copies = np.flatnonzero(copy_of >= 0)
    pairs = zip(splits[copies].tolist(), splits[copy_of[copies]].tolist(), strict=True)
    left_out = Counter((SPLITS[split], SPLITS[other]) for split, other in pairs)
    counting = _Counting(keys.where(is_kept), splits[is_kept])
    return (*counting.extra(), *counting.also_in(left_out), *counting.another_label(), *counting.shared_groups())


def write_copies(folder: Path, counts: Sequence[CopyCount]) -> None:
    """Write `copies.parquet`, one row per figure."""
    table = pa.Table.from_pylist([asdict(count) for count in counts], schema=_SCHEMA)
    pq.write_table(table, folder / COPIES, compression=PARQUET_COMPRESSION)


def read_copies(folder: Path) -> tuple[CopyCount, ...]:
    """The figures that stand in a data set's folder."""
    return tuple(CopyCount(**entry) for entry in pq.read_table(folder / COPIES).to_pylist())


class _Counting:
    def __init__(self, keys: RowKeys, splits: np.ndarray) -> None:
        self.labels = keys.labels
        self.by_text = Standing(keys.exact, splits), Standing(keys.normalised, splits)
        self.by_group = Standing(keys.groups[keys.groups > 0], splits[keys.groups > 0])
        self.present = [split for index, split in enumerate(SPLITS) if (splits == index).any()]

    def extra(self) -> Iterator[CopyCount]:
        for name, splits in [*((split, (split,)) for split in self.present), (LABELLED, LABELLED_SPLITS)]:
            exact, normalised = (text.extra(*splits) for text in self.by_text)
            yield CopyCount("extra copies", name, None, None, exact, normalised)

    def also_in(self, left_out: Mapping[tuple[Split, Split], int]) -> Iterator[CopyCount]:
        for split, other in permutations(self.present, 2):
            exact, normalised = (text.also_in(split, other) for text in self.by_text)
            yield CopyCount("also in", split, other, None, exact, normalised, left_out.get((split, other), 0))
        exact, normalised = (text.also_in("test", "train", "val") for text in self.by_text)
        yield CopyCount("also in", "test", LEARNED, None, exact, normalised)

    def another_label(self) -> Iterator[CopyCount]:
        for column, labels in self.labels.items():
            exact, normalised = (text.with_several(labels) for text in self.by_text)
            yield CopyCount("another label", LABELLED, None, column, exact, normalised)

    def shared_groups(self) -> Iterator[CopyCount]:
        for split, other in combinations(self.present, 2):
            yield CopyCount("shared groups", split, other, None, self.by_group.in_both(split, other), None)
