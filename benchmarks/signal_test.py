"""How often the signal test finds what is not there, and how weak a signal it finds, on texts of random words.

`python -m benchmarks.signal_test --sets 1000` prints the share of data sets with p <= 0.01 and p <= 0.05. Without
signal that should be no more than 1 and 5 %, also where texts come in groups whose labels are alike. With signal it
stands beside the best accuracy that anybody who knew the words' true shares could reach. Two thirds of the texts are
learned from. Of the larger data sets, a quarter as many are drawn.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import pyarrow as pa

from text_classifier.baselines.signal import p_value, score_and_null
from text_classifier.baselines.texts import Int64s, LabelledTexts
from text_classifier.config import SignalRule

WORDS, LENGTH_TOKENS = 100, 20
FEW_ROWS, MANY_ROWS = 300, 3_000
_OTHER_SEEDS = 1_000_000  # shuffles must not be drawn by the seed that drew the texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=400)
    sets = parser.parse_args().sets
    print("| data sets | p <= 0.01 | p <= 0.05 |\n|---|---|---|")
    for told, largest_group, is_known in (
        ("no signal, no groups", 1, True),
        ("no signal, groups of 5", 5, True),
        ("no signal, groups of 1 to 8", -8, True),
        ("no signal, groups of 5 that the test is not told of", 5, False),
    ):
        print(_line(told, [_p_value(noise(largest_group, seed), seed, is_known) for seed in range(sets)]), flush=True)
    for rows, count, boosts in ((FEW_ROWS, sets, (0.3, 0.5)), (MANY_ROWS, sets // 4, (0.1, 0.2))):
        for boost in boosts:
            told = f"{rows:,} texts of which {100 * best_accuracy(boost):.1f} % can be told right"
            print(_line(told, [_p_value(texts_of(boost, seed, rows), seed) for seed in range(count)]), flush=True)


def texts_of(boost: float, seed: int, rows: int) -> LabelledTexts:
    """Texts of two classes; each has a tenth of the words that is 1 + `boost` times as frequent as the others."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows)
    shares = _shares(boost)[labels]
    tokens = np.stack([rng.choice(WORDS, LENGTH_TOKENS, p=share) for share in shares])
    return _labelled(tokens, labels, np.arange(rows))


def noise(largest_group: int, seed: int, rows: int = FEW_ROWS) -> LabelledTexts:
    """Texts in groups that share their words and their label, which has nothing to do with the words.

    Args:
        largest_group: rows of every group; below 0, groups have 1 to so many.
    """
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 1 - largest_group, rows) if largest_group < 0 else np.full(rows, largest_group)
    groups = np.repeat(np.arange(rows), sizes)[:rows]
    topics = rng.dirichlet(np.full(WORDS, 0.3), rows)  # one per group: words of their own
    labels = rng.integers(0, 2, rows)[groups]
    shares = topics[groups] if largest_group != 1 else _shares(0)[labels]
    return _labelled(np.stack([rng.choice(WORDS, LENGTH_TOKENS, p=share) for share in shares]), labels, groups)


def best_accuracy(boost: float, rows: int = 20_000) -> float:
    """Accuracy of the rule that knows the words' true shares, on `rows` texts."""
    texts = texts_of(boost, seed=0, rows=rows)
    scores = np.log(_shares(boost))[:, texts.tokens.reshape(rows, LENGTH_TOKENS)].sum(axis=2)
    return float(np.mean(scores.argmax(axis=0) == texts.labels))


def _p_value(texts: LabelledTexts, seed: int, is_known: bool = True) -> float:
    told = texts if is_known else replace(texts, keys=pa.table({"group": pa.nulls(len(texts.labels), pa.string())}))
    train_rows = int(
        np.searchsorted(texts.groups, texts.groups[2 * len(texts.labels) // 3])
    )  # no group stands on both sides
    return p_value(*score_and_null(told, train_rows, 2, SignalRule(seed=seed + _OTHER_SEEDS)))


def _shares(boost: float) -> np.ndarray:
    shares = np.ones((2, WORDS))
    tenth = WORDS // 10
    shares[0, :tenth] += boost
    shares[1, tenth : 2 * tenth] += boost
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _labelled(tokens: Int64s, labels: Int64s, groups: Int64s) -> LabelledTexts:
    keys = pa.table({"group": pa.array(groups.astype(str).tolist(), pa.string())})
    offsets = np.arange(len(labels) + 1, dtype=np.int64) * tokens.shape[1]
    return LabelledTexts(keys, labels, tokens.ravel(), offsets)


def _line(told: str, p_values: list[float]) -> str:
    return " | ".join(
        ["", told, *(f"{100 * np.mean(np.asarray(p_values) <= at):.1f} %" for at in (0.01, 0.05)), ""]
    ).strip()


if __name__ == "__main__":
    main()
