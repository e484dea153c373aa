"""The folder of ingested rows, `ingested/<data set>/<fingerprint>/`: where it stands and what its record says."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from text_classifier import storage
from text_classifier.contract.declared.odcs import Contract
from text_classifier.errors import SourceFormatError
from text_classifier.records import Ingested, Making

KIND = "ingested"


def folder_of(data_dir: Path, data_set: str, fingerprint: str) -> Path:
    return data_dir / KIND / data_set / fingerprint[: storage.DIGEST_CHARACTERS]


def record_of(folder: Path, address: str | None = None, making: Making | None = None) -> Ingested:
    """The record of a folder; `address`: where this run had the source from, as the same rows may come from elsewhere.

    Raises:
        DamagedOutputError: there is no readable manifest.
    """
    manifest = storage.read_manifest(folder)
    facts = manifest.facts
    return Ingested(
        facts["data_set"],
        facts["origin"],
        folder,
        manifest.fingerprint,
        facts["address"] if address is None else address,
        facts["read_rows"],
        facts["kept_rows"],
        facts["rejected_rows"],
        facts.get("layout", {}).get("encoding", "utf-8"),
        tuple(facts.get("lacking", ())),
        facts.get("repaired_rows", 0),
        making or Making(manifest.run, manifest.created_at),
    )


def unrepaired(folder: Path) -> Path:
    """The folder of the rows as they were read, where `folder` holds them with repaired ones."""
    base = storage.read_manifest(folder).inputs.get(KIND)
    return folder if base is None else folder.with_name(base[: storage.DIGEST_CHARACTERS])


def reading_part(contract: Contract) -> dict[str, Any]:
    """What of a contract decides the rows; its rules do not, so a changed rule does not read anew."""
    return {
        "data_set": contract.data_set,
        "reader": contract.reader,
        "delimiters": list(contract.delimiters),
        "encoding": contract.encoding,
        "escape": contract.escape,
        "columns": [asdict(column) for column in contract.columns],
        "text_column": contract.text_column,
        "label_columns": list(contract.label_columns),
        "group_column": contract.group_column,
        "class_aliases": {name: dict(aliases) for name, aliases in contract.class_aliases.items()},
    }


def demand_read_so(folder: Path, contract: Contract) -> None:
    """Raises SourceFormatError: the ingested rows were read under another contract."""
    read_under = storage.read_manifest(folder).parameters
    changed = [name for name, value in _as_recorded(reading_part(contract)).items() if read_under.get(name) != value]
    if changed:
        raise SourceFormatError(
            "the rows were read under another contract",
            where=str(folder),
            seen=f"{contract.path.name} has changed since: {', '.join(changed)}",
            expected=f"rows that were read under version {contract.version} as it stands",
            to_do="run prepare-data on this source, then export and repair the rows that it rejects",
        )


def _as_recorded(parameters: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(parameters)))
