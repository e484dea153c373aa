"""The words of a text that moved a model most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

KEPT_WORDS = 8


@dataclass(frozen=True, slots=True)
class MovingWord:
    """`text[start:end]` and its weight from -1 to 1, a share of the strongest weight in the text.

    Above 0 it moved the model towards its prediction, below 0 towards the true class.
    """

    start: int
    end: int
    weight: float


def strongest_words(relevances: npt.NDArray[np.float32], places: npt.NDArray[np.int64]) -> list[MovingWord]:
    """The KEPT_WORDS strongest tokens in the order of the text, the first of equals.

    Args:
        relevances: (N,), in any unit.
        places: (M, 2), start and end of each token; the first of both are the same, and where one has more, the rest
            does not count: tokens that were not read have no relevance, the token that stands for no text no place.
    """
    tokens = min(len(relevances), len(places))
    strengths = np.abs(relevances[:tokens])
    largest = strengths.max(initial=0)
    strongest = np.argsort(-strengths, kind="stable")[:KEPT_WORDS]
    return [
        MovingWord(int(places[at, 0]), int(places[at, 1]), float(relevances[at] / largest))
        for at in np.sort(strongest)
        if strengths[at] > 0
    ]
