"""The model in service per data set and label: who it is, who challenges it, and the ledger of every comparison.

`champions/<data set>/<label>/ledger.jsonl` has one line per comparison, promoted or not; its last promotion is the
model in service, to which `champion.json` points. A challenger is promoted when it is the first with a signal, or
shown to be better than the champion on the test rows that both were scored on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow.parquet as pq
from filelock import FileLock

from text_classifier.code_version import code_digest
from text_classifier.config import preset_named
from text_classifier.errors import DamagedOutputError
from text_classifier.records import MARKS, Report
from text_classifier.storage import checked_output, output_file, read_manifest, sha256_text, writing
from text_classifier.store import Store
from text_classifier.training.model_folder import CONFIG_FILE, WEIGHTS_FILE, read_config

SIGNIFICANCE_LEVEL = 0.05
PREDICTIONS = "predictions.parquet"

CorrectByRow = dict[tuple[str, str], bool]

Outcome = Literal["first", "better", "not separable", "worse", "not comparable", "no signal", "not eligible"]
PROMOTED: frozenset[Outcome] = frozenset({"first", "better"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of the ledger.

    Attributes:
        run: the challenger.
        champion: the run that was in service before; None when there was none.
        outcome: what decided, and `reason` says it in words with the figures.
        common_rows: test rows that both were scored on.
        gain_pct: challenger's accuracy minus champion's on those rows, in points.
        p_value: exact McNemar test, two-sided (Dietterich 1998).
        compared_at: ISO 8601 in UTC.
        compared_by: the run that compared.
        basis: SHA-256 of both models' predictions and of the rule and its code; "" when they could not be had.
    """

    run: str
    champion: str | None
    outcome: Outcome
    reason: str
    common_rows: int = 0
    gain_pct: float | None = None
    p_value: float | None = None
    compared_at: str = ""
    compared_by: str = ""
    basis: str = ""

    @property
    def is_promoted(self) -> bool:
        return self.outcome in PROMOTED


def champion_dir(data_dir: Path, data_set: str, label: str) -> Path:
    return data_dir / "champions" / data_set / label


def champion_run(ledger: Sequence[Comparison]) -> str | None:
    """Run of the model in service, or None."""
    promoted = [line.run for line in ledger if line.is_promoted]
    return promoted[-1] if promoted else None


