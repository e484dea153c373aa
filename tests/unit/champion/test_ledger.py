import json
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import pytest
from champion_house import House, a_trained

from text_classifier.champion import promote_by_hand, read_ledger, roll_back
from text_classifier.champion.ledger import put_in_service
from text_classifier.comparison import Comparison, Kind
from text_classifier.config import PromotionRule
from text_classifier.errors import DamagedOutputError
from text_classifier.records import Evaluated
from text_classifier.store import Store

OLD = {
    "run": "old",
    "champion": None,
    "outcome": "first",
    "reason": "the first model with a signal",
    "common_rows": 0,
    "gain_pct": None,
    "p_value": None,
    "compared_at": "2026-11-27T03:00:00+00:00",
    "compared_by": "retrain news, flow run 1",
    "basis": "ab",
}


def write_ledger(house: House, *lines: dict[str, Any]) -> Path:
    house.folder.mkdir(parents=True, exist_ok=True)
    path = house.folder / "ledger.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def test_the_ledger_keeps_every_comparison_in_order(house: House) -> None:
    made = [house.challenged(house.model(run, rows)) for run, rows in (("first", 700), ("second", 703))]
    assert house.ledger == made


def test_a_line_that_was_written_is_never_written_again(house: House) -> None:
    path = write_ledger(house, OLD)
    house.model("old", 700)
    before = path.read_bytes()
    house.challenged(house.model("new", 703))
    assert path.read_bytes().startswith(before)
    assert len(path.read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("promoted", "found", "first", None, 0)),
        (
            {"outcome": "better", "champion": "older", "common_rows": 400, "gain_pct": 1.5, "p_value": 0.03},
            ("promoted", "found", "better", 0.015, 400),
        ),
        ({"outcome": "not separable", "gain_pct": -0.5}, ("not promoted", "found", "not separable", -0.005, 0)),
        ({"outcome": "worse"}, ("not promoted", "found", "worse", None, 0)),
        ({"outcome": "not comparable"}, ("not promoted", "found", "not comparable", None, 0)),
        ({"outcome": "no signal"}, ("not promoted", "not found", None, None, 0)),
        ({"outcome": "not eligible"}, ("not promoted", None, None, None, 0)),
    ],
)
def test_lines_of_the_first_rule_are_read(house: House, change: dict[str, Any], expected: tuple[object, ...]) -> None:
    write_ledger(house, OLD | change)
    (line,) = house.ledger
    assert (line.decision, line.signal, line.against_champion, line.gain_rate, line.rows) == expected
    assert (line.reason, line.spent, line.basis) == (OLD["reason"], 0, "")


def test_a_champion_of_the_first_rule_stays_in_service_and_is_challenged_by_todays(house: House) -> None:
    write_ledger(house, OLD)
    old = house.model("old", 700)
    assert house.challenged(old).rule == f"in service already, since {OLD['compared_at'][:10]}"
    comparison = house.challenged(house.model("new", 900))
    assert (comparison.champion, comparison.is_promoted) == ("old", True)


@pytest.mark.parametrize("text", ["{", "[]", '{"run": "first"}', '{"run": "a", "champion": null, "decision": "maybe"}'])
def test_a_line_that_cannot_be_read_is_told_and_nothing_is_promoted_over_it(house: House, text: str) -> None:
    house.challenged(house.model("first", 700))
    path = house.folder / "ledger.jsonl"
    path.write_text(path.read_text("utf-8") + text + "\n", "utf-8")
    with pytest.raises(DamagedOutputError, match="the ledger of comparisons cannot be read"):
        house.challenged(house.model("second", 900))


def line(run: str, champion: str | None, kind: Kind) -> Comparison:
    return Comparison(run, champion, "not promoted" if kind == "undone" else "promoted", "", kind)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        ([line("a", None, "challenge"), line("b", "a", "challenge")], ["a", "b"]),
        ([line("a", None, "challenge"), line("b", "a", "challenge"), line("a", "b", "roll back")], ["a"]),
        ([line("a", None, "challenge"), line("a", None, "undone")], []),
        ([line("a", None, "challenge"), line("b", "a", "by hand"), line("b", "a", "undone")], ["a"]),
        ([line("a", "b", "roll back")], []),  # the line that it undoes was removed by hand
    ],
)
def test_the_ledger_tells_who_is_in_service_and_who_was_before(lines: list[Comparison], expected: list[str]) -> None:
    assert put_in_service(lines) == expected


