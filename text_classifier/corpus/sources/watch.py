"""Whether the source of a data set is another one than when last announced, told without reading it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from text_classifier import storage
from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.sources.download import demand_address, is_address, is_http, mark_of_address
from text_classifier.corpus.sources.fetch import demand_recordable, official_address
from text_classifier.corpus.sources.local import local_choice
from text_classifier.corpus.sources.marks import Fetched, Mark, shown
from text_classifier.corpus.sources.raw import PLACE
from text_classifier.corpus.sources.remote import connect, remote_choice
from text_classifier.errors import SourceError

logger = logging.getLogger(__name__)

ANNOUNCED = "announced.json"
_ANNOUNCED = TypeAdapter(dict[str, str | int | float | None])


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen where the data of a data set comes from."""

    data_set: str
    mark: Mark
    is_new: bool

    @property
    def sentence(self) -> str:
        """For people, once what is new has been announced."""
        address = shown(self.mark.address)
        return f"new data at {address}: announced" if self.is_new else f"no new data at {address}"


@contextmanager
def announcing(contract: Contract, source: str | None, data_dir: Path, timeout_seconds: float) -> Iterator[Sighting]:
    """What is seen now; announce it inside if it is new. It is remembered when the block ends without an error.

    A source that was never looked at before is new unless a file of its address and size was ingested since it was
    last modified. The data of a generator and an official download never change.

    Args:
        source: as for `fetch`.

    Raises:
        SourceError: the source cannot be found, reached or recorded, or says nothing by which a change could be told.
        OutputUnwritableError: it cannot be remembered; told before the block begins.
    """
    if source is None:
        address = f"generator:{contract.generator}" if contract.generator else official_address(contract)
        yield Sighting(contract.data_set, Mark(address), is_new=False)
        return
    mark = _seen(contract, source, timeout_seconds)
    place = data_dir / PLACE / contract.data_set / ANNOUNCED
    earlier, now = _remembered(place), _facts(mark)
    if earlier == now:
        yield Sighting(contract.data_set, mark, is_new=False)
        return
    is_new = earlier is not None or not Fetched(data_dir, contract.data_set).holds(mark)
    with storage.output_file(place) as partial:
        seen_at = datetime.now(UTC).isoformat(timespec="seconds")
        partial.write_text(json.dumps({**now, "seen_at": seen_at}, indent=1, ensure_ascii=False) + "\n", "utf-8")
        yield Sighting(contract.data_set, mark, is_new)


def _seen(contract: Contract, source: str, timeout_seconds: float) -> Mark:
    if is_http(source):
        demand_address(source)
        mark = mark_of_address(source, timeout_seconds)
    elif is_address(source):
        mark = remote_choice(connect(contract.data_set, source, timeout_seconds)).chosen
    else:
        mark = local_choice(contract, source).chosen
    demand_recordable(mark.address, mark.address.rpartition("/")[2])
    if mark.is_telling:
        return mark
    raise SourceError(
        "nothing tells whether the source has changed",
        where=shown(mark.address),
        seen="neither a size nor a time nor an ETag",
        expected="at least one of them",
        to_do="retrain by the clock, or deliver the file where its size and time are told",
    )


def _facts(mark: Mark) -> dict[str, str | int | float | None]:
    return {"address": mark.address, "size_bytes": mark.size_bytes, "modified": mark.modified, "version": mark.version}


def _remembered(place: Path) -> dict[str, str | int | float | None] | None:
    try:
        facts = _ANNOUNCED.validate_json(place.read_bytes())
        del facts["seen_at"]
        return facts
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        logger.warning("looking as if for the first time: %s cannot be read: %s", place, error)
        return None
