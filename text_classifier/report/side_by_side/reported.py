"""What a comparison reads of a model folder: figures, verdict, predictions and errors, each held to its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.errors import ConfigError
from text_classifier.evaluation.figures import Figures, read_figures
from text_classifier.report.verdicts import read_verdict
from text_classifier.storage import Manifest
from text_classifier.training.model_folder import ERRORS, METRICS, PREDICTIONS, VERDICT

_FILES = (METRICS, VERDICT, PREDICTIONS, ERRORS)


@dataclass(frozen=True, slots=True)
class Reported:
    """A model with the report on it; `manifest` is that of its folder."""

    run: str
    manifest: Manifest
    figures: Figures
    verdict: Mapping[str, Any]
    predictions: pa.Table
    errors: pa.Table

    @property
    def digests(self) -> str:
        """SHA-256 of every file that was read, as one text."""
        return "\n".join(self.manifest.outputs[name]["sha256"] for name in _FILES)


def read_reported(folder: Path) -> Reported:
    """The model and its report.

    Raises:
        ConfigError: nobody has reported on this model yet.
        DamagedOutputError: a file differs from its manifest.
    """
    manifest = storage.read_manifest(folder)
    missing = [name for name in _FILES if name not in manifest.outputs]
    if missing:
        raise ConfigError(
            "a model without a report cannot be compared",
            where=str(folder),
            seen=f"no {', '.join(missing)}",
            expected=", ".join(_FILES),
            to_do="run the flow report for this run first",
        )
    return Reported(
        run=folder.name,
        manifest=manifest,
        figures=read_figures(folder),
        verdict=read_verdict(folder),
        predictions=pq.read_table(storage.checked_output(folder, PREDICTIONS, manifest)),
        errors=pq.read_table(storage.checked_output(folder, ERRORS, manifest), columns=["example_id", "excerpt"]),
    )
