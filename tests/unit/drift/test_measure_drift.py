import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from drift_notes import OTHER_WORDS, RULES, drift_rule, notes, put_in_service, with_values, write_data_set

from text_classifier import storage
from text_classifier.drift import measure_drift, read_findings, refusal
from text_classifier.drift.reference import find_reference
from text_classifier.records import DataSet, Drift
from text_classifier.report.drift_pages import drift_markdown
from text_classifier.store import Store

COUNT = 300
SHIFTED = with_values(0.5, kind="good")


@pytest.fixture
def old(tmp_path: Path) -> DataSet:
    """The data of the champion that is in service."""
    data_set = write_data_set(tmp_path, notes(COUNT, 0))
    put_in_service(tmp_path, data_set)
    return data_set


def measured(data_dir: Path, rows: list[dict[str, object]], rules: object = RULES) -> Drift:
    return measure_drift(write_data_set(data_dir, rows), "kind", rules, Store(data_dir))  # type: ignore[arg-type]


def test_without_a_champion_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    drift = measured(tmp_path, notes(COUNT, 1))
    assert (drift.reference, drift.champion, drift.folder, drift.failed) == (None, None, None, ())
    assert drift.sentence == "Nothing to compare with: notes has no champion for kind."
    assert drift_markdown(drift) == "**Nothing to compare with\\: notes has no champion for kind.**\n"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data_dir, old: shutil.rmtree(old.folder),
        lambda data_dir, old: (old.folder / "examples" / "test.parquet").unlink(),
        lambda data_dir, old: (old.folder / "examples" / "val.parquet").write_bytes(b"PAR1"),
        lambda data_dir, old: shutil.rmtree(data_dir / "models"),
        lambda data_dir, old: (data_dir / "models" / "notes" / "run-1" / "vocabulary.parquet").unlink(),
        lambda data_dir, old: (data_dir / "models" / "notes" / "run-1" / "config.json").write_text("{}"),
        lambda data_dir, old: (data_dir / "champions" / "notes" / "kind" / "ledger.jsonl").write_text("{"),
        lambda data_dir, old: storage.write_manifest(
            old.folder, storage.plan("dataset", inputs={"x": "y"}, parameters={}, modules=()), {}
        ),
    ],
    ids=["data gone", "split gone", "split damaged", "model gone", "vocabulary gone", "config", "ledger", "other data"],
)
def test_a_champion_that_is_not_whole_is_said_and_stops_nothing(
    spoil: Callable[[Path, DataSet], None], old: DataSet, tmp_path: Path
) -> None:
    spoil(tmp_path, old)
    drift = measured(tmp_path, SHIFTED(notes(COUNT, 1)), [drift_rule("labelShares", 0.1, "error")])
    assert (drift.reference, drift.folder, drift.failed) == (None, None, ())
    assert drift.sentence.startswith("Nothing to compare with: the champion of notes is not whole. ")


def test_the_champions_own_data_are_not_measured(old: DataSet, tmp_path: Path) -> None:
    drift = measure_drift(old, "kind", RULES, Store(tmp_path))
    assert (drift.reference, drift.champion, drift.folder) == (old.fingerprint, "run-1", None)
    assert drift.sentence == "Unchanged: these are the data that the champion run-1 was trained on."
    assert not (tmp_path / "drift").exists()


def test_where_nothing_changed_the_sentence_says_so(old: DataSet, tmp_path: Path) -> None:
    drift = measured(tmp_path, notes(COUNT, 1))
    assert drift.sentence == (
        "No drift. 300 labelled rows of notes against the 300 that the champion run-1 was trained on: "
        "every drift rule holds (10 comparisons)."
    )
    assert (drift.warned, drift.failed) == ((), ())
    assert drift.folder is not None
    assert drift.folder.parent == tmp_path / "drift" / "notes"
    assert set(storage.verify(drift.folder).outputs) == {"drift.json"}


