"""The step `evaluate`: a model scores the test split, and its figures are written into its folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.circumstances import circumstances
from text_classifier.errors import DamagedOutputError
from text_classifier.evaluation.figures import deciding_baseline, read_figures, to_json
from text_classifier.evaluation.judgement import Answers, judged
from text_classifier.evaluation.subject import Subject, read_subject
from text_classifier.records import PARQUET_COMPRESSION, Baselines, Evaluated, Making, SignalTest, TrainedModel
from text_classifier.store import Store, log_reused
from text_classifier.training import explain, predict_split
from text_classifier.training.model_folder import (
    ERRORS,
    EVALUATION_FILES,
    LATER_FILES,
    METRICS,
    PREDICTIONS,
    REPORT_FILES,
    WEIGHTS_FILE,
)

MODULES = ("text_classifier.evaluation.judging",)

logger = logging.getLogger(__name__)


def evaluate_model(model: TrainedModel, signal: SignalTest, baselines: Baselines, store: Store) -> Evaluated:
    """Score the test split and write predictions, errors and figures, or reuse those that stand undamaged.

    The manifest comes last.

    Raises:
        MisalignedPredictionsError: a prediction is not its row's; nothing is written.
        DamagedOutputError: a file of the model, of its data set or of the baselines differs from its manifest.
        ReportError: the test split cannot be judged.
    """
    planned = _planned(model, signal, baselines)
    with store.alone(planned):
        if not store.refresh and _stands(model.folder, planned):
            return read_evaluation(model)
        subject = read_subject(model, signal, baselines, store.data_dir)
        storage.write_manifest(model.folder, subject.manifest, subject.manifest.facts, but=LATER_FILES)
        keys, scored = predict_split(model, store.data_dir, "test")
        answers = Answers(keys, scored.probabilities, partial(explain, model), scored.parts)
        return write_evaluation(subject, answers, store.signed(planned))


def write_evaluation(subject: Subject, answers: Answers, planned: storage.Manifest) -> Evaluated:
    """Write the evaluation of a `subject`; `planned` has its fingerprint and the run that asks for it."""
    started, folder = time.perf_counter(), subject.model.folder
    judgement = judged(subject, answers)
    _write_table(folder / PREDICTIONS, judgement.predictions)
    _write_table(folder / ERRORS, judgement.errors)
    with storage.output_file(folder / METRICS) as unfinished:
        unfinished.write_text(to_json(judgement.figures), "utf-8")
    at = datetime.now(UTC).isoformat(timespec="seconds")
    made = {
        "fingerprint": planned.fingerprint,
        "inputs": planned.inputs,
        "parameters": planned.parameters,
        "code": planned.code,
        "run": planned.run,
        "at": at,
        "made_with": circumstances(),
    }
    facts = {**subject.manifest.facts, "evaluation": made}
    storage.write_manifest(folder, subject.manifest, facts, but=REPORT_FILES)
    rows, seconds = judgement.predictions.num_rows, time.perf_counter() - started
    logger.info("judged %s on %d test rows in %.1f seconds", subject.model.run, rows, seconds)
    return _record(subject.model, judgement.figures, Making(planned.run, at), planned.fingerprint)


def read_evaluation(model: TrainedModel) -> Evaluated:
    """The evaluation that stands in a model's folder.

    Raises:
        DamagedOutputError: its figures are missing or were changed.
    """
    made = storage.read_manifest(model.folder).facts["evaluation"]
    making = Making(made["run"], made["at"], is_reused=True)
    log_reused(model.folder / METRICS, making)
    return _record(model, read_figures(model.folder), making, made["fingerprint"])


def _planned(model: TrainedModel, signal: SignalTest, baselines: Baselines) -> storage.Manifest:
    manifest = storage.read_manifest(model.folder)
    weights = manifest.outputs[WEIGHTS_FILE]["sha256"]
    compared = {"signal": signal.fingerprint, "baselines": baselines.fingerprint}
    return storage.plan(
        "evaluation",
        inputs={**manifest.inputs, "weights": weights, **compared},
        parameters={"run": model.run, "level": signal.level},
        modules=MODULES,
    )


def _stands(folder: Path, planned: storage.Manifest) -> bool:
    """Whether the evaluation that `planned` describes stands in a model's folder, undamaged like the model."""
    try:
        manifest = storage.verify(folder, but=REPORT_FILES)
    except DamagedOutputError:
        return False
    made = manifest.facts.get("evaluation", {})
    return made.get("fingerprint") == planned.fingerprint and set(EVALUATION_FILES) <= manifest.outputs.keys()


def _record(model: TrainedModel, figures: Mapping[str, Any], making: Making, fingerprint: str) -> Evaluated:
    accuracy, best = figures["test"]["accuracy"], deciding_baseline(figures)
    majority = figures["over_majority"]
    return Evaluated(
        data_set=model.data_set,
        origin=model.origin,
        label=model.label,
        preset=model.preset,
        run=model.run,
        folder=model.folder,
        fingerprint=fingerprint,
        signal="found" if figures["signal"]["is_found"] else "not found",
        against_baseline=figures["against_baseline"],
        best_baseline=best["name"],
        best_baseline_rate=best["accuracy"]["rate"],
        majority_gain_rate=majority["gain_rate"],
        majority_p_value=majority["p_value"],
        test_rows=accuracy["rows"],
        accuracy_rate=accuracy["rate"],
        accuracy_low_rate=accuracy["low_rate"],
        accuracy_high_rate=accuracy["high_rate"],
        making=making,
    )


def _write_table(path: Path, table: pa.Table) -> None:
    with storage.output_file(path) as unfinished:
        pq.write_table(table, unfinished, compression=PARQUET_COMPRESSION)
