"""The report digest: one number for all that is published of a run, times, run names and places aside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from text_classifier.storage import Manifest, sha256_text
from text_classifier.training.model_folder import CONFIG_FILE, ONNX_FILE, WEIGHTS_FILE
from text_classifier.vocabulary import VOCABULARY_FILE

_FIGURES_ASIDE = {"run": None, "made": {"trained_at": None, "seconds": None}, "data": {"address": None}}
_VERDICT_ASIDE = {"comparison": {"run": None, "champion": None}}
"""What two runs on the same inputs may differ in: names to leave out, at their places in the tree."""


def report_digest(
    figures: Mapping[str, Any], verdict: Mapping[str, Any], errors: Sequence[Mapping[str, Any]], manifest: Manifest
) -> str:
    """SHA-256 over the figures, the verdict, every row of the errors table, and the model's files by their digests.

    The page and the model card show these and nothing else, so they add nothing. On one machine the same inputs give
    the same digest.

    Args:
        manifest: of the model's folder.
    """
    named = [name for name in (WEIGHTS_FILE, CONFIG_FILE, VOCABULARY_FILE, ONNX_FILE) if name in manifest.outputs]
    files = {name: manifest.outputs[name]["sha256"] for name in named}
    told = {
        "figures": {**_without(figures, _FIGURES_ASIDE), "curve": _untimed(figures["curve"])},
        "verdict": _without(verdict, _VERDICT_ASIDE),
        "errors": errors,
        "files": files,
    }
    return sha256_text(json.dumps(told, sort_keys=True, ensure_ascii=True, allow_nan=False))


def _without(tree: Mapping[str, Any], aside: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in tree.items() if aside.get(name, "kept") is not None}
    return {name: _without(value, aside[name]) if name in aside else value for name, value in kept.items()}


def _untimed(curve: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in curve]
