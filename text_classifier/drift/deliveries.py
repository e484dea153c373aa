"""The labelled examples of a data set as they are compared: columns and lengths whole, texts a sample at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier.contract.parts import parts
from text_classifier.records import LABELLED_SPLITS

TEXT = "text"
_KEYS = frozenset({"example_id", "row", "group", "text_digest", TEXT})

Rows = np.ndarray
"""(N,) bool, which of the rows are meant."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """N rows, the splits one after another.

    Attributes:
        table: all columns but the text.
        characters: (N,) int64, length of each text.
        split_rows: rows by split, in the order of `table`.
    """

    folder: Path
    table: pa.Table
    characters: np.ndarray
    split_rows: dict[str, int]

    @classmethod
    def read(cls, folder: Path) -> Delivery:
        """The labelled splits below a data set's folder; one without a file has no rows."""
        tables, lengths = [], [np.empty(0, np.int64)]
        split_rows: dict[str, int] = {}
        for split in LABELLED_SPLITS:
            path = folder / "examples" / f"{split}.parquet"
            if not path.is_file():
                continue
            names = [name for name in pq.read_schema(path).names if name != TEXT]
            tables.append(pq.read_table(path, columns=names))
            split_rows[split] = tables[-1].num_rows
            lengths += [pc.utf8_length(part[TEXT]).to_numpy() for _, part in parts(path, [TEXT])]
        table = pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({"text_digest": []})
        return cls(folder, table, np.concatenate(lengths), split_rows)

    def __len__(self) -> int:
        return len(self.characters)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the contract declares beside the text."""
        return tuple(name for name in self.table.column_names if name not in _KEYS)

    @property
    def digests(self) -> pa.ChunkedArray[Any]:
        """SHA-256 of each text."""
        return self.table["text_digest"]

    @property
    def is_train(self) -> Rows:
        """The rows of the train split."""
        return np.arange(len(self)) < self.split_rows.get("train", 0)

    def not_in(self, digests: pa.ChunkedArray[Any]) -> Rows:
        """The rows whose text has none of these digests."""
        return np.asarray(pc.invert(pc.is_in(self.digests, value_set=digests)).to_numpy(), dtype=bool)

    def texts(self, positions: np.ndarray) -> list[str]:
        """The texts at these positions, in the order of `positions`."""
        order, found = np.sort(positions), []
        start = 0
        for split in self.split_rows:
            for places, part in parts(self.folder / "examples" / f"{split}.parquet", [TEXT]):
                here = order[(order >= start + places.start) & (order < start + places.stop)]
                found += part[TEXT].take(pa.array(here - start - places.start)).to_pylist()
            start += self.split_rows[split]
        by_position = dict(zip(order.tolist(), found, strict=True))
        return [by_position[position] for position in positions.tolist()]

    def drawn(self, among: Rows, most: int) -> np.ndarray:
        """Positions of at most `most` rows, no text twice and one text per group, ordered as by lot.

        The lot is the text's digest: the same rows are drawn wherever they stand and whatever stands beside them.
        Texts of one group resemble each other, so that several would count as more evidence than they are.
        """
        keys = self.table.select(["text_digest"]).to_pandas()
        groups = self.table["group"].to_pandas() if "group" in self.table.column_names else keys["text_digest"]
        keys = keys.assign(group=groups.fillna(keys["text_digest"]))[among].sort_values("text_digest")
        return np.asarray(keys.drop_duplicates("text_digest").drop_duplicates("group").index[:most].to_numpy())

    def group_keys(self, positions: np.ndarray) -> list[str]:
        """What may not be divided when these rows are: their groups, or digests where they have none."""
        rows = self.table.take(pa.array(positions))
        if "group" not in rows.column_names:
            return list(rows["text_digest"].to_pylist())
        return list(pc.coalesce(rows["group"], rows["text_digest"]).to_pylist())
