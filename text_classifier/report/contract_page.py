"""contract.html: what became of a source's rows under their contract, in one file that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from text_classifier.contract.applied.outcome import ContractOutcome
from text_classifier.contract.applied.verdicts import Verdict
from text_classifier.records import told_set_aside
from text_classifier.report.contract_tables import share_rows, told_copies
from text_classifier.report.templates import template
from text_classifier.showable import CELL_CHARACTERS, one_line

SENTENCE_CHARACTERS = 160
"""Of what was seen by each rule that refuses the data set."""

_STAGES = {"parse": "the reader", "contract": "a rule of the contract", "leak": "comparing texts"}
_RULE_ORDER = ("data set refused", "rows rejected", "reported", "none")


def contract_page(outcome: ContractOutcome) -> str:
    """The page as HTML text, valid UTF-8; it needs no script. Text from outside is shown letter by letter."""
    verdicts = outcome.findings.verdicts

    def raw(row: Mapping[str, Any]) -> str:
        return _line(row["raw"].decode(outcome.encoding, "replace"))

    return template("contract_page.html", {"percent": _percent, "line": _line, "raw": raw}).render(
        outcome=outcome,
        contract=outcome.contract,
        sentence=sentence(outcome),
        stages=_STAGES,
        tone=_tone(verdicts),
        verdicts=sorted(verdicts, key=lambda verdict: _RULE_ORDER.index(verdict.consequence)),
        broken=[verdict for verdict in verdicts if verdict.verdict != "passed"],
        copies=[(told_copies(count), count) for count in outcome.findings.copies],
        shares=[_shares(column, outcome) for column in outcome.findings.class_rows],
    )


def sentence(outcome: ContractOutcome) -> str:
    """What a reader must know first."""
    if outcome.is_refused:
        broken = [verdict for verdict in outcome.findings.verdicts if verdict.consequence == "data set refused"]
        told = "; ".join(f"{verdict.rule_id}: {one_line(verdict.seen, SENTENCE_CHARACTERS)}" for verdict in broken)
        return f"Refused: {outcome.read_rows:,} rows of {outcome.shown_name} did not become a data set. {told}"
    repaired = f", {outcome.repaired_rows:,} of which somebody has repaired by hand," if outcome.repaired_rows else ""
    became = f"{outcome.left_rows:,} of {outcome.read_rows:,} rows of {outcome.shown_name}{repaired} became examples"
    names = [verdict.rule_id for verdict in outcome.findings.verdicts if verdict.verdict != "passed"]
    rules = f"Broken: {', '.join(names)}." if names else "Every rule holds."
    return f"{became}; {told_set_aside(outcome.rejected_rows, outcome.leaked_rows)}. {rules}"


def _tone(verdicts: tuple[Verdict, ...]) -> str:
    found = {verdict.consequence for verdict in verdicts}
    return "bad" if "data set refused" in found else "warn" if found - {"none"} else "good"


def _shares(column: str, outcome: ContractOutcome) -> dict[str, Any]:
    """One label column: its splits, and (class, (rows, percent) by split) for all rows and for each class."""
    by_split = outcome.findings.class_rows[column]
    lines = share_rows(outcome.shown_name, {column: by_split})
    cells = [(line["class"], [(line[split], line[f"{split} %"]) for split in by_split]) for line in lines]
    return {"column": column, "splits": list(by_split), "lines": cells}


def _percent(rows: int, of: int) -> str:
    return f"{100 * rows / max(of, 1):.2f} %"


def _line(text: str) -> str:
    return one_line(text, CELL_CHARACTERS)
