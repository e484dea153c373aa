from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from page_elements import HOSTILE, Elements

from text_classifier import storage
from text_classifier.contract import Contract, Verdict, read_findings
from text_classifier.errors import ContractFileError, ContractViolationError
from text_classifier.records import DataSet, Ingested

Rows = list[dict[str, Any]]
Apply = Callable[..., tuple[DataSet, dict[str, Verdict]]]
Ingest = Callable[..., Ingested]
Load = Callable[[dict[str, Any]], Contract]


@pytest.fixture
def refused(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows, tmp_path: Path
) -> Callable[[], Path]:
    """Refuse forty rows, of which 24 name classes that nobody knows; the folder that is left."""
    for number, row in enumerate(good_rows[:24]):
        row["kind"] = HOSTILE[number % len(HOSTILE)]
    ingested, contract = ingest(good_rows, parse_rejects=2), load(document)

    def refuse() -> Path:
        with pytest.raises(ContractViolationError):
            apply(ingested, contract)
        (folder,) = (tmp_path / "data" / "refused" / "notes").glob("[!.]*/")
        return folder

    return refuse


def test_a_refused_data_set_leaves_page_verdicts_and_every_rejected_row(
    refused: Callable[[], Path], tmp_path: Path
) -> None:
    folder = refused()
    assert {"contract.html", "rules.parquet", "rejected.parquet"} <= set(storage.verify(folder).outputs)
    assert pq.read_table(folder / "rejected.parquet").num_rows == 26
    assert {verdict.rule_id for verdict in read_findings(folder).verdicts} >= {"kind-allowed", "rejected-share"}
    text = Elements((folder / "contract.html").read_text("utf-8")).words
    assert (
        "Refused: 42 rows of notes did not become a data set. rejected-share: 26 of 42 rows (61.90 %)"
        in text.replace("\u00a0", " ")
    )
    assert not list(tmp_path.glob("data/datasets/*/*"))


def test_the_next_attempt_takes_the_place_of_what_a_refusal_left(refused: Callable[[], Path]) -> None:
    (refused() / "contract.html").write_text("damaged", "utf-8")
    storage.verify(refused())


def test_hostile_values_show_as_text(refused: Callable[[], Path]) -> None:
    page = (refused() / "contract.html").read_text("utf-8")
    elements = Elements(page)
    assert "<script>alert('x')</script><img" in elements.text
    assert "\u202e" not in page
    assert "\x00" not in page
    assert not {"script", "img"} & set(elements.names)
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert len(page) < 100_000


def test_the_page_runs_nothing_and_asks_the_network_for_nothing(refused: Callable[[], Path]) -> None:
    page = (refused() / "contract.html").read_text("utf-8")
    elements = Elements(page)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in elements.attributes
    assert not {"link", "img", "iframe", "object", "base", "form", "script"} & set(elements.names)
    assert not [value for name, value in elements.attributes if name in {"src", "href"}]
    assert not re.search(r"@import|url\(", page)


def test_the_page_of_a_kept_data_set_has_every_rule_split_and_copy(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    copies = [{"body": "NOTE number 1", "kind": "bad"}, {"body": "sold twice", "kind": "good", "split": "test"}]
    leaked = {"body": "Sold twice!", "split": "unsup"}
    data_set, verdicts = apply(ingest([*good_rows, *copies, leaked]), load(document))
    page = Elements((data_set.folder / "contract.html").read_text("utf-8"))
    text = page.words
    assert "42 of 43 rows of notes became examples; 0 rejected, 1 left out as copies of val or test. Every rule" in text
    assert all(rule in text for rule in verdicts)
    assert "extra copies within labelled 0 1 0" in text
    assert "rows of unsup whose text also stands in test 0 1 1" in text
    assert "copy-in-test comparing texts 1 2.33 %" in text
    assert f"all rows {data_set.split_rows['train']} " in text
    assert page.names.count("table") == page.names.count("caption")


def test_the_mark_of_made_data_is_in_the_title_the_sentence_and_every_table(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    ingested = ingest(good_rows)
    marked = Ingested(ingested.data_set, "generated", *(getattr(ingested, name) for name in ingested.__slots__[2:]))
    page = (apply(marked, load(document))[0].folder / "contract.html").read_text("utf-8")
    captions = re.findall(r"<caption>(.*?)</caption>", page)
    assert all("notes (GENERATED)" in caption for caption in captions)
    assert "<title>notes (GENERATED)" in page
    assert re.search(r'class="sentence[^>]*>[^<]*notes \(GENERATED\)', page)


def test_a_rule_that_cannot_be_evaluated_is_told_on_a_page_too(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows, tmp_path: Path
) -> None:
    mean = {"type": "expect_column_mean_to_be_between", "kwargs": {"max_value": 3}}
    entry = {"id": "mean", "type": "custom", "engine": "greatExpectations", "implementation": mean}
    document["schema"][0]["properties"][0]["quality"] = [entry]
    with pytest.raises(ContractFileError, match=r"correct the contract; every rule and the rejected rows: .*html"):
        apply(ingest(good_rows), load(document))
    (page,) = tmp_path.glob("data/refused/notes/*/contract.html")
    assert "Refused: 40 rows of notes" in page.read_text("utf-8")


def test_drift_rules_are_not_judged_and_not_named(
    apply: Apply, ingest: Ingest, load: Load, document: dict[str, Any], good_rows: Rows
) -> None:
    drift = {"type": "drift", "kwargs": {"measure": "newTexts", "maximum": 0.6}}
    entry = {"id": "drift-texts", "type": "custom", "engine": "textClassifier", "implementation": drift}
    document["schema"][0]["quality"] = [entry]
    data_set, verdicts = apply(ingest(good_rows), load(document))
    text = Elements((data_set.folder / "contract.html").read_text("utf-8")).words
    assert "drift-texts" not in verdicts
    assert "drift" not in text
