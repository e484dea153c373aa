"""The step `report`: the verdict on an evaluated model, its page and its model card, written into its folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.comparison import Comparison
from text_classifier.errors import DamagedOutputError
from text_classifier.evaluation.excerpts import SHOWN_ERRORS
from text_classifier.evaluation.figures import read_figures
from text_classifier.records import DataSet, Evaluated, Making, Report, Verdict
from text_classifier.report.digest import report_digest
from text_classifier.report.model_card import model_card
from text_classifier.report.page import Contents, render
from text_classifier.report.verdicts import verdict_tree
from text_classifier.store import Store, log_reused
from text_classifier.training.model_folder import CARD, ERRORS, METRICS, PAGE, REPORT_FILES, VERDICT
from text_classifier.verdict import verdict_of

MODULES = ("text_classifier.report.write",)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """All that a report tells: figures, verdict, every row of the errors table, and the digest over the three."""

    figures: Mapping[str, Any]
    verdict: Mapping[str, Any]
    errors: Sequence[Mapping[str, Any]]
    digest: str


def write_report(evaluated: Evaluated, comparison: Comparison, data: DataSet, store: Store) -> Report:
    """Write the verdict, the model card and the page, or reuse those that stand undamaged.

    The manifest comes last.

    Raises:
        DamagedOutputError: a file of the model or of its evaluation differs from its manifest.
    """
    figures = read_figures(evaluated.folder)
    verdict = verdict_of(figures, comparison)
    tree = verdict_tree(verdict, comparison)
    planned = _planned(evaluated, tree)
    with store.alone(planned):
        if not store.refresh and _stands(evaluated.folder, planned):
            return _record(evaluated, data, verdict, _made_before(evaluated.folder))
        making = _write(evaluated.folder, figures, tree, store.signed(planned))
    return _record(evaluated, data, verdict, making)


def rendered(told: Published, manifest: storage.Manifest, at: str) -> dict[str, str]:
    """The files of a report: name -> text.

    Args:
        manifest: of the model's folder.
        at: when the report is written, ISO 8601 in UTC.
    """
    card = model_card(told.figures, told.verdict, manifest, told.digest)
    contents = Contents(told.figures, told.verdict, told.errors[:SHOWN_ERRORS], card, told.digest, at)
    return {VERDICT: json.dumps(told.verdict, indent=1, allow_nan=False) + "\n", CARD: card, PAGE: render(contents)}


def _planned(evaluated: Evaluated, tree: dict[str, Any]) -> storage.Manifest:
    manifest = storage.verify(evaluated.folder, but=REPORT_FILES)
    return storage.plan(
        "report",
        inputs={"evaluation": evaluated.fingerprint, "figures": manifest.outputs[METRICS]["sha256"]},
        parameters={"verdict": tree},
        modules=MODULES,
    )


def _stands(folder: Path, planned: storage.Manifest) -> bool:
    """Whether the report that `planned` describes stands in a model's folder, undamaged."""
    try:
        manifest = storage.verify(folder)
    except DamagedOutputError:
        return False
    made = manifest.facts.get("report", {})
    return made.get("fingerprint") == planned.fingerprint and set(REPORT_FILES) <= manifest.outputs.keys()


def _made_before(folder: Path) -> Making:
    made = storage.read_manifest(folder).facts["report"]
    making = Making(made["run"], made["at"], is_reused=True)
    log_reused(folder / PAGE, making)
    return making


def _write(folder: Path, figures: dict[str, Any], tree: dict[str, Any], planned: storage.Manifest) -> Making:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = storage.read_manifest(folder)
    errors = pq.read_table(folder / ERRORS).to_pylist()
    digest = report_digest(figures, tree, errors, manifest)
    for name, text in rendered(Published(figures, tree, errors, digest), manifest, at).items():
        _write_text(folder / name, text)
    made = {"fingerprint": planned.fingerprint, "code": planned.code, "run": planned.run, "at": at, "digest": digest}
    storage.write_manifest(folder, manifest, {**manifest.facts, "report": made})
    return Making(planned.run, at)


def _record(evaluated: Evaluated, data: DataSet, verdict: Verdict, making: Making) -> Report:
    return Report(data, evaluated.label, evaluated.preset, verdict, evaluated, evaluated.folder, making)


def _write_text(path: Path, text: str) -> None:
    with storage.output_file(path) as partial:
        partial.write_text(text, "utf-8")
