"""The files of a report: reused when nothing changed, made anew when anything did, and whole in the manifest."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from made_models import FIRST, Made, judge, write

from text_classifier import storage
from text_classifier.errors import DamagedOutputError
from text_classifier.records import Report
from text_classifier.report.verdicts import read_verdict
from text_classifier.report.write import write_report
from text_classifier.store import Store
from text_classifier.training.model_folder import EVALUATION_FILES, REPORT_FILES

Make = Callable[..., Made]
TIMES = rb"(?<=written )[^<]*"


def contents(folder: Path) -> dict[str, bytes]:
    return {name: re.sub(TIMES, b"", (folder / name).read_bytes()) for name in REPORT_FILES}


def test_a_report_is_three_files_that_the_manifest_names_beside_the_evaluation(written: Report) -> None:
    manifest = storage.verify(written.folder)
    assert {*REPORT_FILES, *EVALUATION_FILES} < set(manifest.outputs)
    assert manifest.facts["report"]["run"] == "a test"
    assert manifest.facts["evaluation"]
    assert written.headline == written.verdict.sentence


def test_the_verdict_on_disk_is_the_one_of_the_record(written: Report) -> None:
    tree = read_verdict(written.folder)
    assert tree["sentence"] == written.verdict.sentence
    assert tree["against_champion"] == "first"
    assert tree["comparison"]["reason"] == "no model is in service"


def test_the_same_verdict_gives_the_same_bytes_whoever_asked_and_when(make: Make) -> None:
    made = make()
    first = contents(write(made).folder)
    later = replace(FIRST, compared_at="2026-11-28T03:00:00+00:00", compared_by="another run")
    refreshed = write_report(judge(made), later, made.data, Store(made.data_dir, "a test", refresh=True))
    assert contents(refreshed.folder) == first


def test_a_report_is_reused_when_nothing_changed_and_says_since_when(make: Make) -> None:
    made = make()
    evaluated = judge(made)
    first = write_report(evaluated, FIRST, made.data, Store(made.data_dir, "first"))
    second = write_report(evaluated, FIRST, made.data, Store(made.data_dir, "second"))
    assert (second.making.is_reused, second.making.run) == (True, "first")
    assert second == first
    assert re.fullmatch(
        rf"Unchanged since \d{{4}}-\d\d-\d\d \d\d:\d\d UTC\. {re.escape(first.headline)}", second.headline
    )


def test_another_verdict_makes_the_report_anew(make: Make) -> None:
    made = make()
    evaluated = judge(made)
    store = Store(made.data_dir, "a test")
    write_report(evaluated, FIRST, made.data, store)
    promoted = replace(FIRST, decision="promoted", rule="first model with a signal")
    second = write_report(evaluated, promoted, made.data, store)
    assert not second.making.is_reused
    assert read_verdict(second.folder)["decision"] == "promoted"
    assert "promoted: first model with a signal" in (second.folder / "report.html").read_text("utf-8")


@pytest.mark.parametrize("name", REPORT_FILES)
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_file_of_a_report_is_made_anew(make: Make, name: str, damage: str) -> None:
    made = make()
    evaluated = judge(made)
    store = Store(made.data_dir, "a test")
    folder = write_report(evaluated, FIRST, made.data, store).folder
    before = contents(folder)
    if damage == "changed":
        (folder / name).write_text("changed")
    else:
        (folder / name).unlink()
    assert not write_report(evaluated, FIRST, made.data, store).making.is_reused
    assert contents(folder) == before
    storage.verify(folder)


@pytest.mark.parametrize("name", EVALUATION_FILES)
def test_a_changed_evaluation_is_refused(make: Make, name: str) -> None:
    made = make()
    evaluated = judge(made)
    path = evaluated.folder / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(DamagedOutputError, match=re.escape(name)):
        write_report(evaluated, FIRST, made.data, Store(made.data_dir))
    assert not [name for name in REPORT_FILES if (evaluated.folder / name).exists()]


def test_an_evaluation_anew_takes_its_old_report_out_of_the_manifest(make: Make) -> None:
    made = make()
    folder = write(made).folder
    judge(made)
    assert not set(REPORT_FILES) & set(storage.verify(folder).outputs)
    assert not write(made).making.is_reused


@pytest.mark.parametrize("text", ["{", "[1]", '"promoted"'])
def test_a_verdict_that_is_none_cannot_be_read(make: Make, text: str) -> None:
    folder = write(make()).folder
    (folder / "verdict.json").write_text(text)
    manifest = storage.read_manifest(folder)
    storage.write_manifest(folder, manifest, manifest.facts)
    with pytest.raises(DamagedOutputError, match="no JSON object"):
        read_verdict(folder)


def test_a_verdict_is_finite_json(written: Report) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads((written.folder / "verdict.json").read_text("utf-8"), parse_constant=refuse)
