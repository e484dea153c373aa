"""Judge a model on the test split and write its report into the model's folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.errors import DamagedOutputError
from text_classifier.evaluation import check_alignment, class_indices, error_table, evaluate, prediction_table
from text_classifier.evaluation.metrics import Probabilities
from text_classifier.records import Making, Report, TrainedModel
from text_classifier.report.excerpts import with_excerpts
from text_classifier.report.figures import METRICS, read_figures, report_figures, to_json
from text_classifier.report.page import render
from text_classifier.report.subject import Subject, read_subject
from text_classifier.store import Store, log_reused
from text_classifier.training import predict_split
from text_classifier.training.model_folder import REPORT_FILES, WEIGHTS_FILE

PAGE = "report.html"

logger = logging.getLogger(__name__)


def write_report(model: TrainedModel, store: Store) -> Report:
    """Score the test split and write predictions, errors, figures and page, or reuse those that stand undamaged.

    The manifest comes last.

    Raises:
        MisalignedPredictionsError: a prediction is not its row's; nothing is written.
        DamagedOutputError: a file of the model or of its data set differs from its manifest.
        ReportError: the test split cannot be judged.
    """
    planned = _planned(model)
    with store.alone(planned):
        if not store.refresh and _stands(model.folder, planned):
            return _reused(model)
        subject = read_subject(model, store.data_dir)
        storage.write_manifest(model.folder, subject.manifest, subject.manifest.facts, but=REPORT_FILES)
        scored, probabilities = predict_split(model, store.data_dir, "test")
        return write_report_on(subject, scored, probabilities, store.signed(planned))


def _planned(model: TrainedModel) -> storage.Manifest:
    manifest = storage.read_manifest(model.folder)
    return storage.plan(
        "report",
        inputs={**manifest.inputs, "weights": manifest.outputs[WEIGHTS_FILE]["sha256"]},
        parameters={"run": model.run},
        modules=("text_classifier.report.write",),
    )


def _stands(folder: Path, planned: storage.Manifest) -> bool:
    """Whether the report that `planned` describes stands in a model's folder, undamaged like the model."""
    try:
        manifest = storage.verify(folder)
    except DamagedOutputError:
        return False
    made = manifest.facts.get("report", {})
    return made.get("fingerprint") == planned.fingerprint and set(REPORT_FILES) <= manifest.outputs.keys()


def _reused(model: TrainedModel) -> Report:
    made = storage.read_manifest(model.folder).facts["report"]
    making = Making(made["run"], made["at"], is_reused=True)
    log_reused(model.folder / PAGE, making)
    return _record(model, read_figures(model.folder), making)


def write_report_on(
    subject: Subject, scored: pa.Table, probabilities: Probabilities, planned: storage.Manifest
) -> Report:
    """Write the report of a `subject` whose test examples were `scored`, see `write_report`.

    Args:
        scored: example_id and text_digest as the model saw them, in order.
        probabilities: (N, C), row by row those of `scored`.
        planned: fingerprint of the report and the run that writes it.
    """
    started = time.perf_counter()
    examples, classes, folder = subject.examples, subject.class_names, subject.model.folder
    check_alignment(examples, scored)
    truth = class_indices(examples[subject.model.label], classes)
    evaluation = evaluate(truth, probabilities, classes, subject.train_class_rows)
    predictions = prediction_table(examples, subject.model.label, probabilities, classes)
    errors = with_excerpts(error_table(predictions, examples, None), classes, None)
    figures = report_figures(subject, evaluation)
    _write_table(folder / "predictions.parquet", predictions)
    _write_table(folder / "errors.parquet", errors)
    _write_text(folder / PAGE, render(figures, errors.to_pylist()))
    _write_text(folder / METRICS, to_json(figures))
    made = {"fingerprint": planned.fingerprint, "run": planned.run, "at": figures["reported_at"]}
    storage.write_manifest(folder, subject.manifest, {**subject.manifest.facts, "report": made})
    logger.info("reported on %d test rows in %.1f seconds", len(truth), time.perf_counter() - started)
    return _record(subject.model, figures, Making(planned.run, figures["reported_at"]))


def _record(model: TrainedModel, figures: Mapping[str, Any], making: Making) -> Report:
    accuracy = figures["test"]["accuracy"]
    return Report(
        data_set=model.data_set,
        origin=model.origin,
        label=model.label,
        preset=model.preset,
        run=model.run,
        folder=model.folder,
        first_sentence=figures["sentence"],
        test_rows=accuracy["rows"],
        accuracy_rate=accuracy["rate"],
        accuracy_low_rate=accuracy["low_rate"],
        accuracy_high_rate=accuracy["high_rate"],
        majority_rate=figures["test"]["majority"]["rate"],
        read_rows=figures["data"]["read_rows"],
        rejected_rows=figures["data"]["rejected_rows"],
        leaked_rows=figures["data"]["leaked_rows"],
        split_rows=figures["data"]["split_rows"],
        making=making,
    )


def _write_table(path: Path, table: pa.Table) -> None:
    with storage.output_file(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def _write_text(path: Path, text: str) -> None:
    with storage.output_file(path) as partial:
        partial.write_text(text, "utf-8")
