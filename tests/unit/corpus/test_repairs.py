"""Rejected rows out to a CSV, edited, and back into their places."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from text_classifier import storage
from text_classifier.contract import Column, Contract, Surroundings, judged_data_set, validate
from text_classifier.contract.declared.rules import Rule
from text_classifier.corpus import export_rejected, raw_rows, readmit
from text_classifier.corpus.ingest import read
from text_classifier.corpus.sources.fetch import fetch
from text_classifier.errors import (
    ConfigError,
    ContractViolationError,
    DamagedOutputError,
    SourceFormatError,
    SourceNotFoundError,
)
from text_classifier.records import DataSet, Ingested
from text_classifier.report.contract_page import contract_page
from text_classifier.store import Store

GOOD = "".join(f"text {number};2024-01-{number % 28 + 1:02};{'pos' if number % 2 else 'neg'}\n" for number in range(60))
BAD = [
    '"say "hello"";2024-01-31;pos\n',  # a broken quote
    "short;pos\n",
    "bad date;31.01.2024;neg\n",
    '"two\nlines";2024-02-30;pos\n',
    "odd class;2024-01-31;maybe\n",  # the contract's, not the reader's
    "caf\udce9;2024-01-31;pos\n",
]
FIRST_BAD = 62


HEADER = "text;date;label\n"
DATA = (HEADER + GOOD + "".join(BAD) + GOOD.replace("text", "more")).encode("utf-8", "surrogateescape")


@pytest.fixture
def contract(contract: Contract) -> Contract:
    allowed = Rule(
        "label-allowed", "A class.", "error", "expect_column_values_to_be_in_set",
        {"column": "label", "value_set": ["neg", "pos"]}, "label",
    )  # fmt: skip
    return replace(contract, rules=(allowed,), max_rejected_rate=0.5)


class Chain:
    """The steps from a source to a data set, on one data root."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        self.folder, self.contract, self.store = folder, contract, Store(folder / "data")
        (folder / "news.csv").write_bytes(DATA)

    def ingested(self) -> Ingested:
        source = fetch(self.contract, str(self.folder / "news.csv"), self.store.data_dir, 1)
        return read(source, self.contract, self.store)

    def data_set(self, ingested: Ingested | None = None) -> DataSet:
        ingested = ingested or self.ingested()
        raw = raw_rows(ingested, self.contract, self.store.data_dir)
        return validate(ingested, self.contract, self.store, Surroundings(lambda _: None, contract_page, raw))

    def exported(self, data_set: DataSet) -> tuple[Path, list[dict[str, str]]]:
        path, written = export_rejected(data_set, self.contract, self.store.data_dir)
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == written == data_set.rejected_rows
        return path, rows

    def edited(self, rows: list[dict[str, str]], name: str = "edited.csv", **change: Any) -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, rows[0], **change)
            writer.writeheader()
            writer.writerows(rows)
        return path

    def readmitted(self, path: Path, data_set: DataSet) -> DataSet:
        return self.data_set(readmit(path, data_set, self.contract, self.store)[0])


@pytest.fixture
def chain(tmp_path: Path, contract: Contract) -> Chain:
    return Chain(tmp_path, contract)


def examples(data_set: DataSet) -> dict[int, dict[str, Any]]:
    """Row number -> example."""
    tables = [pq.read_table(path) for path in sorted((data_set.folder / "examples").glob("*.parquet"))]
    return {row["row"]: row for table in tables for row in table.to_pylist()}


def rejected(data_set: DataSet) -> list[tuple[int, int, str]]:
    rows = pq.read_table(data_set.folder / "rejected.parquet").to_pylist()
    return sorted((row["row"], row["lines"], row["rule"]) for row in rows)


REJECTED = [
    (62, 1, "quote"),
    (63, 1, "width"),
    (64, 1, "type:date"),
    (65, 2, "type:date"),
    (67, 1, "label-allowed"),
    (68, 1, "encoding"),
]


def test_rejected_rows_stand_in_the_file_with_what_could_be_read(chain: Chain) -> None:
    data_set = chain.data_set()
    assert rejected(data_set) == REJECTED
    path, rows = chain.exported(data_set)
    assert path.parent == chain.store.data_dir / "repairs" / "articles"
    found = {int(row["rejected_row"]): row for row in rows}
    assert {number: (row["text"], row["date"], row["label"]) for number, row in found.items()} == {
        62: ("", "", ""),
        63: ("", "", ""),
        64: ("bad date", "31.01.2024", "neg"),
        65: ("two\nlines", "2024-02-30", "pos"),
        67: ("odd class", "2024-01-31", "maybe"),
        68: ("", "", ""),  # what stands there is not known
    }
    assert (found[62]["rejected_text"], found[67]["rejected_text"]) == (BAD[0], BAD[4])
    assert (found[65]["rejected_lines"], found[65]["text"]) == ("2", "two\nlines")
    assert "31.01.2024" in found[64]["rejected_because"]
    assert chain.exported(data_set)[0] != path


