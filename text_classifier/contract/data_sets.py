"""From ingested rows to a data set: examples by split, rejected rows, the rules' verdicts."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.contract.examples import write_examples, write_rejected
from text_classifier.contract.judging import Judgement, judge
from text_classifier.contract.odcs import Contract
from text_classifier.contract.verdicts import Verdict, demand_kept
from text_classifier.errors import DamagedOutputError
from text_classifier.records import SPLITS, DataSet, Ingested, shown_name

KIND = "dataset"
PLACE = "datasets"
_CODE = ("text_classifier.contract", "text_classifier.records", "text_classifier.storage")

logger = logging.getLogger(__name__)


def validate(
    ingested: Ingested,
    contract: Contract,
    *,
    data_dir: Path,
    refresh: bool,
    on_verdicts: Callable[[Sequence[Verdict]], None],
) -> DataSet:
    """Apply the contract to ingested rows and write what is left by split.

    A row that breaks a row rule of severity `error` is set aside. `on_verdicts` is called once with the verdict on
    every rule, before anything is raised, also when an earlier result is reused.

    Raises:
        ContractViolationError: a rule of severity `error` about more than single rows is broken; nothing is written.
        ContractFileError: a rule cannot be evaluated.
        DamagedOutputError: the ingested rows are not what was ingested.
    """
    planned = storage.plan(
        KIND,
        inputs={"ingested": ingested.fingerprint, "contract": contract.digest},
        parameters={"data_set": contract.data_set},
        modules=_CODE,
    )
    folder = data_dir / PLACE / contract.data_set / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    if not refresh and storage.is_reusable(folder, planned):
        logger.info("reused %s, made at %s", folder, storage.read_manifest(folder).created_at)
        on_verdicts(read_verdicts(folder))
        return _record(folder)
    storage.verify(ingested.folder)
    started = time.monotonic()
    judgement = judge(ingested.folder / "rows.parquet", contract, ingested)
    on_verdicts(judgement.verdicts)
    where = f"{shown_name(ingested.data_set, ingested.origin)}, {ingested.address}; contract {contract.path}"
    demand_kept(judgement.verdicts, where)
    facts: dict[str, Any] = {}
    with storage.output_folder(folder, planned, facts) as partial:
        facts |= _write(partial, ingested, contract, judgement)
    data_set = _record(folder)
    _log(data_set, time.monotonic() - started)
    return data_set


def latest_data_set(data_dir: Path, data_set: str, fingerprint: str | None = None) -> DataSet:
    """The data set of that name that was made last, or the one whose fingerprint begins so.

    Raises:
        DamagedOutputError: there is none, or its files are not what its manifest says.
    """
    made = []
    for manifest_path in (data_dir / PLACE / data_set).glob(f"[!.]*/{storage.MANIFEST}"):
        manifest = storage.read_manifest(manifest_path.parent)
        if manifest.fingerprint.startswith(fingerprint or ""):
            made.append((manifest.created_at, manifest_path.parent))
    if not made:
        raise DamagedOutputError(
            "no such data set has been prepared",
            where=str(data_dir / PLACE / data_set),
            seen="none" if fingerprint is None else f"none whose fingerprint begins with {fingerprint}",
            expected="a folder with examples and a manifest",
            to_do=f"run the flow prepare-data with data_set={data_set}",
        )
    _, folder = max(made)
    storage.verify(folder)
    return _record(folder)


def read_verdicts(folder: Path) -> tuple[Verdict, ...]:
    """The verdicts that stand in a data set's folder."""
    return tuple(Verdict(**entry) for entry in json.loads((folder / "rules.json").read_text("utf-8")))


def _write(folder: Path, ingested: Ingested, contract: Contract, judgement: Judgement) -> dict[str, Any]:
    """Fill the folder; the facts of its manifest."""
    class_rows = write_examples(folder / "examples", ingested.folder / "rows.parquet", contract, judgement)
    rejected_rows = write_rejected(folder / "rejected.parquet", ingested.folder, contract, judgement)
    entries = [asdict(verdict) for verdict in judgement.verdicts]
    pq.write_table(pa.Table.from_pylist(entries), folder / "rules.parquet", compression="zstd")
    (folder / "rules.json").write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if (ingested.folder / "word_ranks.parquet").is_file():
        shutil.copyfile(ingested.folder / "word_ranks.parquet", folder / "word_ranks.parquet")
    split_rows = {split: sum(rows.values()) for split, rows in class_rows[contract.label_columns[0]].items()}
    assert ingested.read_rows == sum(split_rows.values()) + rejected_rows, "a row was lost or doubled"
    return {
        "data_set": ingested.data_set,
        "origin": ingested.origin,
        "address": ingested.address,
        "contract_version": contract.version,
        "split_seed": contract.split.seed,
        "classes": contract.class_names,
        "text_column": contract.text_column,
        "read_rows": ingested.read_rows,
        "rejected_rows": rejected_rows,
        "split_rows": split_rows,
        "split_class_rows": class_rows,
    }


def _record(folder: Path) -> DataSet:
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
        split_rows={split: facts["split_rows"][split] for split in SPLITS if split in facts["split_rows"]},
    )


def _log(data_set: DataSet, seconds: float) -> None:
    logger.info(
        "%s: %s rows read, %s rejected, kept %s, in %.1f s",
        shown_name(data_set.data_set, data_set.origin),
        f"{data_set.read_rows:,}",
        f"{data_set.rejected_rows:,}",
        ", ".join(f"{split} {rows:,}" for split, rows in data_set.split_rows.items()),
        seconds,
    )
