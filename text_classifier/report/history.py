"""All runs so far of one data set and label with their verdicts, as the rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from text_classifier import storage
from text_classifier.errors import DamagedOutputError
from text_classifier.evaluation.figures import deciding_baseline, minute, read_figures
from text_classifier.evaluation.words import percent
from text_classifier.report.no_model import UNTRAINED
from text_classifier.report.verdicts import read_verdict
from text_classifier.training.model_folder import METRICS

FIELDS = ("signal", "against_baseline", "against_champion", "decision", "rule")


def history_rows(data_dir: Path, data_set: str, label: str) -> list[dict[str, object]]:
    """One row per reported run of `data_set` and `label`, newest first, those that trained nothing among them.

    A run whose figures or whose verdict cannot be read keeps its row, which says so.
    """
    models = (path.parent for path in (data_dir / "models" / data_set).glob(f"*/{METRICS}"))
    found = [row for folder in models if (row := _row(folder, label))]
    found += _untrained(data_dir / UNTRAINED / data_set, label)
    return sorted(found, key=lambda row: (str(row["reported"]), str(row["run"])), reverse=True)


def _untrained(place: Path, label: str) -> Iterator[dict[str, object]]:
    for folder, manifest in storage.readable_manifests(place).items():
        if manifest.parameters.get("label") == label:
            yield {
                "run": "nothing was trained",
                "reported": minute(manifest.created_at),
                "data": manifest.facts.get("name", ""),
                "preset": manifest.parameters.get("preset", ""),
                **_verdict(folder),
            }


def _row(folder: Path, label: str) -> dict[str, object] | None:
    try:
        figures = read_figures(folder)
        return _figures_row(folder, figures) if figures["label"] == label else None
    except DamagedOutputError as error:
        return {"run": folder.name, "reported": "", "sentence": f"cannot be read: {error}"}
    except (KeyError, TypeError):
        told = "cannot be read: of another version of text-classifier; the flow report writes it anew"
        return {"run": folder.name, "reported": "", "sentence": told}


def _figures_row(folder: Path, figures: Mapping[str, Any]) -> dict[str, object]:
    accuracy, best = figures["test"]["accuracy"], deciding_baseline(figures)
    return {
        "run": figures["run"],
        "reported": minute(storage.read_manifest(folder).facts["evaluation"]["at"]),
        "data": figures["name"],
        "preset": figures["preset"],
        "accuracy": percent(accuracy["rate"]),
        "low": percent(accuracy["low_rate"]),
        "high": percent(accuracy["high_rate"]),
        "baseline": f"{best['name']}: {percent(best['accuracy']['rate'])}",
        "test rows": accuracy["rows"],
        **_verdict(folder),
    }


def _verdict(folder: Path) -> dict[str, object]:
    try:
        verdict = read_verdict(folder)
        return {name.replace("_", " "): verdict[name] for name in (*FIELDS, "sentence")}
    except (DamagedOutputError, KeyError) as error:
        return {"sentence": f"no verdict can be read: {error}"}
