"""The report on a run that trained nothing, because the texts say nothing about the label."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from text_classifier import storage
from text_classifier.evaluation.figures import signal_figures
from text_classifier.evaluation.words import percent
from text_classifier.records import DataSet, Report, SignalTest
from text_classifier.report.evaluation_plots import signal_png
from text_classifier.showable import markdown_text
from text_classifier.store import Store
from text_classifier.training.model_folder import VERDICT
from text_classifier.verdict import verdict_without_model

UNTRAINED = "untrained"


def write_without_model(signal: SignalTest, data: DataSet, preset: str, store: Store) -> Report:
    """Keep the verdict under `untrained/<data set>/`, for the history of runs, or reuse the one that stands.

    Raises:
        OutputUnwritableError: the data root cannot be written.
    """
    verdict = verdict_without_model(signal)
    planned = storage.plan(
        "report without model",
        inputs={"signal": signal.fingerprint},
        parameters={"data_set": data.data_set, "label": signal.label, "preset": preset, "verdict": asdict(verdict)},
        modules=("text_classifier.report.no_model",),
    )
    folder = store.data_dir / UNTRAINED / data.data_set / planned.fingerprint[: storage.DIGEST_CHARACTERS]

    def fill(partial: Path) -> dict[str, Any]:
        (partial / VERDICT).write_text(json.dumps(asdict(verdict), indent=1) + "\n", "utf-8")
        return {"name": signal.name}

    return Report(data, signal.label, preset, verdict, None, folder, store.make(folder, planned, fill))


def overview_without_model(signal: SignalTest, report: Report) -> str:
    """Markdown that opens with the headline and shows what the true labels gave beside shuffled ones."""
    figures = signal_figures(signal)
    paragraphs = [
        f"**{markdown_text(report.headline, 2_000)}**",
        f"{signal.learner}, fitted to {signal.train_rows:,} examples, reaches a {signal.score_name} of "
        f"{percent(signal.score_rate)} on {signal.scored_rows:,} others. With shuffled labels it is "
        f"{percent(signal.chance_rate)} on average, and {percent(signal.chance_high_rate)} or more in one of twenty.",
        f"![{signal.score_name} on shuffled and on true labels]({signal_png(figures)})",
        "To train all the same, start the run with skip_training_without_signal = false.",
    ]
    return "\n\n".join(paragraphs) + "\n"
