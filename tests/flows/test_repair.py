"""Rejected rows are exported, edited and readmitted by flows."""

import csv
from pathlib import Path

import pytest

from flows.export_rejected import export_rejected
from flows.prepare_data import prepare_data
from flows.readmit import readmit
from text_classifier.errors import ContractViolationError, DamagedOutputError, SourceFormatError

HEADER = "title;text;date;source;author;category;label\n"
CLASSES = ("Business", "Entertainment", "Health", "Politics", "Science", "Sports", "Technology")


def news(count: int = 140) -> str:
    rows = [
        f"title;article {number};2024-03-01;paper;someone;{CLASSES[number % 7]};{('real', 'fake')[number % 2]}\n"
        for number in range(count)
    ]
    return HEADER + "".join(rows[:70]) + "title;broken;2024-03-41;paper;someone;Health;real\n" + "".join(rows[70:])


@pytest.fixture
def source(data_dir: Path, tmp_path: Path) -> str:
    (tmp_path / "news.csv").write_text(news(), "utf-8")
    return str(tmp_path / "news.csv")


def test_a_rejected_row_comes_back_once_somebody_has_repaired_it(source: str, tmp_path: Path) -> None:
    before = prepare_data("news", "smoke", source)
    assert (before.read_rows, before.rejected_rows) == (141, 1)
    state = export_rejected("news", return_state=True)
    assert state.message is not None
    assert state.message.startswith("1 rejected rows of news stand in ")
    with Path(state.result()).open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["rejected_row"], row["text"], row["date"]) == ("72", "broken", "2024-03-41")
    with (tmp_path / "edited.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row | {"date": "2024-03-31"})
    after = readmit(str(tmp_path / "edited.csv"), "news")
    assert (after.read_rows, after.rejected_rows) == (141, 0)
    assert prepare_data("news", "smoke", source).fingerprint == after.fingerprint


def test_a_row_that_a_rule_rejects_is_kept_as_it_stands_in_the_file(source: str) -> None:
    line = '"a title";"text of ""two""\nlines";2024-03-01;;;Gossip;real\n'
    Path(source).write_text(news() + line, "utf-8")
    prepare_data("news", "smoke", source)
    with Path(export_rejected("news")).open(encoding="utf-8-sig", newline="") as file:
        rows = {row["rejected_by"]: row for row in csv.DictReader(file)}
    assert (rows["category-allowed"]["rejected_text"], rows["category-allowed"]["rejected_row"]) == (line, "143")


def test_a_refused_data_set_is_repaired_and_accepted(source: str, tmp_path: Path) -> None:
    Path(source).write_text(news().replace("2024-03-01", "2024-03-51", 20), "utf-8")
    with pytest.raises(ContractViolationError):
        prepare_data("news", "smoke", source)
    with Path(export_rejected("news")).open(encoding="utf-8-sig", newline="") as file:
        rows = [row | {"date": "2024-03-31"} for row in csv.DictReader(file)]
    assert len(rows) == 21
    with (tmp_path / "edited.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert readmit(str(tmp_path / "edited.csv"), "news").rejected_rows == 0
    assert prepare_data("news", "smoke", source).rejected_rows == 0


def test_what_cannot_be_repaired_fails_the_run_with_the_reason(source: str, tmp_path: Path) -> None:
    with pytest.raises(DamagedOutputError, match="no such data set has been prepared"):
        export_rejected("news")
    prepare_data("news", "smoke", source)
    (tmp_path / "edited.csv").write_text(news(), "utf-8")
    with pytest.raises(SourceFormatError, match="expected: also rejected_from"):
        readmit(str(tmp_path / "edited.csv"), "news")
