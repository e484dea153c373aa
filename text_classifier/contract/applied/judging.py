"""Every rule of a contract applied to ingested rows: single rows in parts, all rows together on what is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier.contract.applied.expectations import Outcome, evaluate
from text_classifier.contract.applied.findings import Findings, count_classes
from text_classifier.contract.applied.limits import class_rows, rejected_share, splits_filled
from text_classifier.contract.applied.tally import Tally, rejecting_rule
from text_classifier.contract.copies import count_copies, held_out_copies
from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.declared.rules import CLASS_ROWS, COMPARING, Rule
from text_classifier.contract.parts import parts
from text_classifier.contract.row_keys import RowKeys
from text_classifier.contract.splits import assign_splits, normalise
from text_classifier.progress import ProgressLog
from text_classifier.records import SPLITS, Ingested, Split

_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to become of N rows, in file order.

    Attributes:
        splits: (N,) int8, index in `SPLITS`.
        rejected_by: (N,) int16, index in the contract's rules of the first one that rejects the row; -1: none does.
        copy_of: (N,) int64, position of the row of val or test for whose copy the row is left out; -1: it is not.
        row_numbers: (N,) int64, in the source.
        findings: its verdicts are those on the contract's rules in their order, then on the two that hold for
            every data set; its classes those of the rows that are left.
    """

    splits: np.ndarray
    rejected_by: np.ndarray
    copy_of: np.ndarray
    row_numbers: np.ndarray
    findings: Findings

    @property
    def is_kept(self) -> np.ndarray:
        """(N,) bool."""
        return np.asarray((self.rejected_by < 0) & (self.copy_of < 0))


def judge(rows_path: Path, contract: Contract, ingested: Ingested) -> Judgement:
    """Apply every rule; nothing is raised for what the data are like.

    Rules about single rows look at every ingested row, a part at a time. Of the rows that they leave, copies are left
    out, unless the contract keeps them; rules about all rows together look at the rest.

    Raises:
        DamagedOutputError: a row stands in a split that nobody knows.
    """
    judge = _Judge(contract, ingested.kept_rows)
    splits, keys = judge.rows(rows_path)
    rejected_by = rejecting_rule(contract.rules, judge.tallies, len(splits))
    passes = rejected_by < 0
    copy_of = held_out_copies(keys, splits, passes) if contract.drop_copies else np.full(len(splits), -1, np.int64)
    is_kept = passes & (copy_of < 0)
    judge.whole(rows_path, keys, splits, is_kept)
    row_numbers = pq.read_table(rows_path, columns=["row"])["row"].to_numpy()
    verdicts = tuple(judge.tallies[rule.rule_id].verdict(rule, row_numbers) for rule in contract.rules)
    rejected_rows = ingested.rejected_rows + int((~passes).sum())
    limits = splits_filled(splits[is_kept]), rejected_share(rejected_rows, ingested.read_rows, contract, verdicts)
    copies = count_copies(keys, splits, passes, copy_of)
    classes = count_classes(keys.where(is_kept), splits[is_kept], contract)
    return Judgement(splits, rejected_by, copy_of, row_numbers, Findings((*verdicts, *limits), copies, classes))


