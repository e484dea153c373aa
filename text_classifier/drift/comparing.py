"""Two deliveries compared in every measure, each by a function that looks at both."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.contract.declared.rules import shown
from text_classifier.drift.columns import MOST_VALUES, counted, missing
from text_classifier.drift.deliveries import Delivery, Rows
from text_classifier.drift.distances import chi_square_p, kolmogorov_smirnov, quantiles, shares, total_variation
from text_classifier.drift.findings import LEVEL, Measurement, Shares
from text_classifier.drift.telling_apart import FEWEST_TEXTS, MOST_TEXTS, Sample, told_apart
from text_classifier.vocabulary import Vocabulary
from text_classifier.vocabulary.tokenizers import as_text_array

logger = logging.getLogger(__name__)


def compare(old: Delivery, new: Delivery, label: str, vocabulary: Vocabulary) -> list[Measurement]:
    """Every measure of what has changed from `old` to `new`, neither of them empty.

    Args:
        label: the column that is learned.
        vocabulary: of the model that was trained on `old`.
    """
    steps: Mapping[str, Callable[[], Iterator[Measurement]]] = {
        "columns": lambda: _columns(old, new, label),
        "lengths": lambda: iter([_lengths(old, new)]),
        "vocabulary": lambda: iter([_unknown_tokens(old, new, vocabulary)]),
        "telling old from new": lambda: iter([_new_texts(old, new)]),
    }
    found: list[Measurement] = []
    for name, step in steps.items():
        started = time.monotonic()
        found += step()
        logger.info("drift, %s: %.1f s", name, time.monotonic() - started)
    return found


def _columns(old: Delivery, new: Delivery, label: str) -> Iterator[Measurement]:
    yield _shares(old, new, label, "labelShares")
    others = [name for name in dict.fromkeys([*new.columns, *old.columns]) if name != label]
    for measure, measured in (("missingValues", _missing), ("columnShares", _shares)):
        for name in others:
            absent = [told for told, side in (("old", old), ("new", new)) if name not in side.columns]
            if absent:
                yield Measurement(measure, name, None, None, f"no such column in the {absent[0]} data")
            else:
                yield measured(old, new, name, measure)


def _shares(old: Delivery, new: Delivery, column: str, measure: str) -> Measurement:
    counts = counted(old.table[column], new.table[column])
    if counts is None:
        return Measurement(measure, column, None, None, f"more than {MOST_VALUES} values")
    if not (counts[0] and counts[1]):
        return Measurement(measure, column, None, None, f"no value in the {'new' if counts[0] else 'old'} data")
    found = shares(*counts)
    return Measurement(measure, column, total_variation(found), chi_square_p(*counts), _most_moved(found), found)


def _missing(old: Delivery, new: Delivery, column: str, measure: str) -> Measurement:
    counts = missing(old.table[column]), missing(new.table[column])
    rates = [rows["missing"] / sum(rows.values()) for rows in counts]
    told = _from_to(*rates)
    return Measurement(measure, column, abs(rates[1] - rates[0]), chi_square_p(*counts), told)


def _lengths(old: Delivery, new: Delivery) -> Measurement:
    distance, p_value = kolmogorov_smirnov(old.characters, new.characters)
    found = quantiles(old.characters, new.characters)
    told = f"median {found.old[50]:,.0f} characters before, {found.new[50]:,.0f} now"
    return Measurement("textLength", None, distance, p_value, told, quantiles=found)


def _unknown_tokens(old: Delivery, new: Delivery, vocabulary: Vocabulary) -> Measurement:
    """Old and new texts that the vocabulary was not built from: those outside the old train split."""
    unseen = ~old.is_train, new.not_in(old.digests.filter(pa.array(old.is_train)))
    rates = [_unknown_rates(side, rows, vocabulary) for side, rows in zip((old, new), unseen, strict=True)]
    if not (len(rates[0]) and len(rates[1])):
        told = f"no {'new' if len(rates[0]) else 'old'} text that the vocabulary was not built from"
        return Measurement("outOfVocabulary", None, None, None, told)
    means = [float(side.mean()) for side in rates]
    _, p_value = kolmogorov_smirnov(*rates)
    told = f"mean of the texts: {_from_to(*means)}"
    return Measurement("outOfVocabulary", None, abs(means[1] - means[0]), p_value, told)


def _unknown_rates(side: Delivery, rows: Rows, vocabulary: Vocabulary) -> np.ndarray:
    """(M,) share of its tokens, 0 to 1, that the vocabulary does not hold, of each text drawn that has any."""
    texts = side.texts(side.drawn(rows, MOST_TEXTS))
    tokens = vocabulary.tokenizer.tokenize(as_text_array(texts))
    is_unknown = ~pc.is_in(tokens.values, value_set=vocabulary.tokens).to_numpy(zero_copy_only=False)
    unknown_before = np.concatenate([[0], np.cumsum(is_unknown)])
    bounds = tokens.offsets.to_numpy()
    lengths = np.diff(bounds)
    return np.asarray(np.diff(unknown_before[bounds])[lengths > 0] / lengths[lengths > 0])


def _new_texts(old: Delivery, new: Delivery) -> Measurement:
    everything, added = np.ones(len(old), dtype=bool), new.not_in(old.digests)
    samples = [_sample(old, everything), _sample(new, added)]
    fewest = min(len(sample.texts) for sample in samples)
    found = told_apart(*samples) if fewest >= FEWEST_TEXTS else None
    if found is None:
        told = f"{fewest} texts to tell apart, one per group: too few, at least {FEWEST_TEXTS} are needed"
        return Measurement("newTexts", None, None, None, told)
    told = f"{found.accuracy_rate:.1%} of {found.scored_rows:,} texts, half of them new; chance is 50 %"
    words = found.words if found.p_value < LEVEL else ()
    return Measurement("newTexts", None, found.accuracy_rate, found.p_value, told, words=words)


def _sample(side: Delivery, among: Rows) -> Sample:
    drawn = side.drawn(among, MOST_TEXTS)
    return Sample(side.texts(drawn), side.group_keys(drawn))


def _most_moved(found: Shares) -> str:
    """The value whose share has changed most."""
    at = max(range(len(found.names)), key=lambda place: abs(found.new[place] - found.old[place]))
    return f"most: {shown(found.names[at])!r}, {_from_to(found.old[at], found.new[at])}"


def _from_to(old: float, new: float) -> str:
    return f"{old:.1%} before, {new:.1%} now"
