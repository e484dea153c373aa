"""A report in the dashboard's form: rows of tables, and Markdown whose pictures are data URIs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from text_classifier.evaluation import percent
from text_classifier.report.cells import markdown_text
from text_classifier.report.excerpts import SHOWN_ERRORS
from text_classifier.report.figures import Figures
from text_classifier.report.page import ACCURACY, LOSS, accuracy_lines, loss_lines
from text_classifier.report.plots import confusion_png, curve_png


def accuracy_rows(figures: Figures) -> list[dict[str, object]]:
    """The model, the majority class, then every class of the test split."""
    test = figures["test"]
    classes = [
        {
            "data": figures["name"],
            "what": f"class '{one['name']}'",
            "precision": percent(one["precision_rate"]),
            "recall": percent(one["recall_rate"]),
            "F1": percent(one["f1_rate"]),
            "rows": one["support_rows"],
        }
        for one in test["per_class"]
    ]
    model = _accuracy_row(figures, "this model", test["accuracy"]) | {"F1": percent(test["macro_f1_rate"])}
    majority = _accuracy_row(figures, f"always '{test['majority_class']}'", test["majority"])
    return [model, majority, *classes]


def error_rows(figures: Figures, folder: Path) -> list[dict[str, object]]:
    """The first errors of the model folder, the most confident first."""
    errors = pq.read_table(folder / "errors.parquet").slice(0, SHOWN_ERRORS).to_pylist()
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


def overview(figures: Figures, headline: str, folder: Path) -> str:
    """Markdown that opens with the headline and shows the confusion matrix and the training curve."""
    test, name = figures["test"], markdown_text(figures["name"])
    paragraphs = [
        f"**{markdown_text(headline, 2_000)}**",
        *(markdown_text(note, 2_000) for note in figures["notes"]),
        f"## Confusion matrix, test split of {name}",
        f"![Confusion matrix of {name}]({confusion_png(test['class_names'], test['confusion'])})",
        f"## Training on {name}",
        *(
            f"![{unit} by epoch]({curve_png(lines, unit)})"
            for unit, lines in ((LOSS, loss_lines(figures)), (ACCURACY, accuracy_lines(figures)))
            if lines
        ),
        f"Report: `{folder / 'report.html'}`",
    ]
    return "\n\n".join(paragraphs) + "\n"


def _accuracy_row(figures: Figures, what: str, figure: Mapping[str, Any]) -> dict[str, object]:
    return {
        "data": figures["name"],
        "what": what,
        "accuracy": percent(figure["rate"]),
        "low": percent(figure["low_rate"]),
        "high": percent(figure["high_rate"]),
        "rows": figure["rows"],
    }
