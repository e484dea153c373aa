"""The verdict of a run, derived anew from its figures, the ledger and the predictions of both models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from text_classifier.champion import champion_dir, read_ledger
from text_classifier.champion.same_rows import NotComparable, same_rows
from text_classifier.comparison import Comparison
from text_classifier.evaluation.pairs import compare
from text_classifier.evaluation.slices import worse_slices
from text_classifier.records import Evaluated
from text_classifier.report.verdicts import read_verdict, verdict_tree
from text_classifier.store import Store
from text_classifier.training.model_folder import VERDICT
from text_classifier.verdict import verdict_of
from text_classifier.verification.checks import Check, Demand, compare_trees

_EXACT = Demand(True, "")
_PAIRED = ("gain_rate", "low_rate", "high_rate", "p_value", "rows")


def derived_verdict(
    folder: Path, figures: Mapping[str, Any], evaluated: Evaluated, data_dir: Path
) -> tuple[dict[str, Any], list[Check]]:
    """What verdict.json should hold by the `figures` and the ledger, and the checks of it.

    Where the ledger has no line of this run, it is what the file holds.
    """
    published = dict(read_verdict(folder))
    line = _line_of(published, evaluated, data_dir)
    if line is None:
        missing = Check("ledger", f"a comparison of {evaluated.run}", "no line of this run", False)
        return published, [missing]
    tree = json.loads(json.dumps(verdict_tree(verdict_of(figures, line), line)))
    checks = compare_trees(VERDICT, published, tree, _EXACT)
    return tree, [*checks, *_compare_pair(line, evaluated, data_dir)]


def _line_of(published: Mapping[str, Any], evaluated: Evaluated, data_dir: Path) -> Comparison | None:
    """The line that the verdict was told from; if none is that, the last of this run."""
    ledger = read_ledger(champion_dir(data_dir, evaluated.data_set, evaluated.label))
    mine = [line for line in ledger if line.run == evaluated.run and line.against_champion]
    same = (line for line in mine if _told(line) == published["comparison"])
    return next(same, mine[-1] if mine else None)


def _told(line: Comparison) -> Any:
    return json.loads(json.dumps({k: v for k, v in asdict(line).items() if not k.startswith("compared_")}))


def _compare_pair(line: Comparison, evaluated: Evaluated, data_dir: Path) -> Iterator[Check]:
    """The figures beside the champion, paired anew from the predictions of both, where they were compared."""
    if line.champion is None or line.rows == 0:
        return
    name = "ledger: beside the champion"
    rows = same_rows(evaluated, line.champion, Store(data_dir, "verify"))
    if isinstance(rows, NotComparable):
        yield Check(name, line.reason, rows.why, False)
        return
    pairing = compare(rows.challenger, rows.champion)
    worse = worse_slices(rows.slices, rows.challenger, rows.champion)
    published = {one: getattr(line, one) for one in _PAIRED} | {"worse_slices": list(line.worse_slices)}
    derived = {one: getattr(pairing, one) for one in _PAIRED} | {
        "worse_slices": [f"{one.dimension} = {one.name}" for one in worse]
    }
    yield from compare_trees(name, published, derived, _EXACT)