def test_a_run_killed_between_ledger_and_pointer_is_finished_by_the_next(house: House) -> None:
    house.challenged(house.model("first", 700))
    pointer = house.pointer.read_bytes()
    second = house.model("second", 900)
    promotion = house.challenged(second)
    finished = house.pointer.read_bytes()
    house.pointer.write_bytes(pointer)  # as the killed run left it
    assert house.challenged(second) == promotion
    assert house.pointer.read_bytes() == finished
    house.pointer.write_bytes(pointer)
    assert house.challenged(house.model("third", 700)).champion == "second"
    assert house.pointer.read_bytes() == finished


def test_a_run_killed_before_the_ledger_was_written_leaves_nothing(house: House) -> None:
    house.challenged(house.model("first", 700))
    (house.folder / ".ledger.jsonl.0a0a0a0a.partial").write_text('{"run": "sec', "utf-8")
    (house.folder / ".champion.json.0a0a0a0a.partial").write_text('{"run"', "utf-8")
    assert house.in_service == "first"
    assert house.challenged(house.model("second", 900)).is_promoted


def test_a_run_killed_while_it_withdrew_a_first_promotion_leaves_a_pointer_that_the_next_removes(house: House) -> None:
    house.challenged(house.model("first", 700))
    path = house.folder / "ledger.jsonl"
    undone = json.loads(path.read_text("utf-8")) | {"kind": "undone", "decision": "not promoted", "basis": ""}
    path.write_text(path.read_text("utf-8") + json.dumps(undone) + "\n", "utf-8")
    house.challenged(house.model("second", 700, signal="not found"))
    assert not house.pointer.exists()


@pytest.mark.parametrize("content", [b"", b"{", b'["first"]', b'{"model": "x"}'])
def test_a_pointer_that_cannot_be_read_is_written_anew(house: House, content: bytes) -> None:
    first = house.model("first", 700)
    house.challenged(first)
    whole = house.pointer.read_bytes()
    house.pointer.write_bytes(content)
    house.challenged(first)
    assert house.pointer.read_bytes() == whole


def test_a_champion_that_is_lost_together_with_its_pointer_can_still_be_rolled_back(house: House) -> None:
    house.challenged(house.model("first", 700))
    second = house.model("second", 900)
    house.challenged(second)
    shutil.rmtree(second.folder)
    house.pointer.unlink()
    roll_back("news", "category", "its files are gone", Store(house.data_dir))
    assert json.loads(house.pointer.read_text("utf-8"))["run"] == "first"


def challenge_at_once(data_dir: Path, evaluated: Evaluated, start: Any) -> None:
    start.wait()
    House(data_dir).challenged(evaluated)


def test_of_processes_that_challenge_at_once_each_meets_the_champion_that_the_one_before_left(house: House) -> None:
    house.challenged(house.model("first", 700))
    context = multiprocessing.get_context("spawn")  # a copy of a process with threads may lack them
    start = context.Barrier(4)
    models = [house.model(f"equal-{number}", 800) for number in range(4)]
    running = [context.Process(target=challenge_at_once, args=(house.data_dir, model, start)) for model in models]
    for process in running:
        process.start()
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0] * 4
    lines = house.ledger[1:]
    assert sorted(line.run for line in lines) == [model.run for model in models]
    assert [line.is_promoted for line in lines] == [True, False, False, False]
    assert {line.champion for line in lines[1:]} == {lines[0].run}
    assert json.loads(house.pointer.read_text("utf-8"))["run"] == lines[0].run


def test_by_hand_and_by_rule_share_one_ledger(house: House) -> None:
    first, second = house.model("first", 700), house.model("second", 600)
    house.challenged(first)
    promote_by_hand(a_trained(second), "the classes were renamed", Store(house.data_dir, "Ana"))
    assert [(line.run, line.kind) for line in read_ledger(house.folder)] == [
        ("first", "challenge"),
        ("second", "by hand"),
    ]
    assert house.challenged(house.model("third", 900), PromotionRule()).champion == "second"


def test_a_reason_of_any_characters_comes_back(house: House) -> None:
    """Some of them end a line for str.splitlines, and a lone surrogate has no UTF-8."""
    reason = "because\u2028so\x85and\u2029\ud800"
    house.challenged(house.model("first", 700))
    promote_by_hand(a_trained(house.model("second", 600)), reason, Store(house.data_dir))
    assert [line.reason for line in house.ledger][1] == reason


@pytest.mark.parametrize("left", [None, "", "\n"])
def test_a_ledger_that_is_lost_while_a_model_is_in_service_is_no_fresh_start(house: House, left: str | None) -> None:
    house.challenged(house.model("first", 700))
    path = house.folder / "ledger.jsonl"
    path.unlink() if left is None else path.write_text(left, "utf-8")
    with pytest.raises(DamagedOutputError, match="is lost, and a model is in service"):
        house.challenged(house.model("second", 600))
    assert json.loads(house.pointer.read_text("utf-8"))["run"] == "first"
