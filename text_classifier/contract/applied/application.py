"""A contract applied, as it is written down: examples, rejected rows, findings and page, every row accounted for."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from text_classifier import storage
from text_classifier.contract.applied.examples import RawRows, write_examples, write_rejected
from text_classifier.contract.applied.findings import ClassRows, Findings, write_findings
from text_classifier.contract.applied.judging import Judgement
from text_classifier.contract.applied.outcome import ContractOutcome, first_of_each_rule
from text_classifier.contract.applied.verdicts import refusal
from text_classifier.contract.declared.odcs import Contract
from text_classifier.errors import DamagedOutputError
from text_classifier.records import REJECTED, ROWS, SPLITS, WORD_RANKS, Ingested, shown_name

PAGE = "contract.html"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the other steps lend to this one.

    Attributes:
        on_findings: called once, before anything is raised, also when an earlier result is reused.
        page: makes `contract.html` of the outcome.
        raw_rows: gives the rejected rows as they stand in the source; None: they are kept as JSON.
    """

    on_findings: Callable[[Findings], None]
    page: Callable[[ContractOutcome], str]
    raw_rows: RawRows | None = None

    @property
    def modules(self) -> tuple[str, ...]:
        """Where the code stands that makes a part of the output."""
        return tuple(sorted({made.__module__ for made in (self.page, self.raw_rows) if made is not None}))


@dataclass(frozen=True, slots=True)
class Application:
    """What is written of ingested rows that were judged."""

    ingested: Ingested
    contract: Contract
    judgement: Judgement
    lent: Surroundings

    def fill(self, folder: Path) -> dict[str, Any]:
        """Fill the folder of the data set; the facts of its manifest."""
        ingested = self.ingested
        split_rows = write_examples(folder / "examples", ingested.folder / ROWS, self.contract, self.judgement)
        if (ingested.folder / WORD_RANKS).is_file():
            shutil.copyfile(ingested.folder / WORD_RANKS, folder / WORD_RANKS)
        outcome = self._document(folder, sum(split_rows.values()), is_refused=False)
        _log_classes(ingested, self.judgement.findings.class_rows)
        return {**self._facts(outcome), "split_rows": split_rows}

    def refuse(self, folder: Path, planned: storage.Manifest) -> NoReturn:
        """Keep what tells why, and raise."""
        facts: dict[str, Any] = {}
        with storage.output_folder(folder, planned, facts) as partial:
            facts |= self._facts(self._document(partial, int(self.judgement.is_kept.sum()), is_refused=True))
        where = f"{self._shown}, {self.ingested.address}; contract {self.contract.path}"
        raise refusal(self.judgement.findings.verdicts, where, folder / PAGE)

    @property
    def _shown(self) -> str:
        return shown_name(self.ingested.data_set, self.ingested.origin)

    def _document(self, folder: Path, left_rows: int, *, is_refused: bool) -> ContractOutcome:
        """Write rejected rows, findings and page, after every row was accounted for."""
        rejected, judgement = folder / REJECTED, self.judgement
        set_aside = write_rejected(rejected, self.ingested.folder, self.contract, judgement, self.lent.raw_rows)
        _demand_all(self.ingested, left_rows, set_aside.total())
        write_findings(folder, judgement.findings)
        outcome = ContractOutcome(
            self._shown,
            self.ingested.address,
            self.contract,
            is_refused,
            self.ingested.encoding,
            self.ingested.read_rows,
            self.ingested.repaired_rows,
            judgement.findings,
            set_aside,
            first_of_each_rule(rejected),
        )
        (folder / PAGE).write_text(self.lent.page(outcome), "utf-8")
        return outcome

    def _facts(self, outcome: ContractOutcome) -> dict[str, Any]:
        return {
            "data_set": self.ingested.data_set,
            "origin": self.ingested.origin,
            "address": self.ingested.address,
            "contract_version": self.contract.version,
            "split_seed": self.contract.split.seed,
            "classes": self.contract.class_names,
            "read_rows": outcome.read_rows,
            "rejected_rows": outcome.rejected_rows,
            "leaked_rows": outcome.leaked_rows,
            "set_aside": [
                {"stage": stage, "rule": rule, "rows": rows} for (stage, rule), rows in outcome.set_aside.items()
            ],
        }


def _demand_all(ingested: Ingested, kept_rows: int, set_aside_rows: int) -> None:
    if ingested.read_rows != kept_rows + set_aside_rows:
        raise DamagedOutputError(
            "a row was lost or doubled while the contract was applied",
            where=str(ingested.folder),
            seen=f"{kept_rows} kept rows and {set_aside_rows} set aside",
            expected=f"{ingested.read_rows} rows, as many as were read",
            to_do="ingest again with refresh=true; nothing of this run was kept",
        )


def _log_classes(ingested: Ingested, class_rows: ClassRows) -> None:
    shown = shown_name(ingested.data_set, ingested.origin)
    for column, by_split in class_rows.items():
        parts = [
            f"{split}: " + ", ".join(f"{name or 'none'} {rows:,}" for name, rows in by_split[split].items() if rows)
            for split in SPLITS
            if split in by_split
        ]
        logger.info("%s: rows by %s: %s", shown, column, "; ".join(parts))
