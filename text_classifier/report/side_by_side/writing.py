"""The step that compares two reports and writes what came of it below the data root."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.records import PARQUET_COMPRESSION, SideBySide
from text_classifier.report.side_by_side.common_rows import CommonRows, common_rows, disagreements
from text_classifier.report.side_by_side.contents import comparison_tree
from text_classifier.report.side_by_side.page import render
from text_classifier.report.side_by_side.reported import Reported, read_reported
from text_classifier.store import Store

PAGE, TREE, DISAGREEMENTS = "comparison.html", "comparison.json", "disagreements.parquet"
SHOWN_DISAGREEMENTS = 200

logger = logging.getLogger(__name__)


def write_side_by_side(first: Path, second: Path, store: Store) -> SideBySide:
    """Compare two model folders that have a report, or reuse the comparison that stands undamaged.

    Rows are paired by text and true label, so that the data sets may be of different versions. Where the labels differ
    or no row is common, the two stand beside each other without pairing, and there are no disagreements.

    Raises:
        ConfigError: one has no report yet.
        DamagedOutputError: a file of one differs from its manifest.
    """
    mine, theirs = read_reported(first), read_reported(second)
    data_set = str(mine.figures["data_set"])
    planned = storage.plan(
        "comparison",
        inputs={"first": storage.sha256_text(mine.digests), "second": storage.sha256_text(theirs.digests)},
        parameters={"first": mine.run, "second": theirs.run},
        modules=("text_classifier.report.side_by_side.writing",),
    )
    folder = store.data_dir / "comparisons" / data_set / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    making = store.make(folder, planned, lambda partial: _write(partial, mine, theirs))
    return SideBySide(
        data_set=data_set,
        label=str(mine.figures["label"]),
        first=mine.run,
        second=theirs.run,
        folder=folder,
        fingerprint=planned.fingerprint,
        sentence=str(read_comparison(folder)["sentence"]),
        making=making,
    )


def read_comparison(folder: Path) -> dict[str, Any]:
    """The content of comparison.json.

    Raises:
        DamagedOutputError: it differs from its manifest.
    """
    return dict(json.loads(storage.checked_output(folder, TREE).read_text("utf-8")))


def _write(folder: Path, first: Reported, second: Reported) -> dict[str, Any]:
    rows = _common_rows(first, second)
    tree = comparison_tree(first, second, rows)
    differing = disagreements(rows, first.errors, second.errors)
    pq.write_table(differing, folder / DISAGREEMENTS, compression=PARQUET_COMPRESSION)
    (folder / TREE).write_text(json.dumps(tree, indent=1, ensure_ascii=True, allow_nan=False) + "\n", "utf-8")
    shown = differing.slice(0, SHOWN_DISAGREEMENTS).to_pylist()
    page = render(tree, shown, datetime.now(UTC).isoformat(timespec="seconds"))
    (folder / PAGE).write_text(page, "utf-8")
    logger.info("%d common test rows, %d answered differently", rows.answers.num_rows, differing.num_rows)
    return {"sentence": tree["sentence"], "first": first.run, "second": second.run}


def _common_rows(first: Reported, second: Reported) -> CommonRows:
    """None where the two answer different labels."""
    is_one_label = first.figures["label"] == second.figures["label"]
    return common_rows(first.predictions, second.predictions if is_one_label else second.predictions.slice(0, 0))
