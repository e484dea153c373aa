from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.contract import Contract, Verdict, load_contract, read_findings
from text_classifier.contract.copies import CopyCount, count_copies, held_out_copies
from text_classifier.contract.row_keys import RowKeys
from text_classifier.contract.splits import normalise
from text_classifier.records import LABELLED_SPLITS, SPLITS, DataSet, Ingested

CONTRACTS = Path(__file__).resolve().parents[3] / "data_contracts"
SAMPLE = load_contract(CONTRACTS, "imdb_sample")

Rows = list[dict[str, Any]]
Apply = Callable[..., tuple[DataSet, dict[str, Verdict]]]
Ingest = Callable[..., Ingested]
Load = Callable[[dict[str, Any]], Contract]
Drawn = list[tuple[str, str | None, str | None, str, bool]]

drawn_rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "A", "a!", "b", "B", "!", "?", "", "é", "É"]),
        st.sampled_from(["neg", "pos", None]),
        st.sampled_from(["film 1", "film 2", None]),
        st.sampled_from(SPLITS),
        st.booleans(),
    ),
    max_size=30,
)


def _keys(drawn: Drawn, block_rows: int = 7) -> RowKeys:
    blocks = [RowKeys.none(SAMPLE)]
    for start in range(0, len(drawn), block_rows):
        texts, labels, groups, *_ = zip(*drawn[start : start + block_rows], strict=True)
        part = pa.table({"text": pa.array(texts, pa.string()), "label": pa.array(labels, pa.string())})
        part = part.append_column("group", [pa.array(groups, pa.string())])
        blocks.append(RowKeys.of(part, [normalise(text) for text in texts], SAMPLE))
    return RowKeys.joined(blocks)


def _compared(text: str) -> str:
    return normalise(text) or text


@given(drawn_rows)
def test_the_counts_are_those_of_comparing_every_row_with_every_other(drawn: Drawn) -> None:
    splits = np.array([SPLITS.index(row[3]) for row in drawn], np.int8)  # type: ignore[arg-type]
    is_kept = np.array([row[4] for row in drawn], bool)
    copy_of = held_out_copies(_keys(drawn), splits, is_kept)
    kept = [row for row in drawn if row[4]]
    for count in count_copies(_keys(drawn), splits, is_kept, copy_of):
        if count.kind == "shared groups":
            groups = [{row[2] for row in kept if row[3] == split} - {None} for split in (count.split, count.other)]
            assert (count.exact, count.normalised) == (len(groups[0] & groups[1]), None)
        else:
            assert count.exact == _counted(kept, count, str)
            assert count.normalised == _counted(kept, count, _compared)


def _counted(rows: Drawn, count: CopyCount, compared: Callable[[str], str]) -> int:
    members = LABELLED_SPLITS if count.split == "labelled" else (count.split,)
    texts = [compared(row[0]) for row in rows if row[3] in members]
    if count.kind == "extra copies":
        return len(texts) - len(set(texts))
    if count.kind == "also in":
        others = str(count.other).split(" or ")
        return len([text for text in texts if text in {compared(row[0]) for row in rows if row[3] in others}])
    labelled = [(compared(row[0]), row[1]) for row in rows if row[1] is not None]
    return len([text for text, label in labelled if any(text == one and label != other for one, other in labelled)])


@given(drawn_rows)
def test_a_row_to_learn_from_is_left_out_exactly_where_its_text_is_held_out(drawn: Drawn) -> None:
    splits = np.array([SPLITS.index(row[3]) for row in drawn], np.int8)  # type: ignore[arg-type]
    copy_of = held_out_copies(_keys(drawn), splits, np.array([row[4] for row in drawn], bool))
    for (text, _, _, split, is_kept), original in zip(drawn, copy_of, strict=True):
        places = {
            name: [
                at for at, row in enumerate(drawn) if row[4] and row[3] == name and _compared(row[0]) == _compared(text)
            ]
            for name in ("test", "val")
        }
        first = (places["test"] or places["val"] or [-1])[0]
        assert original == (first if is_kept and split in {"train", "unsup"} else -1)


