"""Outputs are made once, found again while undamaged, and never made twice at the same time."""

import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from text_classifier import storage
from text_classifier.errors import OutputUnwritableError
from text_classifier.records import Making
from text_classifier.store import LATEST, LOCKS, Store, latest_of, mark_latest

PLANNED = storage.plan("dish", inputs={"flour": "1"}, parameters={"salt": 2}, modules=())


class Kitchen:
    """Counts how often the output was really made."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder / "dishes" / "bread", 0

    def fill(self, folder: Path) -> dict[str, Any]:
        self.made += 1
        (folder / "bread.txt").write_text(f"loaf {self.made}")
        return {"loaves": self.made}

    def make(self, run: str, planned: storage.Manifest = PLANNED, refresh: bool = False) -> Making:
        return Store(self.folder.parents[1], run, refresh).make(self.folder, planned, self.fill)


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(tmp_path)


def test_a_second_run_reuses_the_output_and_the_log_names_the_first(
    kitchen: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    first = kitchen.make("Monday")
    assert (first.run, first.is_reused) == ("Monday", False)
    with caplog.at_level(logging.INFO):
        second = kitchen.make("Tuesday")
    assert second == Making("Monday", first.at, is_reused=True)
    assert kitchen.made == 1
    assert f"reused {kitchen.folder}, made by Monday at {first.at}" in caplog.text


def test_refresh_makes_the_output_anew(kitchen: Kitchen) -> None:
    kitchen.make("Monday")
    assert kitchen.make("Tuesday", refresh=True).run == "Tuesday"
    assert storage.verify(kitchen.folder).run == "Tuesday"
    assert kitchen.made == 2


@pytest.mark.parametrize("damage", ["changed", "missing", "no manifest", "half a manifest", "other inputs"])
def test_a_damaged_or_foreign_output_is_not_trusted(kitchen: Kitchen, damage: str) -> None:
    kitchen.make("Monday")
    bread, manifest = kitchen.folder / "bread.txt", kitchen.folder / storage.MANIFEST
    if damage == "changed":
        bread.write_text("loaf l")
    elif damage == "missing":
        bread.unlink()
    elif damage == "no manifest":
        manifest.unlink()
    elif damage == "half a manifest":
        manifest.write_bytes(manifest.read_bytes()[:100])
    planned = storage.plan("dish", inputs={"flour": "2"}, parameters={}, modules=())
    made = kitchen.make("Tuesday", planned if damage == "other inputs" else PLANNED)
    assert (made.run, made.is_reused) == ("Tuesday", False)
    assert kitchen.made == 2
    storage.verify(kitchen.folder)


def test_of_identical_runs_at_once_one_makes_the_output(kitchen: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    is_cooking, may_finish = threading.Event(), threading.Event()
    ended: list[Making] = []

    def slowly(folder: Path) -> dict[str, Any]:
        is_cooking.set()
        assert may_finish.wait(60)
        return kitchen.fill(folder)

    def run(name: str) -> None:
        ended.append(Store(kitchen.folder.parents[1], name).make(kitchen.folder, PLANNED, slowly))

    caplog.set_level(logging.INFO)
    threads = [threading.Thread(target=run, args=(f"run {number}",)) for number in range(3)]
    threads[0].start()
    assert is_cooking.wait(60)
    for thread in threads[1:]:
        thread.start()
    while caplog.text.count("another run is making the same dish") < 2:
        threading.Event().wait(0.01)
    may_finish.set()
    for thread in threads:
        thread.join(60)
    assert kitchen.made == 1
    assert sorted(making.is_reused for making in ended) == [False, True, True]
    assert {making.run for making in ended} == {"run 0"}


def test_a_run_that_waited_for_one_that_failed_makes_the_output_itself(kitchen: Kitchen) -> None:
    def burn(_: Path) -> dict[str, Any]:
        raise ValueError("burnt")

    with pytest.raises(ValueError, match="burnt"):
        Store(kitchen.folder.parents[1], "Monday").make(kitchen.folder, PLANNED, burn)
    assert not kitchen.folder.exists()
    assert not kitchen.make("Tuesday").is_reused


def test_runs_of_one_data_set_wait_for_each_other_and_those_of_another_do_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store, order = Store(tmp_path), []

    def second() -> None:
        with store.only_run_of("news"):
            order.append("second")

    with store.only_run_of("news"):
        thread = threading.Thread(target=second)
        thread.start()
        while "another run of news is on: waiting for it" not in caplog.text:
            threading.Event().wait(0.01)
        with store.only_run_of("imdb"):
            order.append("imdb")
        order.append("first")
    thread.join(60)
    assert order == ["imdb", "first", "second"]


def test_a_lock_that_cannot_be_taken_is_an_output_that_cannot_be_written(kitchen: Kitchen, tmp_path: Path) -> None:
    (tmp_path / LOCKS / f"dish-{PLANNED.fingerprint[:16]}.lock").mkdir(parents=True)
    with pytest.raises(OutputUnwritableError, match=r"EISDIR.*TEXT_CLASSIFIER_DATA_DIR"):
        kitchen.make("Monday")


def test_the_latest_is_the_one_marked_and_without_a_mark_the_one_made_last(tmp_path: Path) -> None:
    made = {tmp_path / name: replace(PLANNED, created_at=f"2026-0{name}") for name in ("1", "3", "2")}
    assert latest_of(made) == tmp_path / "3"
    mark_latest(tmp_path / "1")
    assert latest_of(made) == tmp_path / "1"


@pytest.mark.parametrize("mark", [b"", b"gone\n", b"../3\n", b"\xff\n", b"\0\n", None])
def test_a_mark_that_names_nothing_finished_is_passed_over(tmp_path: Path, mark: bytes | None) -> None:
    made = {tmp_path / name: replace(PLANNED, created_at=name) for name in ("1", "2")}
    if mark is None:
        (tmp_path / LATEST).mkdir()
    else:
        (tmp_path / LATEST).write_bytes(mark)
    assert latest_of(made) == tmp_path / "2"
