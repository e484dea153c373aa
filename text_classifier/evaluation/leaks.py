"""The score with and without the test rows whose text the model learned from as well. Legend: N test rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from text_classifier.evaluation.intervals import Proportion, proportion
from text_classifier.storage import sha256_text


@dataclass(frozen=True, slots=True)
class LeakFigures:
    """Accuracy on all test rows, on those with a text that the model did not learn from, and on the others.

    None stands for a figure of no row.
    """

    all_rows: Proportion
    new_rows: Proportion | None
    copied_rows: Proportion | None


def leak_figures(
    learned_texts: pa.ChunkedArray[pa.StringScalar],
    test_texts: pa.ChunkedArray[pa.StringScalar],
    right: NDArray[np.bool_],
) -> LeakFigures:
    """Split the accuracy of `right` (N,) by whether a test text, normalised, is one that the model learned from.

    Source: Elangovan, He and Verspoor 2021, Memorization vs. Generalization.
    """
    learned = set(_digests(learned_texts))
    is_copy = np.fromiter((digest in learned for digest in _digests(test_texts)), bool, len(right))
    return LeakFigures(proportion(int(right.sum()), len(right)), _accuracy(right[~is_copy]), _accuracy(right[is_copy]))


def _digests(texts: pa.ChunkedArray[pa.StringScalar]) -> Iterator[str]:
    """Of the normalised texts: a large corpus fits in memory by its digests sooner than by its texts."""
    from text_classifier.contract.splits import normalise

    return (sha256_text(normalise(text.as_py())) for text in texts)


def _accuracy(right: NDArray[np.bool_]) -> Proportion | None:
    return proportion(int(right.sum()), len(right)) if len(right) else None