@pytest.fixture
def copied_rows(good_rows: Rows) -> Rows:
    """Forty distinct rows in official splits, then six of train and `unsup` of which four are copies."""
    for number, row in enumerate(good_rows):
        row["split"] = ("train", "train", "train", "test", "test", "val", "val")[number % 7]
    copies = [
        {"body": "Note number 24...", "kind": "bad", "split": "train"},
        {"body": "note number 5", "kind": "bad", "split": "val"},
        {"body": "note  number 4", "split": "unsup"},
        {"body": "note number 5", "split": "unsup"},
        {"body": "a text of its own", "split": "unsup"},
        {"body": "NOTE NUMBER 24", "split": "unsup"},
    ]
    return [*good_rows, *copies]


def _set(document: dict[str, Any], name: str, value: object) -> dict[str, Any]:
    kept = [entry for entry in document["customProperties"] if entry["property"] != name]
    return document | {"customProperties": [*kept, {"property": name, "value": value}]}


def _rejected(data_set: DataSet) -> Rows:
    rows: Rows = pq.read_table(data_set.folder / "rejected.parquet").to_pylist()
    return rows


def test_copies_of_held_out_texts_are_left_out_of_train_and_unsup_and_name_the_row_they_copy(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], copied_rows: Rows
) -> None:
    data_set, verdicts = apply(ingest(copied_rows, parse_rejects=1), load(_set(document, "maxRejectedRate", 0.03)))
    rejected = [(row["row"], row["stage"], row["rule"], row["reason"].split(": ")[-1]) for row in _rejected(data_set)]
    assert rejected[1:] == [
        (42, "leak", "copy-in-test", "row 26."),
        (44, "leak", "copy-in-test", "row 6."),
        (45, "leak", "copy-in-val", "row 7."),
        (47, "leak", "copy-in-test", "row 26."),
    ]
    assert json.loads(_rejected(data_set)[1]["raw"])["body"] == "Note number 24..."
    assert (data_set.read_rows, data_set.rejected_rows, data_set.leaked_rows) == (47, 1, 4)
    assert sum(data_set.split_rows.values()) == 42
    assert data_set.split_rows["unsup"] == 1
    assert verdicts["rejected-share"].failing_rows == 1
    assert data_set.told_set_aside == "1 rejected, 4 left out as copies of val or test"


def test_copies_are_counted_with_what_was_left_out_and_told_again_of_a_reused_data_set(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], copied_rows: Rows
) -> None:
    ingested, contract = ingest(copied_rows), load(document)
    data_set, _ = apply(ingested, contract)
    counts = {(count.kind, count.split, count.other): count for count in read_findings(data_set.folder).copies}
    assert counts["also in", "train", "test"].left_out_rows == 1
    found = counts["also in", "unsup", "test"]
    assert (found.exact, found.normalised, found.left_out_rows) == (0, 2, 2)
    assert counts["also in", "unsup", "val"].left_out_rows == 1
    assert counts["extra copies", "val", None].exact == 1
    labelled = counts["extra copies", "labelled", None]
    assert (labelled.exact, labelled.normalised) == (1, 2)
    conflicts = counts["another label", "labelled", None]
    assert (conflicts.column, conflicts.exact, conflicts.normalised) == ("kind", 0, 2)
    assert apply(ingested, contract)[0].making.is_reused


def test_a_contract_may_keep_copies_which_are_counted_all_the_same(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], copied_rows: Rows
) -> None:
    data_set, _ = apply(ingest(copied_rows), load(_set(document, "dropCopies", False)))
    assert (data_set.leaked_rows, sum(data_set.split_rows.values()), _rejected(data_set)) == (0, 46, [])
    counts = read_findings(data_set.folder).copies
    found = {count.other: count.normalised for count in counts if count.split == "unsup" and count.kind == "also in"}
    assert found == {"train": 1, "val": 1, "test": 2}
    assert not [count for count in counts if count.left_out_rows]


