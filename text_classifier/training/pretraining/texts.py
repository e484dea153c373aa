"""The texts that an encoder learns from, and those that show how well it has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.errors import TrainingError
from text_classifier.records import Split
from text_classifier.training.batches import Windows
from text_classifier.training.examples import EncodedSplit, join_encoded, load_encoded, stand_in_held_out
from text_classifier.training.pretraining.job import PretrainingJob


@dataclass(frozen=True, slots=True)
class ReadTexts:
    """What a pre-training reads.

    Attributes:
        train: stretches of the texts of train and `unsup`.
        val: stretches of the texts of val.
        digests: text_digest of each text that `train` is made of, once.
        left_out_rows: examples of train and `unsup` whose text stands in val or test as well.
    """

    train: Windows
    val: Windows
    digests: pa.Array
    left_out_rows: int


def read_texts(job: PretrainingJob, width_tokens: int) -> ReadTexts:
    """All tokens of all texts that may be read, in stretches of at most `width_tokens`.

    Raises:
        DamagedOutputError: the corpus lacks a split.
        TrainingError: nothing is left to read, or nothing to measure with.
    """
    folder = job.corpus.folder
    splits: list[Split] = ["train", "unsup"] if job.data_set.split_rows.get("unsup") else ["train"]
    encoded = reduce(join_encoded, [load_encoded(folder, split) for split in splits])
    digests = encoded.keys["text_digest"]
    is_copy = stand_in_held_out(job.data_set.folder, digests)
    val = load_encoded(folder, "val")
    read = ReadTexts(
        train=whole_texts(encoded, ~is_copy, width_tokens),
        val=whole_texts(val, np.ones(val.keys.num_rows, bool), width_tokens),
        digests=pc.unique(digests.filter(pa.array(~is_copy))),
        left_out_rows=int(is_copy.sum()),
    )
    for split, windows in (("train", read.train), ("val", read.val)):
        if not len(windows.lengths):
            raise _nothing_to_read(job, split)
    return read


def whole_texts(encoded: EncodedSplit, is_read: np.ndarray, width_tokens: int) -> Windows:
    """Stretches of at most `width_tokens` that together are the texts where `is_read` (N,) holds.

    A stretch of a single token has no next one and is left out.
    """
    starts, ends = encoded.offsets[:-1][is_read], encoded.offsets[1:][is_read]
    pieces = -(-(ends - starts) // width_tokens)
    number = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)  # of a stretch within its text
    first = np.repeat(starts, pieces) + width_tokens * number
    lengths = np.minimum(width_tokens, np.repeat(ends, pieces) - first)
    return Windows(encoded.tokens, first[lengths > 1], lengths[lengths > 1])


def _nothing_to_read(job: PretrainingJob, split: str) -> TrainingError:
    return TrainingError(
        "there is no text of two tokens to pre-train an encoder with",
        where=str(job.corpus.folder),
        seen=f"none in {split}",
        expected="texts in train and, to see how well they are continued, in val",
        to_do="add examples, or use a preset that pre-trains nothing",
    )
