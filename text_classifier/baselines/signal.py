"""Whether the texts say anything of a label: naive Bayes on the true labels against itself on shuffled ones.

Legend: N texts, L of them learned from, M = N - L scored, V n-grams, C classes, B sets of labels.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.baselines.ngrams import Ngrams, count_ngrams
from text_classifier.baselines.shuffling import Shuffling
from text_classifier.baselines.texts import Int64s, LabelledTexts, joined, read_texts
from text_classifier.config.signal import SignalRule
from text_classifier.records import DataSet, SignalTest
from text_classifier.store import Store

logger = logging.getLogger(__name__)

Rates = npt.NDArray[np.float64]

NULL_SCORES = "null_scores.parquet"
LEARNER = "multinomial naive Bayes on which words stand in a text, all classes equally likely beforehand"
SCORE_NAME = "balanced accuracy"
_FLOATS_AT_ONCE = 1 << 24  # 128 MiB
_SETS_AT_ONCE = 32
_DECIMALS = 12  # sums of the same recalls in another order differ in the sixteenth: they are ties


def find_signal(data_set: DataSet, label: str, rule: SignalRule, store: Store) -> SignalTest:
    """Test whether the label can be told from the texts better than labels that were dealt out anew.

    Learned from train, scored on val and test: on every example that was not learned from, since their number decides
    how weak a signal can be seen. Nothing is chosen by the result among models, so test is not used up. The score is
    the mean of the classes' recalls (balanced accuracy): its value by chance is 1 / classes whatever their shares are,
    so neither one big class nor another share of it in test passes for a signal, and a learner that always says the
    same has p = 1. Labels are shuffled over all splits together, by groups (see `Shuffling`).

    scikit-learn's `permutation_test_score` can shuffle inside of groups only, where groups have to be shuffled whole,
    and fits every learner anew; here all fits are one product of sparse matrices, with the same scores (a test
    compares them).

    Source: Ojala and Garriga 2010, Permutation Tests for Studying Classifier Performance, test 1.

    Raises:
        UnknownNameError: the data set has no such label.
        TrainingError: it has no example to learn from, or none to score.
        DamagedOutputError: an example has no known class.
        OutputUnwritableError: the data root cannot be written.
    """
    planned = storage.plan(
        "signal",
        inputs={"data_set": data_set.fingerprint},
        parameters={"label": label, "refits": rule.refits, "seed": rule.seed},
        modules=("text_classifier.baselines.signal",),
    )
    folder = store.data_dir / "signals" / data_set.data_set / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    making = store.make(folder, planned, lambda partial: _fill(partial, data_set, label, rule))
    manifest = storage.read_manifest(folder)
    return SignalTest(
        data_set=data_set.data_set,
        origin=data_set.origin,
        label=label,
        folder=folder,
        fingerprint=manifest.fingerprint,
        learner=LEARNER,
        score_name=SCORE_NAME,
        refits=rule.refits,
        level=rule.level,
        making=making,
        **manifest.facts,
    )


def p_value(score_rate: float, null_rates: Rates) -> float:
    """The share of B scores on shuffled labels that are as good or better, the true labels' own counted among them."""
    return float((1 + np.sum(null_rates >= score_rate)) / (1 + len(null_rates)))


def score_and_null(texts: LabelledTexts, train_rows: int, classes: int, rule: SignalRule) -> tuple[float, Rates]:
    """The score on the true labels of N texts, and (refits,) scores on shuffled ones; the first texts are train's."""
    words = count_ngrams(texts, train_rows, longest=1).as_presence()
    score_rate = float(balanced_accuracies(words, texts.labels[:, None], classes)[0])
    shuffling, rng = Shuffling.within(texts.groups), np.random.default_rng(rule.seed)
    shuffled = (shuffling.draw(texts.labels, rng) for _ in range(rule.refits))
    return score_rate, np.concatenate(list(_null_rates(words, shuffled, classes, rule.refits)))


def balanced_accuracies(words: Ngrams, labels: Int64s, classes: int) -> Rates:
    """Fit naive Bayes to B sets of labels at once, and score each on its own.

    Args:
        words: (L, V) and (M, V), 1 where a word stands in a text.
        labels: (N, B), the L texts learned from before the M scored.

    Returns:
        (B,) mean recall over the classes that occur in the scored labels.
    """
    learned, scored = labels[: words.learned.shape[0]], labels[words.learned.shape[0] :]
    log_likelihoods = []
    for name in range(classes):
        counts = words.learned.T @ (learned == name).astype(np.float64) + 1  # (V, B)
        weights = np.log(counts / counts.sum(axis=0))
        unlearned = ~(learned == name).any(axis=0)
        log_likelihoods.append(np.where(unlearned, -np.inf, words.scored @ weights))  # (M, B)
    predictions = np.argmax(log_likelihoods, axis=0)
    right = predictions == scored
    rows = np.stack([(scored == name).sum(axis=0) for name in range(classes)])  # (C, B)
    right_rows = np.stack([(right & (scored == name)).sum(axis=0) for name in range(classes)])
    recalls = right_rows / np.maximum(rows, 1)
    return np.asarray(np.round(recalls.sum(axis=0) / (rows > 0).sum(axis=0), _DECIMALS))


def _fill(folder: Path, data_set: DataSet, label: str, rule: SignalRule) -> dict[str, Any]:
    splits = read_texts(data_set, label)
    texts, train_rows = joined(*splits.values()), len(splits["train"].labels)
    score_rate, null_rates = score_and_null(texts, train_rows, len(data_set.classes[label]), rule)
    pq.write_table(pa.table({"score_rate": null_rates}), folder / NULL_SCORES)
    return {
        "score_rate": score_rate,
        "chance_rate": float(null_rates.mean()),
        "chance_high_rate": float(np.percentile(null_rates, 95)),
        "train_rows": train_rows,
        "scored_rows": len(texts.labels) - train_rows,
        "p_value": p_value(score_rate, null_rates),
    }


def _null_rates(words: Ngrams, shuffled: Iterator[Int64s], classes: int, refits: int) -> Iterator[Rates]:
    started, done = time.perf_counter(), 0
    at_once = max(
        1, min(_SETS_AT_ONCE, _FLOATS_AT_ONCE // max(1, words.learned.shape[1], classes * words.scored.shape[0]))
    )
    while sets := list(islice(shuffled, at_once)):
        yield balanced_accuracies(words, np.stack(sets, axis=1), classes)
        done += len(sets)
        seconds = time.perf_counter() - started
        logger.info("signal test: %d of %d refits on shuffled labels, %.1f s", done, refits, seconds)