def test_rules_about_all_rows_look_at_what_is_left_after_the_copies(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], copied_rows: Rows
) -> None:
    document["schema"][0]["quality"] = [{"id": "rows", "metric": "rowCount", "mustBe": 42}]
    assert apply(ingest(copied_rows), load(document))[1]["rows"].verdict == "passed"


def test_texts_of_nothing_but_signs_are_copies_only_where_they_are_equal(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    signs = [("👍", "train"), ("👎", "train"), ("👎", "test")]
    rows = [*good_rows, *({"body": sign, "kind": "good", "split": split} for sign, split in signs)]
    data_set, _ = apply(ingest(rows), load(document))
    assert [(row["row"], row["rule"]) for row in _rejected(data_set)] == [(43, "copy-in-test")]


def test_the_copy_of_a_rejected_row_stays(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    pairs = ("ugly", "test"), ("good", "train")
    twice = [{"body": "the same", "kind": kind, "split": split} for kind, split in pairs]
    data_set, _ = apply(ingest([*good_rows, *twice]), load(document))
    assert [(row["row"], row["rule"]) for row in _rejected(data_set)] == [(42, "kind-allowed")]


GROWN = 160


def _orders() -> dict[str, list[int]]:
    numbers = list(range(GROWN))
    shuffled = random.Random(3).sample(numbers, GROWN)
    interleaved = [number for pair in zip(numbers[: GROWN // 2], numbers[GROWN // 2 :], strict=True) for number in pair]
    return {"as it was": numbers, "reversed": numbers[::-1], "shuffled": shuffled, "interleaved": interleaved}


@pytest.mark.parametrize("order", _orders())
@pytest.mark.parametrize("grouped", [False, True])
def test_a_growing_file_moves_no_row_between_splits(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], tmp_path: Path, order: str, grouped: bool
) -> None:
    rows = [_grown(number, grouped) for number in range(GROWN)]
    numbers, found = _orders()[order], {}
    for size in (GROWN // 2, GROWN):
        shutil.rmtree(tmp_path / "ingested", ignore_errors=True)
        ingested = ingest([rows[number] for number in numbers[:size]])
        data_set, _ = apply(replace(ingested, fingerprint=f"{size:064x}"), load(document))
        assert sum(data_set.split_rows.values()) + data_set.leaked_rows == size
        found[size] = _places(data_set, [rows[number]["stars"] for number in numbers[:size]])
    moved = {star: (at, found[GROWN][star]) for star, at in found[GROWN // 2].items() if found[GROWN][star] != at}
    assert {places[1] for places in moved.values()} <= {"left out"}


def _grown(number: int, grouped: bool) -> dict[str, Any]:
    """Row `number`, kept apart by its stars; where rows have groups, some texts stand in two of them."""
    text = f"the text {number % 71 if grouped else number}"
    return {"body": text, "kind": ("good", "bad")[number % 2], "stars": number} | (
        {"group": f"film {number // 4}"} if grouped else {}
    )


def _places(data_set: DataSet, stars: Sequence[int]) -> dict[int, str]:
    places = dict.fromkeys(stars, "left out")
    groups: dict[str, set[str]] = {}
    for split in data_set.split_rows:
        for row in pq.read_table(data_set.folder / "examples" / f"{split}.parquet").to_pylist():
            places[row["stars"]] = split
            groups.setdefault(row["group"], set()).add(split)
    assert None in groups or all(len(splits) == 1 for splits in groups.values())
    said = {json.loads(row["raw"])["stars"] for row in _rejected(data_set)}
    assert said == {star for star, place in places.items() if place == "left out"}
    return places
