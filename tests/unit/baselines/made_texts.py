"""Labelled texts from lists of tokens, without a file."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from text_classifier.baselines.texts import LabelledTexts


def labelled(
    texts: Sequence[Sequence[int]], labels: Sequence[int], groups: Sequence[str | None] | None = None
) -> LabelledTexts:
    """Every text as the ids of its tokens."""
    keys = pa.table({"group": pa.array(groups or [None] * len(texts), pa.string())})
    tokens = np.array([token for text in texts for token in text], np.int64)
    offsets = np.cumsum([0, *(len(text) for text in texts)])
    return LabelledTexts(keys, np.array(labels, np.int64), tokens, offsets)


def noise(rows: int, classes: int, seed: int) -> LabelledTexts:
    """Texts of eight of forty tokens whose labels have nothing to do with them."""
    rng = np.random.default_rng(seed)
    return labelled(rng.integers(0, 40, (rows, 8)).tolist(), rng.integers(0, classes, rows).tolist())
