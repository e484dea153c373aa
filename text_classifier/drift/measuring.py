"""The step that measures drift: champion's data found, compared with the new ones, judged by the contract's rules."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from text_classifier import storage
from text_classifier.contract.declared.rules import Rule
from text_classifier.drift.comparing import compare
from text_classifier.drift.deliveries import Delivery
from text_classifier.drift.findings import FINDINGS, Finding, described, judged, read_findings, to_json
from text_classifier.drift.reference import Reference, find_reference
from text_classifier.errors import DamagedOutputError, DriftError
from text_classifier.records import DataSet, Drift, shown_name
from text_classifier.store import Store

KIND = "drift"

logger = logging.getLogger(__name__)


def measure_drift(new: DataSet, label: str, rules: Sequence[Rule], store: Store) -> Drift:
    """Compare a data set with the one that the champion of its name and label was trained on.

    Measured once for the same two data sets, champion and rules. Nothing is raised for what the data are like, nor
    where there is no champion or its data are gone or damaged: the sentence says so.
    """
    shown = shown_name(new.data_set, new.origin)
    try:
        reference = find_reference(store.data_dir, new.data_set, label)
        if reference is None:
            return _unmeasured(new, label, f"Nothing to compare with: {shown} has no champion for {label}.")
        if reference.data_set == new.fingerprint:
            told = f"Unchanged: these are the data that the champion {reference.run} was trained on."
            return _unmeasured(new, label, told, reference)
        storage.verify(reference.examples_dir)
        return _measured(new, label, rules, store, reference)
    except DamagedOutputError as error:
        return _unmeasured(new, label, f"Nothing to compare with: the champion of {shown} is not whole. {error}")


def refusal(drift: Drift) -> DriftError:
    """The error of a run that a broken rule of severity `error` stops."""
    return DriftError(
        "the data have drifted from those that the champion was trained on",
        where=f"{shown_name(drift.data_set, drift.origin)}, label {drift.label}",
        seen=drift.sentence.rstrip("."),
        expected="every drift rule of severity error holds",
        to_do="look at the source; run again with accept_drift=true where the change is right",
    )


def _unmeasured(new: DataSet, label: str, told: str, reference: Reference | None = None) -> Drift:
    logger.info("%s", told)
    run, fingerprint = (reference.run, reference.data_set) if reference else (None, None)
    return Drift(new.data_set, new.origin, label, told, run, fingerprint)


def _measured(new: DataSet, label: str, rules: Sequence[Rule], store: Store, reference: Reference) -> Drift:
    planned = storage.plan(
        KIND,
        inputs={"data_set": new.fingerprint, "reference": reference.data_set, "champion": reference.model},
        parameters={"label": label, "rules": described(rules)},
        modules=("text_classifier.drift.comparing", "text_classifier.drift.findings"),
    )
    folder = store.data_dir / KIND / new.data_set / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    before, now = reference.examples_dir, new.folder

    def fill(partial: Path) -> dict[str, Any]:
        old_rows, new_rows = Delivery.read(before), Delivery.read(now)
        findings = judged(compare(old_rows, new_rows, label, reference.vocabulary()), rules)
        (partial / FINDINGS).write_text(to_json(findings), "utf-8")
        return {"data_set": new.data_set, "label": label, "old_rows": len(old_rows), "new_rows": len(new_rows)}

    making = store.make(folder, planned, fill)
    findings = read_findings(folder)
    rows = storage.read_manifest(folder).facts
    told = (
        f"{rows['new_rows']:,} labelled rows of {shown_name(new.data_set, new.origin)} against the "
        f"{rows['old_rows']:,} that the champion {reference.run} was trained on: {_told(findings)}"
    )
    warned, failed = (_broken(findings, verdict) for verdict in ("warning", "failed"))
    has_rules = any(one.rule_id for one in findings)
    opening = "Gross drift" if failed else "Drift" if warned else "No drift" if has_rules else "Not judged"
    sentence = f"{opening}. {told}"
    logger.log(logging.WARNING if failed or warned else logging.INFO, "%s", sentence)
    run, fingerprint = reference.run, reference.data_set
    return Drift(new.data_set, new.origin, label, sentence, run, fingerprint, folder, warned, failed, making)


def _broken(findings: Sequence[Finding], verdict: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(one.rule_id) for one in findings if one.verdict == verdict))


def _told(findings: Sequence[Finding]) -> str:
    """The broken rules with their figures; where there are none, how many comparisons hold."""
    broken = [one for one in findings if one.is_broken]
    ruled = [one for one in findings if one.rule_id and one.verdict != "not measured"]
    if not ruled:
        return "measured, and the contract has no drift rules."
    if not broken:
        return f"every drift rule holds ({len(ruled)} comparisons)."
    return f"{len(broken)} of {len(ruled)} comparisons break a rule. {'; '.join(map(_told_one, broken))}."


def _told_one(one: Finding) -> str:
    measured = one.measurement
    return f"{one.rule_id}: {measured.title} {measured.value:.3f}, at most {one.maximum:g} ({measured.told})"