def repaired(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    mended = {62: 'say "hello"', 63: "short", 64: "bad date", 65: "two\nlines", 67: "odd class", 68: "café"}
    return [row | {"text": mended[int(row["rejected_row"])], "date": "2024-02-01", "label": "pos"} for row in rows]


def test_repaired_rows_take_their_places_under_their_own_numbers(chain: Chain) -> None:
    before = chain.data_set()
    after = chain.readmitted(chain.edited(repaired(chain.exported(before)[1])), before)
    assert (after.read_rows, after.rejected_rows) == (before.read_rows, 0)
    assert after.fingerprint != before.fingerprint
    found = examples(after)
    assert {row: found[row]["text"] for row in (62, 63, 64, 65, 67, 68)} == {
        62: 'say "hello"', 63: "short", 64: "bad date", 65: "two\nlines", 67: "odd class", 68: "café",
    }  # fmt: skip
    assert found[65]["example_id"] == "65"
    assert {row: found[row] for row in examples(before)} == examples(before)
    ingested = pq.read_table(chain.ingested().folder / "rows.parquet", columns=["row", "lines"]).to_pylist()
    assert [row["row"] for row in ingested] == sorted(row["row"] for row in ingested)
    assert {row["row"]: row["lines"] for row in ingested}[65] == 2


def test_only_the_rows_that_are_in_the_file_are_repaired(chain: Chain) -> None:
    before = chain.data_set()
    rows = [row for row in repaired(chain.exported(before)[1]) if row["rejected_row"] in {"64", "67"}]
    rows[1]["label"] = "perhaps"
    after = chain.readmitted(chain.edited(rows, delimiter=";"), before)
    assert rejected(after) == [entry for entry in REJECTED if entry[0] != 64]
    assert examples(after).keys() - examples(before).keys() == {64}


def test_later_runs_on_the_same_source_have_the_repaired_rows_and_may_add_to_them(chain: Chain) -> None:
    before = chain.data_set()
    some = [row for row in repaired(chain.exported(before)[1]) if row["rejected_row"] in {"62", "64"}]
    first = chain.readmitted(chain.edited(some), before)
    night = chain.data_set()
    assert (night.fingerprint, night.making.is_reused) == (first.fingerprint, True)
    more = [row for row in repaired(chain.exported(first)[1]) if row["rejected_row"] == "65"]
    second = chain.readmitted(chain.edited(more), first)
    assert [row for row, _, _ in rejected(second)] == [63, 67, 68]
    assert chain.data_set().fingerprint == second.fingerprint
    (chain.folder / "news.csv").write_bytes(DATA + b"new;;pos\n")
    assert len(rejected(chain.data_set())) == len(REJECTED)


def test_lines_are_counted_anew_and_repaired_rows_are_told(chain: Chain) -> None:
    before = chain.data_set()
    ingested, rows = readmit(chain.edited(repaired(chain.exported(before)[1])), before, chain.contract, chain.store)
    facts = storage.read_manifest(ingested.folder).facts
    assert (rows, ingested.repaired_rows, facts["kept_lines"], facts["rejected_lines"]) == (6, 6, 127, 0)
    assert "0 rejected; 6 repaired by hand" in ingested.told_rows
    page = (chain.data_set(ingested).folder / "contract.html").read_text("utf-8")
    assert "6 of which somebody has repaired by hand" in page


def test_a_repair_never_takes_the_place_of_another(chain: Chain) -> None:
    before = chain.data_set()
    rows = repaired(chain.exported(before)[1])
    data_set = before
    for row in rows[:2]:
        data_set = chain.readmitted(chain.edited([row | {"rejected_from": data_set.fingerprint[:16]}]), data_set)
    (first, _) = sorted(chain.store.data_dir.glob("repairs/articles/*/*.csv"))
    first.unlink()
    data_set = chain.data_set()
    data_set = chain.readmitted(chain.edited([rows[2] | {"rejected_from": data_set.fingerprint[:16]}]), data_set)
    assert [row for row, _, _ in rejected(data_set)] == [62, 65, 67, 68]


def test_the_latest_is_what_the_last_run_refused_or_took(chain: Chain) -> None:
    taken = chain.data_set()
    good = (chain.folder / "news.csv").read_bytes()
    (chain.folder / "news.csv").write_text(HEADER + GOOD.replace("2024", "someday"), "utf-8")
    with pytest.raises(ContractViolationError):
        chain.data_set()
    refused = judged_data_set(chain.store.data_dir, "articles")
    assert refused.rejected_rows == 60
    assert judged_data_set(chain.store.data_dir, "articles", refused.fingerprint) == refused
    (chain.folder / "news.csv").write_bytes(good)
    assert chain.data_set().making.is_reused
    assert judged_data_set(chain.store.data_dir, "articles") == taken
    assert judged_data_set(chain.store.data_dir, "articles", refused.fingerprint) == refused


def test_repairs_that_no_longer_fit_the_contract_are_named(chain: Chain) -> None:
    before = chain.data_set()
    rows = [row for row in repaired(chain.exported(before)[1]) if row["rejected_row"] == "63"]
    chain.readmitted(chain.edited(rows), before)
    (kept,) = chain.store.data_dir.glob("repairs/articles/*/*.csv")
    (chain.folder / "news.csv").write_bytes(DATA)
    text, _, label = chain.contract.columns
    chain.contract = replace(chain.contract, columns=(text, Column("date", "integer"), label))
    with pytest.raises(SourceFormatError, match=f"contract any more; where: {kept}.*is no integer.*move it"):
        chain.ingested()
    kept.unlink()
    assert chain.ingested().repaired_rows == 0


def test_a_repaired_row_that_the_source_no_longer_has_is_named(chain: Chain) -> None:
    before = chain.data_set()
    rows = [row for row in repaired(chain.exported(before)[1]) if row["rejected_row"] == "68"]
    chain.readmitted(chain.edited(rows), before)
    chain.contract = replace(chain.contract, encoding="cp1252", escape="\\")
    edited = next(chain.store.data_dir.glob("repairs/articles/*/*.csv"))
    edited.write_text(edited.read_text("utf-8-sig").replace(",68,", ",66,"), "utf-8")
    with pytest.raises(SourceFormatError, match="no row begins with line 66"):
        chain.ingested()


def test_rows_that_were_rejected_under_another_contract_are_neither_exported_nor_readmitted(chain: Chain) -> None:
    before = chain.data_set()
    edited = chain.edited(repaired(chain.exported(before)[1]))
    text, _, label = chain.contract.columns
    for columns in (
        (text, Column("date", "string"), label),
        (text, label),
        (*chain.contract.columns, Column("more", "string")),
    ):
        chain.contract = replace(chain.contract, columns=columns)
        with pytest.raises(SourceFormatError, match=r"read under another contract.*has changed since: columns"):
            export_rejected(before, chain.contract, chain.store.data_dir)
        with pytest.raises(SourceFormatError):
            readmit(edited, before, chain.contract, chain.store)
    assert not list(chain.store.data_dir.glob("repairs/articles/*/*.csv"))


def test_a_source_that_is_gone_is_told_when_rows_of_it_are_to_be_kept(chain: Chain) -> None:
    ingested = chain.ingested()
    shutil.rmtree(chain.store.data_dir / "raw")
    with pytest.raises(DamagedOutputError, match="the source of ingested rows is gone"):
        chain.data_set(ingested)


def _unlike(**change: str) -> Callable[[list[dict[str, str]]], list[dict[str, str]]]:
    return lambda rows: [rows[0] | change, *rows[1:]]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_unlike(rejected_row="5"), "was not rejected from this data set.*seen: row 5"),
        (_unlike(rejected_row="soon"), "cannot be read.*edited.csv, line 2.*'soon' is no integer"),
        (_unlike(rejected_from="0" * 16), f"was not rejected from this data set.*row 62 of {'0' * 16}"),
        (lambda rows: [*rows, rows[0] | {"label": "neg"}], "stands twice.*seen: row 62"),
        (_unlike(date="1.2.2024"), "cannot be read.*'1.2.2024' is no date"),
        (lambda rows: [{k: v for k, v in row.items() if k != "label"} for row in rows], "expected: also label"),
    ],
)
def test_a_file_that_is_not_right_is_refused_and_nothing_is_kept(
    chain: Chain, spoil: Callable[[list[dict[str, str]]], list[dict[str, str]]], message: str
) -> None:
    before = chain.data_set()
    path = chain.edited(spoil(repaired(chain.exported(before)[1])))
    with pytest.raises(SourceFormatError, match=f"(?s){message}"):
        readmit(path, before, chain.contract, chain.store)
    assert chain.data_set().fingerprint == before.fingerprint
    with pytest.raises(SourceNotFoundError, match="the repaired rows are not there"):
        readmit(chain.folder / "nowhere.csv", before, chain.contract, chain.store)


def test_rows_of_other_readers_are_not_exported(chain: Chain, contract: Contract) -> None:
    with pytest.raises(ConfigError, match="only rows of delimited files"):
        export_rejected(chain.data_set(), replace(contract, reader="imdb"), chain.store.data_dir)
