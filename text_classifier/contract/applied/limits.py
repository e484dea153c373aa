"""Rules of our own: enough rows of every class, of every labelled split, and few rejected ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from text_classifier.contract.applied.expectations import Outcome
from text_classifier.contract.applied.tally import Tally
from text_classifier.contract.applied.verdicts import Verdict
from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.declared.rules import OWN_RULES, Rule
from text_classifier.records import LABELLED_SPLITS, SPLITS

_NO_ROWS = np.empty(0, np.int64)


def class_rows(labels: pd.Series[str], classes: Sequence[str], minimum: int) -> Outcome:
    """Whether every class has at least `minimum` rows; what is observed names those that have fewer."""
    counts = labels.value_counts().reindex(list(classes), fill_value=0)
    few = [f"{name!r} has {_rows(count)}" for name, count in counts.items() if count < minimum]
    observed = ", ".join(few) or f"the smallest class, {counts.idxmin()!r}, has {_rows(counts.min())}"
    return Outcome(len(labels), not few, None, observed=observed)


def splits_filled(splits: np.ndarray) -> Verdict:
    """Whether every labelled split has an example. `splits`: of the kept rows, (N,) int8, index in `SPLITS`."""
    counts = {split: int((splits == SPLITS.index(split)).sum()) for split in LABELLED_SPLITS}
    rule = Rule(OWN_RULES[0], "Every labelled split has examples.", "error", "rows of a split", {"minimum": 1})
    observed = ", ".join(f"{split} has {_rows(count)}" for split, count in counts.items())
    return Tally(len(splits), min(counts.values()) > 0, counts_rows=False, observed=observed).verdict(rule, _NO_ROWS)


def rejected_share(rejected_rows: int, read_rows: int, contract: Contract, verdicts: Sequence[Verdict]) -> Verdict:
    """Whether few of the rows read were set aside, by the reader and by rules together."""
    maximum = f"{100 * contract.max_rejected_rate:g} %"
    rate = rejected_rows / max(read_rows, 1)
    rule = Rule(
        OWN_RULES[1],
        "Few of the rows read are rejected, by the reader or by a rule.",
        "error",
        "share of rejected rows",
        {"maximum": maximum},
    )
    by_rule = [
        f"{v.rule_id} {_rows(v.failing_rows or 0)} ({v.seen})" for v in verdicts if v.consequence == "rows rejected"
    ]
    observed = "; ".join([f"{rejected_rows:,} of {_rows(read_rows)} ({100 * rate:.2f} %)", *by_rule])
    tally = Tally(read_rows, rate <= contract.max_rejected_rate, counts_rows=False, observed=observed)
    return replace(tally.verdict(rule, _NO_ROWS), failing_rows=rejected_rows)


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