def read_ledger(folder: Path) -> list[Comparison]:
    """Every comparison so far, oldest first.

    Raises:
        DamagedOutputError: a line cannot be read.
    """
    path = folder / "ledger.jsonl"
    if not path.exists():
        return []
    try:
        return [Comparison(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    except (ValueError, TypeError) as error:
        raise DamagedOutputError(
            "the ledger of comparisons cannot be read",
            where=str(path),
            seen=f"{type(error).__name__}: {error}",
            expected="one JSON object per line, as `promote` writes them",
            to_do="restore the file from a backup, or remove the broken line",
        ) from error


def challenge(report: Report, store: Store) -> tuple[Comparison, bool]:
    """Compare the reported model with the champion, write the ledger, and move the pointer if it earned it.

    The same predictions are compared with the same champion once: asked again, the line of the ledger is the answer.
    A champion whose files are missing or damaged is not compared with, and stays in service.

    Returns:
        The comparison, and whether it stood in the ledger already.

    Raises:
        DamagedOutputError: a file of the reported model differs from its manifest, or the ledger cannot be read.
    """
    folder = champion_dir(store.data_dir, report.data_set, report.label)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        ledger = read_ledger(folder)
        champion = champion_run(ledger)
        earlier = _earlier(ledger, report, champion)
        comparison = earlier or replace(_compare(report, champion), compared_by=store.run)
        if not earlier:
            ledger.append(comparison)
            _write_ledger(folder, ledger)
        run = champion_run(ledger)
        if run and _pointed_at(folder) != run:
            _point(folder, store.data_dir / "models" / report.data_set / run, store.data_dir)
    return comparison, earlier is not None


def _earlier(ledger: Sequence[Comparison], report: Report, champion: str | None) -> Comparison | None:
    """The line that answers the same question, or that put this very model in service."""
    for line in reversed(ledger):
        if line.run == report.run and (
            champion == line.run
            or (champion == line.champion and line.basis and line.basis == _basis(report, champion))
        ):
            return line
    return None


def _basis(report: Report, champion: str | None) -> str:
    folders = [report.folder, *([report.folder.parent / champion] if champion else [])]
    try:
        digests = [read_manifest(folder).outputs[PREDICTIONS]["sha256"] for folder in folders]
    except (DamagedOutputError, KeyError):
        return ""
    rule = ["may be promoted"] if preset_named(report.preset).may_be_promoted else []
    return sha256_text(" ".join([*digests, *rule, code_digest("text_classifier.champion")]))


def _write_ledger(folder: Path, ledger: list[Comparison]) -> None:
    lines = "".join(json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in ledger)
    with output_file(folder / "ledger.jsonl") as partial:
        partial.write_text(lines, "utf-8")


def _pointed_at(folder: Path) -> str | None:
    """The run that the pointer names; None where it cannot be read."""
    try:
        return str(json.loads((folder / "champion.json").read_text("utf-8"))["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _point(folder: Path, model_dir: Path, data_dir: Path) -> None:
    pointer = {
        "run": model_dir.name,
        "model": model_dir.relative_to(data_dir).as_posix(),
        "weights_sha256": read_manifest(model_dir).outputs[WEIGHTS_FILE]["sha256"],
    }
    with output_file(folder / "champion.json") as partial:
        partial.write_text(json.dumps(pointer, ensure_ascii=False) + "\n", "utf-8")


def _compare(report: Report, champion: str | None) -> Comparison:
    from scipy.stats import binomtest  # a second to import, and no need for it where the ledger has the answer

    basis = _basis(report, champion)

    def decided(outcome: Outcome, reason: str, **figures: Any) -> Comparison:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return Comparison(report.run, champion, outcome, reason, compared_at=now, **{"basis": basis, **figures})

    if refusal := _refusal(report):
        return decided(*refusal)
    if champion is None:
        return decided("first", "the first model with a signal")
    mine, split_seed = _scored(report.folder)
    try:
        theirs, their_split_seed = _scored(report.folder.parent / champion)
    except DamagedOutputError as error:
        return decided("not comparable", f"the champion cannot be read, see to it: {error}", basis="")
    if split_seed != their_split_seed:
        return decided("not comparable", "the champion was trained under another split seed")
    gains, losses, common = _disagreements(mine, theirs)
    if not common:
        return decided("not comparable", "no test row was scored by both")
    p_value = binomtest(gains, gains + losses).pvalue if gains + losses else 1.0
    outcome = _outcome(gains - losses, float(p_value))
    gain_pct = 100 * (gains - losses) / common
    reason = f"{gain_pct:+.2f} points on {common:,} common test rows, exact McNemar p = {p_value:.2g}"
    return decided(outcome, reason, common_rows=common, gain_pct=gain_pct, p_value=float(p_value))


def _refusal(report: Report) -> tuple[Outcome, str] | None:
    """Why this model cannot become champion whatever the champion is, or None."""
    if MARKS[report.origin]:
        return "not eligible", f"{MARKS[report.origin]} data never puts a model in service"
    if not preset_named(report.preset).may_be_promoted:
        return "not eligible", f"models of preset {report.preset} are reported, never promoted"
    if report.accuracy_low_rate <= report.majority_rate:
        return "no signal", f"not shown to be better than the majority class ({report.majority_rate:.2%})"
    return None


def _outcome(surplus: int, p_value: float) -> Outcome:
    if p_value >= SIGNIFICANCE_LEVEL:
        return "not separable"
    return "better" if surplus > 0 else "worse"


def _disagreements(mine: CorrectByRow, theirs: CorrectByRow) -> tuple[int, int, int]:
    """Rows that only the challenger got right, rows that only the champion did, and rows that both scored."""
    common = sorted(mine.keys() & theirs.keys())
    here = np.array([mine[row] for row in common], dtype=bool)
    there = np.array([theirs[row] for row in common], dtype=bool)
    return int(np.sum(here & ~there)), int(np.sum(there & ~here)), len(common)


def _scored(model_dir: Path) -> tuple[CorrectByRow, int]:
    """Which test rows a model got right, and the split seed of its data.

    Rows are keyed by text digest and true label, so that one is found again wherever tomorrow's file has it.
    """
    predictions = checked_output(model_dir, PREDICTIONS)
    rows = pq.read_table(predictions, columns=["text_digest", "label", "prediction"]).to_pylist()
    correct = {(row["text_digest"], row["label"]): row["label"] == row["prediction"] for row in rows}
    return correct, read_config(checked_output(model_dir, CONFIG_FILE).parent).split_seed
