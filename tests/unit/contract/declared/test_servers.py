from pathlib import Path
from typing import Any

import pytest

from text_classifier.contract.declared.document import Place
from text_classifier.contract.declared.servers import Servers, read_servers
from text_classifier.errors import ContractFileError


def read(encoding: str | None = None, **properties: Any) -> Servers:
    entry: dict[str, Any] = {"server": "file"} if encoding is None else {"server": "file", "encoding": encoding}
    entry["customProperties"] = [
        {"property": name, "value": value}
        for name, value in {"form": "delimited", "delimiters": [";"], **properties}.items()
    ]
    return read_servers([entry], "delimited", Place(Path("notes.odcs.yaml")))


@pytest.mark.parametrize(
    ("given", "known"),
    [
        (None, "utf-8"),
        ("UTF8", "utf-8"),
        ("utf-16", "utf-16"),
        ("latin-1", "iso8859-1"),
        ("windows-1252", "cp1252"),
        ("koi8-r", "koi8-r"),
        ("macintosh", "mac-roman"),
    ],
)
def test_an_encoding_goes_by_pythons_name(given: str | None, known: str) -> None:
    assert read(given).encoding == known


@pytest.mark.parametrize("encoding", ["shift_jis", "gb18030", "utf-7", "hex", "rot13", "klingon"])
def test_an_encoding_whose_text_may_not_be_turned_back_is_refused(encoding: str) -> None:
    with pytest.raises(ContractFileError, match=f"an encoding that nobody reads.*{encoding}.*expected: utf-8"):
        read(encoding)


def test_delimiters_and_escape_are_one_character_each() -> None:
    servers = read(delimiters=["|", "¦"], escapeCharacter="\\")
    assert (servers.delimiters, servers.escape) == (("|", "¦"), "\\")
    assert read().escape == ""
    for wrong in ({"delimiters": ["||"]}, {"delimiters": ['"']}, {"delimiters": ["\n"]}, {"delimiters": [""]}):
        with pytest.raises(ContractFileError, match="a custom property is wrong"):
            read(**wrong)
    for escape in ("\\\\", '"', "a", "\n"):
        with pytest.raises(ContractFileError, match="a custom property is wrong"):
            read(escapeCharacter=escape)
