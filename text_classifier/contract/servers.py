"""What a contract says about the source itself: its official forms, how they are delimited and encoded."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

from pydantic import Field

from text_classifier.contract.document import Place, Properties, custom_properties

_UNICODE = frozenset({"utf-8", "utf-8-sig", "ascii", "utf-16", "utf-16-le", "utf-16-be"})
_DELIMITER = r'^[^"\r\n]$'
_ESCAPE = r"^[!#-/:-@\[-`{-~]$"


@dataclass(frozen=True, slots=True)
class SourcePin:
    """What an official form of the source is known by; None where it is not pinned."""

    form: str
    address: str | None
    sha256: str | None
    md5: str | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class Servers:
    """All of them together.

    Attributes:
        delimiters: candidates, the declared one first; empty where the source is not delimited.
        encoding: of files without a byte-order mark, under Python's own name.
        escape: the character that takes the meaning from the one behind it; "": there is none.
    """

    pins: tuple[SourcePin, ...]
    delimiters: tuple[str, ...]
    encoding: str
    escape: str


class _ServerProperties(Properties):
    form: str
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    md5: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    size_bytes: int | None = Field(None, ge=1)
    delimiters: tuple[Annotated[str, Field(pattern=_DELIMITER)], ...] = ()
    escape_character: str | None = Field(None, pattern=_ESCAPE)


def read_servers(entries: list[dict[str, Any]], place: Place) -> Servers:
    """The `servers` of a contract.

    Raises:
        ContractFileError: a custom property is wrong, or text in the encoding could not be turned back into its bytes.
    """
    servers = [(entry, custom_properties(entry, _ServerProperties, place)) for entry in entries]
    return Servers(
        pins=tuple(
            SourcePin(known.form, entry.get("location"), known.sha256, known.md5, known.size_bytes)
            for entry, known in servers
        ),
        delimiters=next((known.delimiters for _, known in servers if known.delimiters), ()),
        encoding=next(
            (_encoding(str(entry["encoding"]), place) for entry, _ in servers if "encoding" in entry), "utf-8"
        ),
        escape=next((known.escape_character for _, known in servers if known.escape_character), ""),
    )


def _encoding(name: str, place: Place) -> str:
    try:
        known = codecs.lookup(name).name
        if known in _UNICODE or hasattr(import_module(f"encodings.{known.replace('-', '_')}"), "decoding_table"):
            return known
    except (LookupError, ImportError):
        pass
    raise place.wrong(
        "an encoding that nobody reads",
        seen=repr(name),
        expected="utf-8, utf-16, or one of a byte per character such as iso-8859-15 or cp1252",
    )
