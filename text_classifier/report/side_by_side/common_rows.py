"""The test rows that both models answered, row by row the same examples. Legend: N common rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.evaluation.pairs import Right
from text_classifier.evaluation.slice_columns import PREFIX

_KEYS = ["text_digest", "label"]  # a row is found again wherever tomorrow's file has it
RIGHT = ("both", "A only", "B only", "neither")
"""Who was right about a row."""


@dataclass(frozen=True, slots=True)
class CommonRows:
    """What both said of the rows that stand in the test splits of both.

    Attributes:
        answers: row, example_id, text_digest and label as the first has them; `second_id`; and of each model
            `first_` and `second_` `prediction` and `probability`, that of its prediction (N rows).
        slices: the first's columns of slices (N rows).
        first_right, second_right: (N,).
    """

    answers: pa.Table
    slices: pa.Table
    first_right: Right
    second_right: Right

    @property
    def who_was_right(self) -> pa.Array:
        """(N,) one of RIGHT for each row."""
        place = 3 - 2 * self.first_right.astype(int) - self.second_right.astype(int)
        return pa.array(RIGHT, pa.string()).take(pa.array(place))


def common_rows(first: pa.Table, second: pa.Table) -> CommonRows:
    """Pair two tables of predictions by text and true label, in the order of the first; maybe no row at all."""
    places = {key: at for at, key in enumerate(_keys(second))}
    found = [places.get(key) for key in _keys(first)]
    mine = first.filter(pa.array([at is not None for at in found], pa.bool_()))
    theirs = second.take(pa.array([at for at in found if at is not None], pa.int64()))
    said = {
        f"{name}_{column}": table[column]
        for name, table in (("first", mine), ("second", theirs))
        for column in ("prediction", "probability")
    }
    keys = {name: mine[name] for name in ("row", "example_id", *_KEYS)}
    return CommonRows(
        answers=pa.table(keys | {"second_id": theirs["example_id"]} | said),
        slices=mine.select([name for name in mine.column_names if name.startswith(PREFIX)]),
        first_right=_right(mine),
        second_right=_right(theirs),
    )


def disagreements(rows: CommonRows, first_errors: pa.Table, second_errors: pa.Table) -> pa.Table:
    """The rows that the two answer differently, the surest answer first, equals by row.

    `right` says who was right. Of two different answers one is wrong, so that the errors of one of the two have the
    `excerpt` of the text.
    """
    table = rows.answers.append_column("right", rows.who_was_right)
    table = table.filter(pc.not_equal(table["first_prediction"], table["second_prediction"]))
    excerpts = _excerpts(first_errors), _excerpts(second_errors)
    ids = zip(table["example_id"].to_pylist(), table["second_id"].to_pylist(), strict=True)
    shown = [excerpts[0].get(first) or excerpts[1].get(second, "") for first, second in ids]
    surest = pc.max_element_wise(table["first_probability"], table["second_probability"])
    return (
        table.append_column("excerpt", pa.array(shown, pa.string()))
        .append_column("surest", surest)
        .sort_by([("surest", "descending"), ("row", "ascending")])
        .drop_columns(["second_id", "surest"])
    )


def _keys(table: pa.Table) -> list[tuple[str, str]]:
    return list(zip(*(table[name].to_pylist() for name in _KEYS), strict=True))


def _right(table: pa.Table) -> Right:
    return np.asarray(pc.equal(table["label"], table["prediction"]).to_numpy(), dtype=bool)


def _excerpts(errors: pa.Table) -> dict[str, str]:
    return dict(zip(errors["example_id"].to_pylist(), errors["excerpt"].to_pylist(), strict=True))
