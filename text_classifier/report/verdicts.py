"""verdict.json: the verdict on a model and the challenge it came of, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from text_classifier import storage
from text_classifier.comparison import Comparison
from text_classifier.records import Verdict
from text_classifier.training.model_folder import VERDICT

_WHEN_AND_WHO = ("compared_at", "compared_by")


def verdict_tree(verdict: Verdict, comparison: Comparison) -> dict[str, Any]:
    """The same verdict gives the same tree, whoever asked and when."""
    compared = {name: value for name, value in asdict(comparison).items() if name not in _WHEN_AND_WHO}
    return {**asdict(verdict), "comparison": compared}


def read_verdict(folder: Path) -> Mapping[str, Any]:
    """The verdict in a model folder.

    Raises:
        DamagedOutputError: there is none, or it cannot be read.
    """
    return storage.read_tree(folder, VERDICT, "run the report of this model again")
