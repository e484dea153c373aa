"""What a contract says about the source itself: its official forms, how they are delimited and encoded."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

from pydantic import Field

from text_classifier.contract.declared.document import (
    SERVER,
    Place,
    Properties,
    custom_properties,
    demand_enforced,
    one_of,
)

FORMS: Mapping[str, tuple[str, ...]] = {
    "delimited": ("delimited",),
    "imdb": ("imdb-tar", "imdb-npz", "imdb-word-index", "imdb-csv"),
}
"""Reader -> forms that its source may have."""

_DELIMITED_FORMS = frozenset({"delimited", "imdb-csv"})
_DELIMITED_FORMATS = frozenset({"csv", "tsv", "psv", "txt"})
_UNICODE = frozenset({"utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"})
_DELIMITER = r'^[^"\r\n\x00]$'
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
    """All of them together; those that are delimited are so in one way.

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


def read_servers(entries: list[dict[str, Any]], reader: str, place: Place) -> Servers:
    """The `servers` of a contract.

    Raises:
        ContractFileError: a field or custom property is wrong or unknown, the reader has no such form, or text in the
            encoding could not be turned back into its bytes.
    """
    if reader not in FORMS:
        raise place.wrong("unknown reader", seen=repr(reader), expected=one_of(FORMS))
    servers = [(entry, custom_properties(entry, _ServerProperties, place)) for entry in entries]
    for entry, known in servers:
        demand_enforced(entry, SERVER, place)
        _demand_form(entry, known, reader, place)
    delimited = [(entry, known) for entry, known in servers if known.form in _DELIMITED_FORMS]
    dialects = {(entry.get("encoding"), known.delimiters, known.escape_character) for entry, known in delimited}
    if len(dialects) > 1:
        raise place.wrong("servers that are delimited in different ways", seen=len(dialects), expected="one way")
    (entry, known), *_ = [*delimited, ({}, _ServerProperties(form=""))]
    return Servers(
        pins=tuple(
            SourcePin(known.form, entry.get("location"), known.sha256, known.md5, known.size_bytes)
            for entry, known in servers
        ),
        delimiters=known.delimiters,
        encoding=_encoding(str(entry.get("encoding", "utf-8")), place),
        escape=known.escape_character or "",
    )


def _demand_form(entry: Mapping[str, Any], known: _ServerProperties, reader: str, place: Place) -> None:
    place = place / str(entry.get("server"))
    if known.form not in FORMS[reader]:
        raise place.wrong(
            f"a form that the reader {reader} does not know", seen=known.form, expected=", ".join(FORMS[reader])
        )
    is_delimited = known.form in _DELIMITED_FORMS
    if is_delimited != bool(known.delimiters) or (known.escape_character and not is_delimited):
        seen = f"form {known.form}, delimiters {list(known.delimiters)}"
        raise place.wrong("delimiters belong to delimited forms, one at least", seen=seen, expected="a delimiter")
    if known.escape_character in known.delimiters:
        raise place.wrong("the escape is a delimiter", seen=repr(known.escape_character), expected="another character")
    if is_delimited and str(entry.get("format", "csv")).lower() not in _DELIMITED_FORMATS:
        raise place.wrong("a format that is not delimited", seen=entry["format"], expected=one_of(_DELIMITED_FORMATS))


def _encoding(name: str, place: Place) -> str:
    every_byte = bytes(range(256))
    try:
        known = codecs.lookup(name).name
        if known in _UNICODE:
            return known
        if hasattr(import_module(f"encodings.{known.replace('-', '_')}"), "decoding_table"):
            text = every_byte.decode(known, "surrogateescape")
            if text.encode(known, "surrogateescape") == every_byte:
                return known
    except (LookupError, ImportError, UnicodeError):
        pass
    raise place.wrong(
        "an encoding that nobody reads",
        seen=repr(name),
        expected="utf-8, utf-16, or one of a byte per character such as iso-8859-15 or cp1252",
    )
