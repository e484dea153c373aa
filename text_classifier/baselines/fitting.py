"""The step that fits the baselines to the rows that the model is trained on, and keeps what they say of test."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.baselines.learners import BASELINES, LONGEST_NGRAM_TOKENS, Fit, fit
from text_classifier.baselines.ngrams import count_ngrams
from text_classifier.baselines.texts import LabelledTexts, joined, read_texts
from text_classifier.baselines.validation import cross_validate
from text_classifier.records import PARQUET_COMPRESSION, Baselines, DataSet, Split
from text_classifier.store import Store

logger = logging.getLogger(__name__)

PREDICTIONS, OPINION = "predictions.parquet", "opinion.parquet"
VALIDATION, FITS = "validation.parquet", "fits.json"


def fit_baselines(data_set: DataSet, label: str, train_splits: tuple[Split, ...], store: Store) -> Baselines:
    """Fit every one of BASELINES and let it judge the test split.

    Args:
        train_splits: those that the model is trained on; one without examples is passed over.

    Raises:
        UnknownNameError: the data set has no such label.
        TrainingError: it has no example to train on, or none in test.
        DamagedOutputError: an example has no known class.
        OutputUnwritableError: the data root cannot be written.
    """
    planned = storage.plan(
        "baselines",
        inputs={"data_set": data_set.fingerprint},
        parameters={"label": label, "train_splits": list(train_splits)},
        modules=("text_classifier.baselines.fitting",),
    )
    folder = store.data_dir / "baselines" / data_set.data_set / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    making = store.make(folder, planned, lambda partial: _fill(partial, data_set, label, train_splits))
    return Baselines(data_set.data_set, label, folder, planned.fingerprint, tuple(BASELINES), making)


def _fill(folder: Path, data_set: DataSet, label: str, train_splits: tuple[Split, ...]) -> dict[str, Any]:
    splits = read_texts(data_set, label)
    classes = data_set.classes[label]
    train = joined(*(splits[split] for split in train_splits if split in splits))
    fits = _fits(train, splits["test"])
    _write_predictions(folder, splits["test"], fits, classes)
    _write_opinion(folder, fits.values(), classes)
    _write_fits(folder, fits)
    validation = cross_validate(joined(*(part for split, part in splits.items() if split != "test")), classes)
    if validation:
        pq.write_table(validation, folder / VALIDATION, compression=PARQUET_COMPRESSION)
    return {"classes": list(classes), "train_rows": len(train.labels), "test_rows": len(splits["test"].labels)}


def _fits(train: LabelledTexts, test: LabelledTexts) -> dict[str, Fit]:
    started = time.perf_counter()
    ngrams = count_ngrams(joined(train, test), len(train.labels), LONGEST_NGRAM_TOKENS)
    widths = ", ".join(f"{width:,}" for width in ngrams.widths)
    logger.info("n-grams of 1, 2 and 3 tokens: %s; %.1f s", widths, time.perf_counter() - started)
    fits = {}
    for name, baseline in BASELINES.items():
        started = time.perf_counter()
        fits[name] = fit(baseline, ngrams, train.labels)
        right_pct = 100 * np.mean(fits[name].predictions == test.labels)
        logger.info("baseline %s: %.2f %% right on test; %.1f s", name, right_pct, time.perf_counter() - started)
    return fits


def _write_predictions(folder: Path, test: LabelledTexts, fits: dict[str, Fit], classes: tuple[str, ...]) -> None:
    names = pa.array(classes, pa.string())
    columns = {"label": test.labels} | {name: done.predictions for name, done in fits.items()}
    keys = {key: test.keys[key] for key in ("example_id", "text_digest")}
    table = pa.table(keys | {name: names.take(pa.array(found)) for name, found in columns.items()})
    pq.write_table(table, folder / PREDICTIONS, compression=PARQUET_COMPRESSION)


def _write_opinion(folder: Path, fits: Iterable[Fit], classes: tuple[str, ...]) -> None:
    """Probabilities of all classes, of the one baseline that gives any; a class without train rows has 0."""
    for done in fits:
        if done.opinion is not None and done.known is not None:
            probabilities = np.zeros((len(done.opinion), len(classes)))
            probabilities[:, done.known] = done.opinion
            pq.write_table(pa.table(dict(zip(classes, probabilities.T, strict=True))), folder / OPINION)


def _write_fits(folder: Path, fits: dict[str, Fit]) -> None:
    described = {name: {"learner": done.learner, "features": done.features} for name, done in fits.items()}
    (folder / FITS).write_text(json.dumps(described, indent=1) + "\n", "utf-8")
