"""Which test rows the challenger and the champion got right, row by row the same examples. Legend: N test rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier.champion.ledger import champion_dir, model_dir
from text_classifier.champion.rescoring import rescored
from text_classifier.errors import DamagedOutputError
from text_classifier.evaluation.pairs import Right
from text_classifier.evaluation.slice_columns import PREFIX
from text_classifier.records import Evaluated
from text_classifier.storage import checked_output, read_manifest
from text_classifier.store import Store
from text_classifier.training.examples import digests_of, stand_in_held_out
from text_classifier.training.model_folder import CONFIG_FILE, PREDICTIONS, ModelConfig, read_config
from text_classifier.training.pretraining.encoders import texts_read_by

Key = tuple[str, str]  # text digest and true label: a row is found again wherever tomorrow's file has it

_KEYS = ["text_digest", "label"]


@dataclass(frozen=True, slots=True)
class SameRows:
    """Both on every test row of the challenger.

    Attributes:
        challenger, champion: (N,), whether a row was answered right.
        slices: the challenger's columns of slices, N rows, but those that follow from the label: on these a model that
            leans to other classes than the champion is better on one slice and worse on the other, both equally good.
        is_rescored: whether the champion had not seen all of these rows before and was scored anew.
    """

    challenger: Right
    champion: Right
    slices: pa.Table
    is_rescored: bool


@dataclass(frozen=True, slots=True)
class NotComparable:
    """Why the two cannot be compared; `is_damage` when it may be mended."""

    why: str
    is_damage: bool = False


def same_rows(evaluated: Evaluated, champion: str, store: Store) -> SameRows | NotComparable:
    """Pair the answers of the challenger with those of the champion, which stays as it is whatever comes of it.

    Rows that the champion has not answered yet (the test split or the contract has changed) are given to it.

    Raises:
        DamagedOutputError: a file of the challenger or of its data set is missing or differs from its manifest.
    """
    predictions = pq.read_table(checked_output(evaluated.folder, PREDICTIONS))
    mine = _config(evaluated.folder)
    folder = model_dir(store.data_dir, evaluated.data_set, champion)
    try:
        why = _difference(mine, _config(folder))
    except DamagedOutputError as error:
        return _damaged(error)
    if why:
        return NotComparable(why)
    keys, theirs = _keys(predictions), _answered(folder)
    is_known = theirs.keys() >= set(keys)
    if not is_known:
        try:
            learned_rows = _learned_rows(folder, store.data_dir, keys)
        except DamagedOutputError as error:
            return _damaged(error)
        if learned_rows:
            return NotComparable(f"the champion has read {learned_rows:,} of the {len(keys):,} test rows in training")
        place = champion_dir(store.data_dir, evaluated.data_set, evaluated.label)
        anew = rescored(folder, evaluated, place, store)
        if isinstance(anew, DamagedOutputError):
            return _damaged(anew)
        theirs = _right_by_row(anew)
    right = np.array([theirs[key] for key in keys], dtype=bool)
    return SameRows(_right(predictions), right, predictions.select(_free_slices(predictions)), not is_known)


def _free_slices(predictions: pa.Table) -> list[str]:
    """Names of the columns of slices but those of which each slice holds rows of one class only."""
    names = [name for name in predictions.column_names if name.startswith(PREFIX)]
    has_classes = _distinct(predictions, ["label"]) > 1
    return [n for n in names if not has_classes or _distinct(predictions, [n, "label"]) > _distinct(predictions, [n])]


def _distinct(table: pa.Table, names: list[str]) -> int:
    return int(table.select(names).drop_null().group_by(names).aggregate([]).num_rows)


def _config(folder: Path) -> ModelConfig:
    return read_config(checked_output(folder, CONFIG_FILE).parent)


def _difference(mine: ModelConfig, theirs: ModelConfig) -> str:
    """What makes two models answers to different questions; "" when nothing does."""
    if mine.split_seed != theirs.split_seed:
        return f"the champion was trained under another split seed ({theirs.split_seed}, not {mine.split_seed})"
    if mine.label != theirs.label:
        return f"the champion answers another label ({theirs.label}, not {mine.label})"
    if set(mine.class_names) != set(theirs.class_names):
        return f"the champion knows other classes ({_listed(theirs.class_names)}; not {_listed(mine.class_names)})"
    return ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _damaged(error: DamagedOutputError) -> NotComparable:
    return NotComparable(f"the champion cannot be read, see to it: {error}", is_damage=True)


def _answered(champion: Path) -> dict[Key, bool]:
    """The rows that the champion has answered; none where its answers are damaged: its weights give them anew."""
    try:
        return _right_by_row(checked_output(champion, PREDICTIONS))
    except DamagedOutputError:
        return {}


def _learned_rows(champion: Path, data_dir: Path, keys: list[Key]) -> int:
    """How many of the rows the champion has read, labelled or not, as far as what it was made of is still there."""
    try:
        learned = {digest for texts in _read_texts(champion, data_dir) for digest in texts.to_pylist()}
    except pa.ArrowException as error:
        raise DamagedOutputError(
            "what the champion has read in training cannot be read",
            where=str(data_dir / read_manifest(champion).facts["data_set_folder"]),
            seen=str(error),
            expected="the examples that its data set was made with",
            to_do="run prepare-data with refresh=true on the data that it was trained on",
        ) from error
    return sum(digest in learned for digest, _ in keys)


def _read_texts(champion: Path, data_dir: Path) -> Iterator[pa.ChunkedArray]:
    """The `text_digest` of what it has read."""
    made = read_manifest(champion)
    folder = data_dir / made.facts["data_set_folder"]
    yield from (digests_of(folder, split) for split in ("train", "val"))
    if made.facts.get("unsup_rows"):
        unsup = digests_of(folder, "unsup")
        yield unsup.filter(pa.array(~stand_in_held_out(folder, unsup)))
    if encoder := made.inputs.get("encoder"):
        yield texts_read_by(data_dir, made.facts["data_set"], encoder)


def _keys(table: pa.Table) -> list[Key]:
    return list(zip(*(table[name].to_pylist() for name in _KEYS), strict=True))


def _right(table: pa.Table) -> Right:
    return np.asarray(pc.equal(table["label"], table["prediction"]).to_numpy(), dtype=bool)


def _right_by_row(path: Path) -> dict[Key, bool]:
    table = pq.read_table(path, columns=[*_KEYS, "prediction"])
    return dict(zip(_keys(table), _right(table).tolist(), strict=True))
