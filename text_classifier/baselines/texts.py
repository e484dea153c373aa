"""Labelled examples as the simple learners read them: every text cut into the tokens that the models read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier.errors import DamagedOutputError, TrainingError, UnknownNameError
from text_classifier.records import LABELLED_SPLITS, DataSet, Split
from text_classifier.vocabulary.tokenized import tokenize_splits
from text_classifier.vocabulary.tokenizers import TOKENIZERS

Int64s = npt.NDArray[np.int64]

TOKENIZER = TOKENIZERS["words"]


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """N examples in the order of their split.

    Attributes:
        keys: example_id, text_digest and group (null: the example belongs with no other), N rows.
        labels: (N,) positions in the contract's classes.
        tokens: all tokens one after another, as positions in a dictionary that the splits of a data set share.
        offsets: (N + 1,) bounds; example i has tokens[offsets[i]:offsets[i + 1]].
    """

    keys: pa.Table
    labels: Int64s
    tokens: Int64s
    offsets: Int64s

    @property
    def groups(self) -> Int64s:
        """(N,) ids, equal where examples belong together; an example without a group has an id of its own."""
        groups = self.keys["group"].combine_chunks().dictionary_encode()
        own = len(groups.dictionary) + np.arange(len(groups))
        return np.where(groups.is_null(), own, groups.indices.fill_null(0)).astype(np.int64)

    @property
    def has_groups(self) -> bool:
        """Whether any example has a group."""
        return bool(self.keys["group"].null_count < self.keys.num_rows)


def read_texts(data_set: DataSet, label: str) -> dict[Split, LabelledTexts]:
    """Train, val and test as far as they hold examples.

    Raises:
        UnknownNameError: the data set has no such label.
        TrainingError: it has no example to train on, or none to measure with.
        DamagedOutputError: an example has no known class.
    """
    if label not in data_set.classes:
        raise UnknownNameError.of(f"label of {data_set.data_set}", label, data_set.classes)
    present = [split for split in LABELLED_SPLITS if data_set.split_rows.get(split)]
    if "train" not in present or "test" not in present:
        raise TrainingError(
            "simple learners need examples to train on and examples to measure with",
            where=str(data_set.folder),
            seen=f"rows per split: {data_set.split_rows}",
            expected="at least one example in train and one in test",
            to_do="look at the rejected rows of the data set and at the split shares in its contract",
        )
    files = {split: data_set.folder / "examples" / f"{split}.parquet" for split in present}
    tokenized_splits = tokenize_splits(files, TOKENIZER)
    texts = {}
    for split, path in files.items():
        columns = ["example_id", "text_digest", "group", label]
        examples, tokenized = pq.read_table(path, columns=columns), tokenized_splits[split]
        labels = _class_positions(examples[label], data_set.classes[label], str(path))
        texts[split] = LabelledTexts(
            examples.drop_columns([label]), labels, tokenized.tokens.astype(np.int64), tokenized.offsets
        )
    return texts


def joined(*parts: LabelledTexts) -> LabelledTexts:
    """The examples of all parts, one after another."""
    before = np.cumsum([0, *(len(part.tokens) for part in parts)])
    bounds = [part.offsets[1:] + shift for part, shift in zip(parts, before, strict=False)]
    return LabelledTexts(
        pa.concat_tables([part.keys for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([np.zeros(1, np.int64), *bounds]),
    )


def _class_positions(labels: pa.ChunkedArray, classes: tuple[str, ...], where: str) -> Int64s:
    positions = pc.index_in(labels, value_set=pa.array(classes, pa.string()))
    if positions.null_count:
        raise DamagedOutputError(
            "an example has no class that its data set knows",
            where=where,
            seen=f"{positions.null_count} such examples",
            expected=", ".join(classes),
            to_do="run prepare-data with refresh=true",
        )
    return np.asarray(positions.to_numpy(), np.int64)
