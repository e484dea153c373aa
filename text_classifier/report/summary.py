"""A report in the dashboard's form: rows of tables, and Markdown whose pictures are data URIs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from text_classifier.evaluation.excerpts import SHOWN_ERRORS
from text_classifier.evaluation.figures import Figures
from text_classifier.evaluation.words import percent
from text_classifier.records import Report, Verdict
from text_classifier.report.evaluation_plots import reliability_png, signal_png
from text_classifier.report.page import ACCURACY, LOSS, accuracy_lines, loss_lines
from text_classifier.report.plots import confusion_png, curve_png
from text_classifier.showable import markdown_text
from text_classifier.training.model_folder import ERRORS, PAGE


def accuracy_rows(figures: Figures) -> list[dict[str, object]]:
    """The model, each of its parts, every baseline, then every class of the test split."""
    test = figures["test"]
    model = _accuracy_row(figures, "this model", test["accuracy"]) | {"F1": percent(test["macro_f1_rate"]["value"])}
    baselines = [
        _accuracy_row(figures, f"baseline: {one['name']}", one["accuracy"])
        | {"F1": percent(one["macro_f1_rate"]), "this model is": one["separation"]}
        for one in figures["baselines"]
    ]
    parts = [
        _accuracy_row(figures, f"part alone: {one['name']}", one["accuracy"]) | {"this model is": one["separation"]}
        for one in figures["parts"]
    ]
    classes = [
        {
            "data": figures["name"],
            "what": f"class '{one['name']}'",
            "precision": percent(one["precision_rate"]["value"]),
            "recall": percent(one["recall_rate"]["value"]),
            "F1": percent(one["f1_rate"]["value"]),
            "rows": one["support_rows"],
        }
        for one in test["per_class"]
    ]
    return [model, *parts, *baselines, *classes]


def error_rows(figures: Figures, folder: Path) -> list[dict[str, object]]:
    """The first errors of the model folder, the most confident first."""
    errors = pq.read_table(folder / ERRORS).slice(0, SHOWN_ERRORS).to_pylist()
    return [
        {
            "data": figures["name"],
            "row": error["row"],
            "true": error["label"],
            "predicted": error["prediction"],
            "probability": percent(error["probability"]),
            "doubt": "label?" if error["likely_label_error"] else "",
            "example": error["example_id"],
            "text": error["excerpt"],
        }
        for error in errors
    ]


def overview(figures: Figures, report: Report) -> str:
    """Markdown that opens with the headline and shows verdict, signal, confusion matrix, confidence and training."""
    test, name = figures["test"], markdown_text(figures["name"])
    paragraphs = [
        f"**{markdown_text(report.headline, 2_000)}**",
        *(markdown_text(note, 2_000) for note in figures["notes"]),
        _verdict_table(report.verdict),
        f"## Signal in {name}",
        f"![Scores on shuffled and on true labels of {name}]({signal_png(figures['signal'])})",
        f"## Confusion matrix, test split of {name}",
        f"![Confusion matrix of {name}]({confusion_png(test['class_names'], test['confusion'])})",
        f"## Confidence, test split of {name}",
        f"![Right answers over confidence on {name}]({reliability_png(test['calibration']['bins'])})",
        f"## Training on {name}",
        *(
            f"![{unit} by epoch]({curve_png(lines, unit)})"
            for unit, lines in ((LOSS, loss_lines(figures)), (ACCURACY, accuracy_lines(figures)))
            if lines
        ),
        f"Report: `{report.folder / PAGE}`",
    ]
    return "\n\n".join(paragraphs) + "\n"


def _verdict_table(verdict: Verdict) -> str:
    rows = {
        "signal": verdict.signal,
        "against the best baseline": verdict.against_baseline,
        "against the champion": verdict.against_champion,
        "decision": f"{verdict.decision}: {verdict.rule}",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {markdown_text(told)} |" for name, told in rows.items())])


def _accuracy_row(figures: Figures, what: str, figure: Mapping[str, Any]) -> dict[str, object]:
    return {
        "data": figures["name"],
        "what": what,
        "accuracy": percent(figure["rate"]),
        "low": percent(figure["low_rate"]),
        "high": percent(figure["high_rate"]),
        "rows": figure["rows"],
    }
