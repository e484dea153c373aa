"""The encoded splits of a corpus with the class of every example."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier.errors import DamagedOutputError, TrainingError
from text_classifier.records import LABELLED_SPLITS, Split
from text_classifier.training.job import TrainingJob

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Float32s = npt.NDArray[np.float32]

HELD_OUT: tuple[Split, ...] = ("val", "test")


@dataclass(frozen=True, slots=True)
class EncodedSplit:
    """N examples: `keys` (example_id, text_digest), their token ids end to end, and N + 1 bounds in those."""

    keys: pa.Table
    tokens: Int32s
    offsets: Int64s


@dataclass(frozen=True, slots=True)
class LabelledSplit:
    """N examples and the ids of their classes."""

    encoded: EncodedSplit
    labels: Int64s


def load_encoded(corpus_folder: Path, split: Split) -> EncodedSplit:
    """One encoded split, whole texts.

    Raises:
        DamagedOutputError: the corpus has no such split.
    """
    path = corpus_folder / "encoded" / f"{split}.parquet"
    if not path.exists():
        raise DamagedOutputError(
            f"the corpus has no {split} split",
            where=str(path),
            expected="a data set with examples in that split",
            to_do="build the vocabulary with the preset that is trained; else change the split shares in the contract",
        )
    table = pq.read_table(path)
    lists = table["token_ids"].combine_chunks()
    offsets = lists.offsets.to_numpy().astype(np.int64)
    return EncodedSplit(table.select(["example_id", "text_digest"]), lists.values.to_numpy(), offsets)


def load_labelled(job: TrainingJob, split: Split) -> LabelledSplit:
    """One encoded split with its labels as positions in the contract's classes.

    Raises:
        DamagedOutputError: there is no such split, or its examples are not those of the data set.
    """
    encoded = load_encoded(job.corpus.folder, split)
    path = job.data_set.folder / "examples" / f"{split}.parquet"
    examples = pq.read_table(path, columns=["example_id", "text_digest", job.label])
    labels = pc.index_in(examples[job.label], value_set=pa.array(job.data_set.classes[job.label]))
    if labels.null_count or not examples.select(encoded.keys.column_names).equals(encoded.keys):
        raise DamagedOutputError(
            "an encoded split and its data set do not hold the same examples with known classes",
            where=f"{job.corpus.folder} and {path}",
            seen=f"{labels.null_count} labels of no known class; {encoded.keys.num_rows} and {examples.num_rows} rows",
            expected="the same example_id and text_digest in every row",
            to_do="run prepare-data with refresh=true",
        )
    return LabelledSplit(encoded, labels.to_numpy().astype(np.int64))


def join_splits(first: LabelledSplit, second: LabelledSplit) -> LabelledSplit:
    """The examples of both, one after the other."""
    joined = join_encoded(first.encoded, second.encoded)
    return LabelledSplit(joined, np.concatenate([first.labels, second.labels]))


def join_encoded(first: EncodedSplit, second: EncodedSplit) -> EncodedSplit:
    """The examples of both, one after the other."""
    offsets = np.concatenate([first.offsets, second.offsets[1:] + first.offsets[-1]])
    keys = pa.concat_tables([first.keys, second.keys])
    return EncodedSplit(keys, np.concatenate([first.tokens, second.tokens]), offsets)


def digests_of(data_folder: Path, split: Split) -> pa.ChunkedArray:
    """The `text_digest` of every example of a split; nothing else of it is read."""
    path = data_folder / "examples" / f"{split}.parquet"
    if not path.exists():
        return pa.chunked_array([], pa.string())
    return pq.read_table(path, columns=["text_digest"])["text_digest"]


def stand_in_held_out(data_folder: Path, digests: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Which of N texts, by their `text_digest`, stand in val or test as well: (N,)."""
    held_out = [digest for split in HELD_OUT for digest in digests_of(data_folder, split).chunks]
    is_copy: npt.NDArray[np.bool_] = pc.is_in(digests, value_set=pa.chunked_array(held_out, digests.type)).to_numpy()
    return is_copy


def check_classes(job: TrainingJob, train_labels: Int64s) -> None:
    """There must be two classes, and every class needs an example to learn from and another to measure with.

    Raises:
        TrainingError: naming the classes for which that is not so.
    """
    classes = job.data_set.classes[job.label]
    if len(classes) < 2:
        raise TrainingError(
            "there is nothing to tell apart",
            where=f"label {job.label!r} of {job.data_set.data_set}",
            seen=f"one class, {classes[0]!r}",
            expected="two classes or more",
            to_do="give the label its other classes in the data contract, or train on another label",
        )
    learned = np.bincount(train_labels, minlength=len(classes))
    known = np.sum([_class_rows(job, split) for split in LABELLED_SPLITS], axis=0)
    poor = [i for i in range(len(classes)) if learned[i] < 1 or known[i] < 2]
    if poor:
        raise TrainingError(
            "a class has too few examples",
            where=f"label {job.label!r} of {job.data_set.data_set}",
            seen="; ".join(f"{classes[i]!r}: {known[i]} in all, {learned[i]} to train on" for i in poor),
            expected="at least two examples per class, one of them to train on",
            to_do="add examples, or take the class out of the data contract",
        )


def _class_rows(job: TrainingJob, split: Split) -> Int64s:
    classes = job.data_set.classes[job.label]
    path = job.data_set.folder / "examples" / f"{split}.parquet"
    if not path.exists():
        return np.zeros(len(classes), np.int64)
    labels = pc.index_in(pq.read_table(path, columns=[job.label])[job.label], value_set=pa.array(classes))
    return np.bincount(labels.drop_null().to_numpy(), minlength=len(classes))
