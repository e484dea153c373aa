"""From ingested rows to a data set: examples by split, rejected rows, the rules' verdicts."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from text_classifier import storage
from text_classifier.contract.examples import LEAK, write_examples, write_rejected
from text_classifier.contract.findings import ClassRows, Findings, read_findings, write_findings
from text_classifier.contract.judging import judge
from text_classifier.contract.odcs import Contract
from text_classifier.contract.parts import RawRows
from text_classifier.contract.verdicts import demand_kept
from text_classifier.errors import DamagedOutputError
from text_classifier.records import SPLITS, DataSet, Ingested, Making, shown_name
from text_classifier.store import Store, latest_of, mark_latest

KIND = "dataset"
PLACE = "datasets"

logger = logging.getLogger(__name__)


def validate(
    ingested: Ingested,
    contract: Contract,
    store: Store,
    on_findings: Callable[[Findings], None],
    raw_rows: RawRows | None = None,
) -> DataSet:
    """Apply the contract to ingested rows and write what is left by split.

    A row that breaks a row rule of severity `error` is set aside. A row of train or `unsup` whose text also stands in
    val or test is left out, unless the contract keeps it. `on_findings` is called once, before anything is raised,
    also when an earlier result is reused. `raw_rows` gives the rejected rows as they stand in the source.

    Raises:
        ContractViolationError: a rule of severity `error` about more than single rows is broken; nothing is written.
        ContractFileError: a rule cannot be evaluated.
        DamagedOutputError: the ingested rows are not what was ingested, or one was lost or doubled here.
    """
    planned = storage.plan(
        KIND,
        inputs={"ingested": ingested.fingerprint, "contract": contract.digest},
        parameters={"data_set": contract.data_set},
        modules=("text_classifier.contract.data_sets",),
    )
    folder = store.data_dir / PLACE / contract.data_set / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    started = time.monotonic()
    making = store.make(folder, planned, lambda partial: _fill(partial, ingested, contract, on_findings, raw_rows))
    mark_latest(folder)
    if making.is_reused:
        on_findings(read_findings(folder))
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
    if not made:
        raise DamagedOutputError(
            "no such data set has been prepared",
            where=str(place),
            seen="none" if fingerprint is None else f"none whose fingerprint begins with {fingerprint}",
            expected="a folder with examples and a manifest",
            to_do=f"run the flow prepare-data with data_set={data_set}",
        )
    folder = latest_of(made)
    storage.verify(folder)
    return _record(folder)


def _fill(
    folder: Path,
    ingested: Ingested,
    contract: Contract,
    on_findings: Callable[[Findings], None],
    raw_rows: RawRows | None,
) -> dict[str, Any]:
    """Fill the folder; the facts of its manifest."""
    storage.verify(ingested.folder)
    judgement = judge(ingested.folder / "rows.parquet", contract, ingested)
    on_findings(judgement.findings)
    where = f"{shown_name(ingested.data_set, ingested.origin)}, {ingested.address}; contract {contract.path}"
    demand_kept(judgement.findings.verdicts, where)
    split_rows = write_examples(folder / "examples", ingested.folder / "rows.parquet", contract, judgement)
    set_aside = write_rejected(folder / "rejected.parquet", ingested.folder, contract, judgement, raw_rows)
    write_findings(folder, judgement.findings)
    if (ingested.folder / "word_ranks.parquet").is_file():
        shutil.copyfile(ingested.folder / "word_ranks.parquet", folder / "word_ranks.parquet")
    _demand_all(ingested, sum(split_rows.values()), set_aside.total())
    _log_classes(ingested, judgement.findings.class_rows)
    leaked_rows = sum(rows for (stage, _), rows in set_aside.items() if stage == LEAK)
    return {
        "data_set": ingested.data_set,
        "origin": ingested.origin,
        "address": ingested.address,
        "contract_version": contract.version,
        "split_seed": contract.split.seed,
        "classes": contract.class_names,
        "read_rows": ingested.read_rows,
        "rejected_rows": set_aside.total() - leaked_rows,
        "leaked_rows": leaked_rows,
        "set_aside": [{"stage": stage, "rule": rule, "rows": rows} for (stage, rule), rows in set_aside.items()],
        "split_rows": split_rows,
    }


def _record(folder: Path, making: Making | None = None) -> DataSet:
    manifest = storage.read_manifest(folder)
    facts = manifest.facts
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
        leaked_rows=facts["leaked_rows"],
        split_rows={split: facts["split_rows"][split] for split in SPLITS if split in facts["split_rows"]},
        making=making or Making(manifest.run, manifest.created_at),
    )


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
