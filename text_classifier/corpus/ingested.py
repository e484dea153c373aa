"""The folder of ingested rows, `ingested/<data set>/<fingerprint>/`: where it stands and what its record says."""

from __future__ import annotations

from pathlib import Path

from text_classifier import storage
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