class _Judge:
    def __init__(self, contract: Contract, total_rows: int) -> None:
        self.contract, self.total_rows = contract, total_rows
        self.tallies: dict[str, Tally] = defaultdict(Tally)

    def rows(self, rows_path: Path) -> tuple[np.ndarray, RowKeys]:
        """Assign splits, (N,) int8, take the rows' keys, and apply the row rules, part by part."""
        rules = [rule for rule in self.contract.rules if rule.is_row_wise]
        named = {"split", "group", self.contract.text_column, *self.contract.label_columns, *_columns(rules)}
        splits, keys = [np.empty(0, np.int8)], [RowKeys.none(self.contract)]
        progress = ProgressLog(f"applying the contract of {self.contract.data_set}", self.total_rows, "rows")
        for places, part in parts(rows_path, sorted(named)):
            normalised = [normalise(text or "") for text in part[self.contract.text_column].to_pylist()]
            splits.append(self._splits(part, normalised))
            keys.append(RowKeys.of(part, normalised, self.contract))
            self._apply(rules, part, splits[-1], np.arange(places.start, places.stop))
            progress.update(len(part))
        return np.concatenate(splits), RowKeys.joined(keys)

    def whole(self, rows_path: Path, keys: RowKeys, splits: np.ndarray, is_kept: np.ndarray) -> None:
        """Apply the rules about all rows together to the kept rows."""
        rules = [rule for rule in self.contract.rules if not rule.is_row_wise]
        if is_kept.any():
            rows = self._whole(rows_path, rules, keys, is_kept)
            self._apply(rules, rows, splits[is_kept], np.flatnonzero(is_kept))
            return
        for rule in rules:
            self.tallies[rule.rule_id] = Tally(holds=False, counts_rows=False, observed="no row is left to judge")

    def _whole(self, rows_path: Path, rules: Sequence[Rule], keys: RowKeys, is_kept: np.ndarray) -> pa.Table:
        """The kept rows of the columns that the rules read.

        Every distinct string is held once, and a text that is only compared as its key: a few bytes a row, unless a
        rule asks more of a column of long strings.
        """
        text = self.contract.text_column
        of_text = [rule for rule in rules if text in rule.columns]
        only_compared = bool(of_text) and all(rule.name in COMPARING for rule in of_text)
        named = [name for name in _columns(rules) if name != text or not only_compared] or ["row"]
        kept = [_encoded(part.filter(pa.array(is_kept[places]))) for places, part in parts(rows_path, named)]
        rows = pa.concat_tables(kept).unify_dictionaries()
        return rows.append_column(text, pa.array(keys.exact[is_kept])) if only_compared else rows

    def _splits(self, part: pa.Table, normalised: Sequence[str]) -> np.ndarray:
        groups, officials = part["group"].to_pylist(), part["split"].to_pylist()
        assigned = assign_splits(normalised, groups, officials, self.contract.split)
        return np.array([SPLITS.index(split) for split in assigned], np.int8)

    def _apply(self, rules: Sequence[Rule], table: pa.Table, splits: np.ndarray, positions: np.ndarray) -> None:
        """Apply rules to rows that stand at `positions` in the file; rules of the same splits share a frame."""
        together: dict[tuple[Split, ...], list[Rule]] = defaultdict(list)
        for rule in rules:
            together[rule.splits].append(rule)
        for names, group in together.items():
            part, places = table.select(_columns(group) or table.column_names[:1]), positions
            if names:
                chosen = np.isin(splits, [SPLITS.index(name) for name in names])
                part, places = part.filter(pa.array(chosen)), positions[chosen]
            frame = part.to_pandas(types_mapper=_NULLABLE.get, date_as_object=False)
            for rule, outcome in self._outcomes(frame, group):
                self.tallies[rule.rule_id].add(outcome, places)

    def _outcomes(self, frame: pd.DataFrame, rules: Sequence[Rule]) -> list[tuple[Rule, Outcome]]:
        own = [rule for rule in rules if rule.name == CLASS_ROWS]
        theirs = [rule for rule in rules if rule.name != CLASS_ROWS]
        counted = [
            class_rows(frame[rule.column], self.contract.class_names[str(rule.column)], rule.kwargs["minimum"])
            for rule in own
        ]
        return [*zip(own, counted, strict=True), *zip(theirs, evaluate(frame, theirs), strict=True)]


def _columns(rules: Sequence[Rule]) -> list[str]:
    return sorted({name for rule in rules for name in rule.columns})


def _encoded(rows: pa.Table) -> pa.Table:
    """`rows` with every column of strings as indices into its distinct ones."""
    columns = [column.dictionary_encode() if pa.types.is_string(column.type) else column for column in rows.columns]
    return pa.table(columns, names=rows.column_names)
