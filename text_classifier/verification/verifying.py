"""Verify a run: derive what it published anew from its data, weights and papers, and name what differs."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.code_version import code_digest
from text_classifier.contract import latest_data_set
from text_classifier.errors import ReportError
from text_classifier.evaluation import judging
from text_classifier.evaluation.figures import read_figures, to_json
from text_classifier.evaluation.judgement import Answers, Judgement, judged
from text_classifier.evaluation.judging import read_evaluation
from text_classifier.evaluation.metrics import ClassIndices
from text_classifier.evaluation.parts import read_part
from text_classifier.evaluation.subject import Subject, read_subject
from text_classifier.records import TrainedModel
from text_classifier.report import write
from text_classifier.report.digest import report_digest
from text_classifier.report.write import Published, rendered
from text_classifier.storage import DIGEST_CHARACTERS, Manifest
from text_classifier.training import explain, load_model
from text_classifier.training.model_folder import CARD, ERRORS, METRICS, PAGE, PREDICTIONS, VERDICT
from text_classifier.verification import yardsticks
from text_classifier.verification.challenge import derived_verdict
from text_classifier.verification.checks import (
    RATE_TOLERANCE,
    Check,
    Demand,
    compare_files,
    compare_tables,
    compare_text,
    compare_trees,
)
from text_classifier.verification.onnx_file import compare_onnx

logger = logging.getLogger(__name__)

_TOLD = {f"models/{CARD}", f"models/{PAGE}"}  # nothing is derived from them
_EXPLAINED = {"excerpt", "marks"}  # follow gradients: the same on the same machine only


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks of a run, and how equal equal was, in words."""

    model: TrainedModel
    checks: tuple[Check, ...]
    demanded: str

    @property
    def differing(self) -> tuple[Check, ...]:
        """The checks that failed; in a verification that is equal, none."""
        return tuple(check for check in self.checks if not check.is_equal)

    @property
    def sentence(self) -> str:
        """Such as "equal: 1,234 figures and 31 files of RUN re-derived, ..."; else what differs, the first by name."""
        if self.differing:
            first, *others = self.differing
            told = f"{first.name} is {first.published}, derived {first.derived}"
            return f"differs: {told}" + (f"; and {len(others):,} more" if others else "") + f" ({self.demanded})"
        figures, files = sum(one.figures for one in self.checks), sum(not one.figures for one in self.checks)
        return f"equal: {figures:,} figures and {files:,} files of {self.model.run} re-derived, {self.demanded}"


@dataclass(frozen=True, slots=True)
class _Run:
    """What is known of a run before anything is derived: its folders, by place, and the papers of its evaluation."""

    model: TrainedModel
    manifest: Manifest
    folders: dict[str, Path]
    evaluation: dict[str, Any]
    demand: Demand


def verify_run(model: TrainedModel, data_dir: Path, quick: bool = False) -> Verification:
    """Derive anew all that was published of a reported model, and compare; nothing published is changed.

    Files by the digests of their manifests; the probabilities from the weights and the raw test texts, a sample of them
    from the ONNX file as well; predictions, errors and every figure from these, the data and the baselines; the verdict
    from the figures and the ledger; card and page from all of it. Where a file that these need is not what its manifest
    says, nothing is derived. The weights are not trained anew: that is what a run with refresh=true does.

    Args:
        quick: take the signal test and the baselines as they stand instead of fitting them anew.

    Raises:
        DamagedOutputError: the model has no readable manifest, or the ledger cannot be read.
        ReportError: nothing was published of it, or by a version that did not note what it was made of.
    """
    run = _read_run(model, data_dir)
    checks = [check for place, folder in run.folders.items() for check in _compare_folder(place, folder)]
    if all(check.is_equal or check.name in _TOLD for check in checks):
        with TemporaryDirectory() as root:
            checks += _derive(run, data_dir, Path(root), quick)
    aside = [", signal test and baselines as they stand"] if quick else []
    aside += [", though the code has changed since"] if _is_changed(run) else []
    return Verification(model, tuple(checks), "".join([run.demand.why, *aside]))


def _read_run(model: TrainedModel, data_dir: Path) -> _Run:
    manifest = storage.read_manifest(model.folder)
    facts = manifest.facts
    evaluation = facts.get("evaluation", {})
    if "made_with" not in evaluation or "digest" not in facts.get("report", {}):
        raise ReportError(
            "this run cannot be verified",
            where=str(model.folder),
            seen="an evaluation and a report that do not say what they were made of" if evaluation else "no report",
            expected="a model with its report, both by this version or a later one",
            to_do=f"run the flow report with run={model.run}",
        )
    data_folder, name = data_dir / facts["data_set_folder"], model.data_set
    ingested = storage.read_manifest(data_folder).inputs["ingested"]
    inputs = evaluation["inputs"]
    folders = {
        "models": model.folder,
        "datasets": data_folder,
        "ingested": data_dir / "ingested" / name / ingested[:DIGEST_CHARACTERS],
        "vocabularies": data_dir / facts["corpus_folder"],
        "signals": data_dir / "signals" / name / inputs["signal"][:DIGEST_CHARACTERS],
        "baselines": data_dir / "baselines" / name / inputs["baselines"][:DIGEST_CHARACTERS],
    }
    return _Run(model, manifest, folders, evaluation, Demand.of(evaluation["made_with"]))


