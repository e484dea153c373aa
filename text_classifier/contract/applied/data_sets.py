"""From ingested rows to a data set: examples by split, rejected rows, the rules' verdicts."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from text_classifier import storage
from text_classifier.contract.applied.application import PAGE, Application, Surroundings
from text_classifier.contract.applied.findings import read_findings
from text_classifier.contract.applied.judging import judge
from text_classifier.contract.applied.verdicts import is_refused
from text_classifier.contract.declared.odcs import Contract
from text_classifier.errors import DamagedOutputError
from text_classifier.records import ROWS, SPLITS, DataSet, Ingested, Making, shown_name
from text_classifier.store import Store, latest_of, mark_latest, marked_latest, unmark_latest

KIND = "dataset"
PLACE = "datasets"
REFUSED = "refused"

logger = logging.getLogger(__name__)


def validate(
    ingested: Ingested,
    contract: Contract,
    store: Store,
    lent: Surroundings,
) -> DataSet:
    """Apply the contract to ingested rows and write what is left by split.

    A row that breaks a row rule of severity `error` is set aside. A row of train or `unsup` whose text also stands in
    val or test is left out, unless the contract keeps it. A refused data set leaves its page, verdicts and rejected
    rows under `refused/`, in the place of those that the same rows left there before.

    Raises:
        ContractViolationError: a rule of severity `error` about more than single rows is broken.
        ContractFileError: a rule cannot be evaluated.
        DamagedOutputError: the ingested rows are not what was ingested, or one was lost or doubled here.
    """
    planned = storage.plan(
        KIND,
        inputs={"ingested": ingested.fingerprint, "contract": contract.digest},
        parameters={"data_set": contract.data_set},
        modules=("text_classifier.contract.applied.data_sets", *lent.modules),
    )
    name = Path(contract.data_set, planned.fingerprint[: storage.DIGEST_CHARACTERS])
    folder, refused = store.data_dir / PLACE / name, store.data_dir / REFUSED / name
    started = time.monotonic()

    def fill(partial: Path) -> dict[str, Any]:
        storage.verify(ingested.folder)
        judgement = judge(ingested.folder / ROWS, contract, ingested)
        lent.on_findings(judgement.findings)
        application = Application(ingested, contract, judgement, lent)
        if is_refused(judgement.findings.verdicts):
            mark_latest(refused)
            application.refuse(refused, store.signed(planned))
        return application.fill(partial)

    making = store.make(folder, planned, fill)
    mark_latest(folder)
    unmark_latest(refused)
    if making.is_reused:
        lent.on_findings(read_findings(folder))
    data_set = replace(_record(folder, making), address=ingested.address)
    _log(data_set, time.monotonic() - started)
    return data_set


def latest_data_set(data_dir: Path, data_set: str, fingerprint: str | None = None) -> DataSet:
    """The data set of that name that was made or reused last, or the one whose fingerprint begins so.

    Raises:
        DamagedOutputError: there is none with a readable manifest, or its files are not what its manifest says.
    """
    place = data_dir / PLACE / data_set
    manifests = storage.readable_manifests(place).items()
    made = {folder: manifest for folder, manifest in manifests if manifest.fingerprint.startswith(fingerprint or "")}
    return _verified(latest_of(made) if made else None, place, fingerprint)


def judged_data_set(data_dir: Path, data_set: str, fingerprint: str | None = None) -> DataSet:
    """As `latest_data_set`, but of the refused ones too: the one that the last run refused, where it did.

    Raises:
        DamagedOutputError: there is none with a readable manifest, or its files are not what its manifest says.
    """
    place = data_dir / REFUSED / data_set
    if fingerprint is None and (name := marked_latest(place)):
        return _verified(place / name, place, fingerprint)
    refused = storage.readable_manifests(place).items()
    found = [folder for folder, manifest in refused if fingerprint and manifest.fingerprint.startswith(fingerprint)]
    return _verified(found[0], place, fingerprint) if found else latest_data_set(data_dir, data_set, fingerprint)


def _verified(folder: Path | None, place: Path, fingerprint: str | None) -> DataSet:
    if folder is None:
        raise DamagedOutputError(
            "no such data set has been prepared",
            where=str(place),
            seen="none" if fingerprint is None else f"none whose fingerprint begins with {fingerprint}",
            expected="a folder with examples and a manifest",
            to_do=f"run the flow prepare-data with data_set={place.name}",
        )
    storage.verify(folder)
    return _record(folder)


def _record(folder: Path, making: Making | None = None) -> DataSet:
    manifest = storage.read_manifest(folder)
    facts = manifest.facts
    split_rows = facts.get("split_rows", {})  # none of a refused one
    return DataSet(
        data_set=facts["data_set"],
        origin=facts["origin"],
        folder=folder,
        fingerprint=manifest.fingerprint,
        address=facts["address"],
        contract_version=facts["contract_version"],
        split_seed=facts["split_seed"],
        classes={column: tuple(names) for column, names in facts["classes"].items()},
        read_rows=facts["read_rows"],
        rejected_rows=facts["rejected_rows"],
        leaked_rows=facts.get("leaked_rows", 0),
        split_rows={split: split_rows[split] for split in SPLITS if split in split_rows},
        making=making or Making(manifest.run, manifest.created_at),
    )


def _log(data_set: DataSet, seconds: float) -> None:
    logger.info(
        "%s: %s rows read, %s, kept %s, %s in %.1f s",
        shown_name(data_set.data_set, data_set.origin),
        f"{data_set.read_rows:,}",
        data_set.told_set_aside,
        ", ".join(f"{split} {rows:,}" for split, rows in data_set.split_rows.items()),
        "found" if data_set.making.is_reused else "made",
        seconds,
    )
    logger.info("contract page: %s", data_set.folder / PAGE)
