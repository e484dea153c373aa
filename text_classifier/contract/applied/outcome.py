"""What became of ingested rows under their contract: all that its page shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from text_classifier.contract.applied.examples import LEAK, SetAside
from text_classifier.contract.applied.findings import Findings
from text_classifier.contract.declared.odcs import Contract
from text_classifier.contract.parts import parts

SHOWN_OF_A_RULE = 5


@dataclass(frozen=True, slots=True)
class ContractOutcome:
    """A contract applied.

    Attributes:
        shown_name: of the data set, with the mark of GENERATED or SAMPLE data.
        address: of the source.
        encoding: of what stands as `raw` in the rejected rows.
        repaired_rows: rows read that somebody has repaired by hand.
        set_aside: (stage, rule) -> rows.
        rejected: the first `SHOWN_OF_A_RULE` rows of each rule, as they stand in rejected.parquet.
    """

    shown_name: str
    address: str
    contract: Contract
    is_refused: bool
    encoding: str
    read_rows: int
    repaired_rows: int
    findings: Findings
    set_aside: SetAside
    rejected: tuple[dict[str, Any], ...]

    @property
    def leaked_rows(self) -> int:
        """Rows left out as copies."""
        return leaked_rows(self.set_aside)

    @property
    def rejected_rows(self) -> int:
        """Rows set aside by the reader or by a rule."""
        return self.set_aside.total() - self.leaked_rows

    @property
    def left_rows(self) -> int:
        """Rows that are examples, or would be if the data set were not refused."""
        return self.read_rows - self.set_aside.total()


def leaked_rows(set_aside: SetAside) -> int:
    """Rows left out as copies."""
    return sum(rows for (stage, _), rows in set_aside.items() if stage == LEAK)


def first_of_each_rule(rejected_path: Path) -> tuple[dict[str, Any], ...]:
    """The first rows of each stage and rule in rejected.parquet, in its order."""
    seen: SetAside = Counter()
    shown: list[dict[str, Any]] = []
    for _, part in parts(rejected_path):
        chosen = []
        for rule in zip(part["stage"].to_pylist(), part["rule"].to_pylist(), strict=True):
            seen[rule] += 1
            chosen.append(seen[rule] <= SHOWN_OF_A_RULE)
        shown += part.filter(pa.array(chosen, pa.bool_())).to_pylist()
    return tuple(shown)