def test_a_broken_rule_is_told_with_its_figures(old: DataSet, tmp_path: Path) -> None:
    rules = [drift_rule("labelShares", 0.1), drift_rule("labelShares", 0.2, "error")]
    drift = measured(tmp_path, SHIFTED(notes(COUNT, 1)), rules)
    assert (drift.warned, drift.failed) == (("drift-labelShares-warning",), ("drift-labelShares-error",))
    assert drift.sentence.startswith("Gross drift. 300 labelled rows of notes against the 300 ")
    assert "drift-labelShares-error: shares of the label (kind) 0." in drift.sentence
    error = refusal(drift)
    assert drift.sentence.rstrip(".") in str(error)
    assert "accept_drift=true" in error.to_do
    warned = measured(tmp_path, SHIFTED(notes(COUNT, 1)), rules[:1])
    assert warned.sentence.startswith("Drift. ")
    assert warned.failed == ()


def test_without_rules_drift_is_measured_and_nothing_stops(old: DataSet, tmp_path: Path) -> None:
    drift = measured(tmp_path, SHIFTED(notes(COUNT, 1)), ())
    assert drift.sentence.endswith("measured, and the contract has no drift rules.")
    assert drift.folder is not None
    assert len(read_findings(drift.folder)) == 10
    assert {one.verdict for one in read_findings(drift.folder)} == {"no rule"}


def test_the_same_question_is_answered_once(old: DataSet, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = measured(tmp_path, notes(COUNT, 1))
    with caplog.at_level(logging.INFO):
        second = measured(tmp_path, notes(COUNT, 1))
    assert second == first
    assert (first.making.is_reused, second.making.is_reused) == (False, True)
    assert "reused" in caplog.text
    other_rules = measured(tmp_path, notes(COUNT, 1), RULES[:1])
    assert other_rules.folder != first.folder
    assert first.folder is not None
    content = (first.folder / "drift.json").read_bytes()
    shutil.rmtree(first.folder)
    measured(tmp_path, notes(COUNT, 1))
    assert (first.folder / "drift.json").read_bytes() == content


def test_the_vocabulary_is_the_champions(tmp_path: Path) -> None:
    old = write_data_set(tmp_path, notes(COUNT, 0))
    put_in_service(tmp_path, old, words=OTHER_WORDS)
    assert find_reference(tmp_path, "notes", "kind").vocabulary().tokens[2].as_py() == OTHER_WORDS[0]  # type: ignore[union-attr]
    drift = measured(tmp_path, notes(COUNT, 1, words=OTHER_WORDS))
    assert drift.folder is not None
    (told,) = [
        one.measurement.told for one in read_findings(drift.folder) if one.measurement.measure == "outOfVocabulary"
    ]
    assert "100.0% before" in told


def test_the_document_shows_verdicts_and_pictures(old: DataSet, tmp_path: Path) -> None:
    rules = [drift_rule("labelShares", 0.1, "error"), drift_rule("columnShares", 0.1)]
    hostile = with_values(0.5, kind="good", source="<script>|`x`")
    drift = measured(tmp_path, hostile(notes(COUNT, 1)), rules)
    text = drift_markdown(drift)
    assert text.startswith("**The run stops before training.** **Gross drift. 300 ")
    assert text.count("](data:image/png;base64,") == 3
    assert "<script>" not in text
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    assert table[2].startswith("| shares of the label \\(kind\\) | failed |")
    accepted = drift_markdown(drift, is_accepted=True)
    assert accepted.startswith("**Accepted by who started this run: it goes on.** **Gross drift.")
    assert "| accepted |" in accepted
    assert "| failed |" not in accepted


def test_the_document_of_unchanged_data_pictures_the_label_and_the_lengths(old: DataSet, tmp_path: Path) -> None:
    drift = measured(tmp_path, notes(COUNT, 1))
    text = drift_markdown(drift)
    assert re.findall(r"^## (.*), notes$", text, re.M) == ["shares of the label \\(kind\\)", "length of the texts"]
    assert text.count("| passed |") == 10
    assert text == drift_markdown(drift)
