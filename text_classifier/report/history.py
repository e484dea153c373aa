"""All runs so far of one data set and label with their verdicts, as the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from text_classifier import storage
from text_classifier.errors import DamagedOutputError
from text_classifier.evaluation.figures import METRICS, minute, read_figures
from text_classifier.evaluation.words import percent
from text_classifier.report.verdicts import read_verdict

FIELDS = ("signal", "against_baseline", "against_champion", "decision", "rule")


def history_rows(data_dir: Path, data_set: str, label: str) -> list[dict[str, object]]:
    """One row per reported run of `data_set` and `label`, newest first.

    A run whose figures or whose verdict cannot be read keeps its row, which says so.
    """
    folders = sorted((path.parent for path in (data_dir / "models" / data_set).glob(f"*/{METRICS}")), reverse=True)
    rows = (_row(folder, label) for folder in folders)
    return [row for row in rows if row is not None]


def _row(folder: Path, label: str) -> dict[str, object] | None:
    try:
        figures = read_figures(folder)
        return _figures_row(folder, figures) if figures["label"] == label else None
    except (DamagedOutputError, KeyError, TypeError) as error:
        return {"run": folder.name, "sentence": f"cannot be read: {error}"}


def _figures_row(folder: Path, figures: Mapping[str, Any]) -> dict[str, object]:
    accuracy, best = figures["test"]["accuracy"], figures["baselines"][0]
    return {
        "run": figures["run"],
        "trained": minute(storage.read_manifest(folder).created_at),
        "data": figures["name"],
        "preset": figures["preset"],
        "accuracy": percent(accuracy["rate"]),
        "low": percent(accuracy["low_rate"]),
        "high": percent(accuracy["high_rate"]),
        "best baseline": f"{best['name']}: {percent(best['accuracy']['rate'])}",
        "test rows": accuracy["rows"],
        **_verdict(folder),
    }


def _verdict(folder: Path) -> dict[str, object]:
    try:
        verdict = read_verdict(folder)
        return {name.replace("_", " "): verdict[name] for name in (*FIELDS, "sentence")}
    except (DamagedOutputError, KeyError) as error:
        return {"sentence": f"no verdict can be read: {error}"}
