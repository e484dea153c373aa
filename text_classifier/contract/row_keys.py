"""What rows are compared by: digests in place of texts, so that a million rows fit into memory many times over."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.contract.declared.odcs import Contract
from text_classifier.records import SPLITS, Split

_DIGEST_BYTES = 8
"""Of a SHA-256: two different texts among 1,000,000 meet with a chance of 1 in 37 million."""


@dataclass(frozen=True, slots=True)
class RowKeys:
    """Keys of N rows, in file order: 24 bytes a row, and 4 for each label column.

    Attributes:
        exact: (N,) uint64, of the text.
        normalised: (N,) uint64, of the normalised text; of the text itself where normalising leaves nothing of it.
        groups: (N,) uint64; 0: no group.
        labels: label column -> (N,) int32, index in the contract's classes; -1: no label.
    """

    exact: np.ndarray
    normalised: np.ndarray
    groups: np.ndarray
    labels: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, part: pa.Table, normalised: Sequence[str], contract: Contract) -> RowKeys:
        """The keys of some rows, whose texts are given `normalised` as well."""
        texts = [text or "" for text in part[contract.text_column].to_pylist()]
        groups = part["group"].to_pylist()
        has_group = np.array([group is not None for group in groups], bool)
        return cls(
            _digests(texts),
            _digests(short or text for short, text in zip(normalised, texts, strict=True)),
            np.where(has_group, _digests(group or "" for group in groups), np.uint64(0)),
            {name: _indices(part[name], contract.class_names[name]) for name in contract.label_columns},
        )

    @classmethod
    def none(cls, contract: Contract) -> RowKeys:
        """The keys of no rows."""
        empty = np.empty(0, np.uint64)
        return cls(empty, empty, empty, {name: np.empty(0, np.int32) for name in contract.label_columns})

    @classmethod
    def joined(cls, blocks: Sequence[RowKeys]) -> RowKeys:
        """The keys of all blocks (at least one), one after the other."""
        return cls(
            np.concatenate([block.exact for block in blocks]),
            np.concatenate([block.normalised for block in blocks]),
            np.concatenate([block.groups for block in blocks]),
            {name: np.concatenate([block.labels[name] for block in blocks]) for name in blocks[0].labels},
        )

    def where(self, chosen: np.ndarray) -> RowKeys:
        """The keys of the `chosen` rows, (N,) bool."""
        labels = {name: of_rows[chosen] for name, of_rows in self.labels.items()}
        return RowKeys(self.exact[chosen], self.normalised[chosen], self.groups[chosen], labels)


class Standing:
    """In which splits each distinct key stands.

    Attributes:
        ids: (N,) int64, the same number for the same key, from 0.
        stands_in: (distinct keys, splits) bool.
    """

    def __init__(self, keys: np.ndarray, splits: np.ndarray) -> None:
        distinct, self.ids = np.unique(keys, return_inverse=True)
        self.splits = splits
        self.stands_in = np.zeros((len(distinct), len(SPLITS)), bool)
        self.stands_in[self.ids, splits] = True

    def extra(self, *names: Split) -> int:
        """Rows of these splits together beyond the first of each key."""
        columns = _columns(names)
        return int(np.isin(self.splits, columns).sum() - self.stands_in[:, columns].any(axis=1).sum())

    def also_in(self, split: Split, *others: Split) -> int:
        """Rows of `split` whose key stands in one of the others as well."""
        ids = self.ids[self.splits == SPLITS.index(split)]
        return int(self.stands_in[:, _columns(others)][ids].any(axis=1).sum())

    def in_both(self, split: Split, other: Split) -> int:
        """Distinct keys that stand in both."""
        return int(self.stands_in[:, _columns((split, other))].all(axis=1).sum())

    def with_several(self, labels: np.ndarray) -> int:
        """Labelled rows whose key stands with another label as well. `labels`: (N,) int32, -1: none."""
        ids, labels = self.ids[labels >= 0], labels[labels >= 0].astype(np.int64)
        classes = labels.max(initial=0) + 1
        pairs = np.unique(ids * classes + labels)
        labels_of_key = np.bincount(pairs // classes, minlength=len(self.stands_in))
        return int((labels_of_key[ids] > 1).sum())


def _columns(names: Sequence[Split]) -> list[int]:
    return [SPLITS.index(name) for name in names]


def _digests(texts: Iterable[str]) -> np.ndarray:
    found = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES] for text in texts)
    return np.frombuffer(b"".join(found), np.uint64)


def _indices(labels: pa.ChunkedArray, classes: Sequence[str]) -> np.ndarray:
    indices = pc.index_in(labels, pa.array(classes, pa.string()))
    return np.asarray(pc.fill_null(indices, -1).to_numpy(), np.int32)