def _is_changed(run: _Run) -> bool:
    """Whether other code than today's has judged the model or written its report: the reason of many a difference."""
    published = (run.evaluation.get("code"), run.manifest.facts["report"].get("code"))
    return published != (code_digest(*judging.MODULES), code_digest(*write.MODULES))


def _compare_folder(place: str, folder: Path) -> list[Check]:
    """Every file by its digest, and the fingerprint by what it stands for."""
    manifest = storage.read_manifest(folder)
    meant = storage.fingerprint_of(manifest)
    fingerprint = Check(f"{place}: fingerprint", manifest.fingerprint, meant, manifest.fingerprint == meant)
    return [fingerprint, *compare_files(folder, manifest, place)]


def _derive(run: _Run, data_dir: Path, root: Path, quick: bool) -> Iterator[Check]:
    model, folder = run.model, run.model.folder
    data = latest_data_set(data_dir, model.data_set, run.manifest.inputs["data_set"])
    published = yardsticks.Published(
        run.folders["signals"], run.folders["baselines"], run.evaluation["parameters"]["level"]
    )
    anew = yardsticks.derive(published, data, model.label, root, refit=not quick)
    if not quick:
        yield from yardsticks.compare(published, anew)
    subject = read_subject(model, anew.signal, anew.baselines, data_dir)
    judgement, checks = _judge(subject, run.demand)
    yield from checks
    figures = json.loads(to_json(judgement.figures))
    seen = read_figures(folder)
    yield from compare_trees(METRICS, seen, figures, run.demand)
    if not run.demand.is_exact:  # pages show what was published: a last digit of it is no difference
        figures = seen
    logger.info("derived %s anew; now its verdict and pages", model.run)
    verdict, checks = derived_verdict(folder, figures, read_evaluation(model), data_dir)
    yield from checks
    errors = judgement.errors if run.demand.is_exact else pq.read_table(folder / ERRORS)
    yield from _compare_pages(run, figures, verdict, errors.to_pylist())


def _judge(subject: Subject, demand: Demand) -> tuple[Judgement, list[Check]]:
    """The judgement on what the weights are published to have answered; if that is not so, on what they answer."""
    model, examples, class_names = subject.model, subject.examples, subject.config.class_names
    logger.info("scoring %d test texts anew with %s", examples.num_rows, model.run)
    classifier, texts = load_model(model.folder), examples["text"].to_pylist()
    scored = classifier.score(texts)
    anew = scored.probabilities
    published = pq.read_table(model.folder / PREDICTIONS)
    said = _probabilities(published, class_names)
    check = _compare_probabilities(said, anew, examples["example_id"].to_pylist(), demand)
    keys = examples.select(["example_id", "text_digest"])
    probabilities = said if check.is_equal else anew
    parts = {
        name: _near_enough(read_part(published, name, class_names), found, demand)
        for name, found in scored.parts.items()
    }
    judgement = judged(subject, Answers(keys, probabilities, partial(explain, model), parts))
    checks = [check, *compare_onnx(model.folder, classifier, texts)]
    checks += compare_tables(PREDICTIONS, published, judgement.predictions, demand)
    tables = [pq.read_table(model.folder / ERRORS), judgement.errors]
    if not demand.is_exact:
        tables = [table.drop_columns([name for name in _EXPLAINED if name in table.column_names]) for table in tables]
    return judgement, checks + compare_tables(ERRORS, tables[0], tables[1], demand)


def _near_enough(said: ClassIndices | None, anew: ClassIndices, demand: Demand) -> ClassIndices:
    """What a part is published to have predicted, where elsewhere hardly a row may differ; else what it predicts."""
    if said is None or demand.is_exact or said.shape != anew.shape:
        return anew
    return said if np.mean(said != anew) <= RATE_TOLERANCE else anew


def _probabilities(predictions: pa.Table, class_names: tuple[str, ...]) -> np.ndarray:
    """(N, C) of a predictions table; (0, C) where a column is missing."""
    names = [f"p_{name}" for name in class_names]
    if not set(names) <= set(predictions.column_names):
        return np.empty((0, len(names)), np.float32)
    return np.stack([predictions[name].to_numpy() for name in names], axis=1)


def _compare_probabilities(said: np.ndarray, anew: np.ndarray, example_ids: list[str], demand: Demand) -> Check:
    name = "probabilities from the weights"
    if said.shape != anew.shape:
        return Check(name, f"{len(said):,} rows", f"{len(anew):,} rows", False, len(anew))
    off = np.abs(said - anew).max(axis=1)
    rows = np.flatnonzero(~(off <= (0 if demand.is_exact else RATE_TOLERANCE)))
    if not len(rows):
        return Check(name, f"{len(said):,} rows", f"all equal, by {off.max():.2g} at most", True, len(said))
    at = rows[0]
    derived = f"{anew[at].tolist()}; {len(rows):,} rows differ, by {off.max():.2g} at most"
    return Check(name, f"example {example_ids[at]}: {said[at].tolist()}", derived, False, len(said))


def _compare_pages(
    run: _Run, figures: dict[str, Any], verdict: dict[str, Any], errors: list[dict[str, Any]]
) -> Iterator[Check]:
    made = run.manifest.facts["report"]
    digest = report_digest(figures, verdict, errors, run.manifest)
    yield Check("report digest", made["digest"], digest, made["digest"] == digest)
    told = Published(figures, verdict, errors, digest)
    for name, text in rendered(told, run.manifest, made["at"]).items():
        if name != VERDICT:  # compared leaf by leaf
            yield compare_text(name, run.model.folder / name, text)
