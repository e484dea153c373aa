from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drift_notes import (
    OTHER_WORDS,
    RULES,
    WORDS,
    Change,
    Rows,
    notes,
    with_values,
    write_examples,
)

from text_classifier.drift import Finding, Measurement
from text_classifier.drift.comparing import compare
from text_classifier.drift.deliveries import Delivery
from text_classifier.drift.findings import LEVEL, judged
from text_classifier.vocabulary import TOKENIZERS, Vocabulary
from text_classifier.vocabulary.ranking import SPECIALS

VOCABULARY = Vocabulary(
    TOKENIZERS["words"], SPECIALS["frequency"], pa.array(["[PAD]", "[UNK]", *WORDS, *OTHER_WORDS[:9]])
)
COUNT = 500
Compared = Callable[[Rows, Rows], list[Measurement]]


@pytest.fixture
def compared(tmp_path: Path) -> Compared:
    """What is measured between old and new rows."""

    def run(old: Rows, new: Rows) -> list[Measurement]:
        folders = [write_examples(tmp_path / name, rows) for name, rows in (("old", old), ("new", new))]
        return compare(*map(Delivery.read, folders), "kind", VOCABULARY)

    return run


def broken(measurements: list[Measurement]) -> set[tuple[str, str | None]]:
    return {(one.measurement.measure, one.measurement.column) for one in judged(measurements, RULES) if one.is_broken}


def by_measure(measurements: list[Measurement]) -> dict[tuple[str, str | None], Measurement]:
    return {(one.measure, one.column): one for one in measurements}


def test_where_nothing_changed_no_rule_is_broken(compared: Compared) -> None:
    """Of 20 pairs of deliveries with ten measures each none gives an alarm; few have a small p-value."""
    small = 0
    for seed in range(20):
        measurements = compared(notes(COUNT, 2 * seed), notes(COUNT, 2 * seed + 1))
        judged_ones = [one for one in measurements if one.value is not None]
        assert len(judged_ones) == 10
        assert broken(measurements) == set(), seed
        small += sum(one.p_value is not None and one.p_value < LEVEL for one in judged_ones)
    assert small <= 6  # 2 of 200 are expected; more than 6 less than once in 200 times


def topic(_: Rows) -> Rows:
    """Rows are added that speak of other things in words that the vocabulary knows."""
    return notes(COUNT, 0) + notes(COUNT // 3, 99, words=WORDS[::-1])


CHANGES: dict[str, tuple[Change, set[tuple[str, str | None]]]] = {
    "labels shifted": (with_values(0.4, kind="good"), {("labelShares", "kind")}),
    "a new class": (with_values(0.3, kind="new"), {("labelShares", "kind")}),
    "one class only": (with_values(1, kind="good"), {("labelShares", "kind")}),
    "texts twice as long": (lambda _: notes(COUNT, 1, least_words=40), {("textLength", None)}),
    "other words": (lambda _: notes(COUNT, 1, words=OTHER_WORDS), {("outOfVocabulary", None), ("newTexts", None)}),
    "a column emptied": (with_values(1, source=None), {("missingValues", "source")}),
    "half a column emptied": (with_values(0.5, stars=None), {("missingValues", "stars")}),
    "a column's shares changed": (with_values(0.5, source="east"), {("columnShares", "source")}),
    "numbers changed": (with_values(0.5, stars=9), {("columnShares", "stars")}),
    "dates moved on": (with_values(0.5, day=date(2025, 2, 3)), {("columnShares", "day")}),
    "another topic added": (topic, {("newTexts", None)}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_breaks_the_rule_about_it_and_no_other(name: str, compared: Compared) -> None:
    change, expected = CHANGES[name]
    assert broken(compared(notes(COUNT, 0), change(notes(COUNT, 1)))) == expected


def test_the_same_rows_are_no_change_and_hold_no_new_text(compared: Compared) -> None:
    rows = notes(COUNT, 0)
    found = by_measure(compared(rows, list(reversed(rows))))
    new_texts = found.pop(("newTexts", None))
    assert new_texts.value is None
    assert "0 texts to tell apart" in new_texts.told
    assert {(one.value, one.p_value) for one in found.values()} == {(0.0, 1.0)}


def test_the_figures_are_those_of_the_rows(compared: Compared) -> None:
    old = [row | {"kind": "bad", "source": "east"} for row in notes(200, 0)]
    new = [
        row | {"kind": ("bad", "good")[n % 4 == 0], "source": ("east", None)[n % 5 == 0]} for n, row in enumerate(old)
    ]
    found = by_measure(compared(old, new))
    assert found["labelShares", "kind"].value == pytest.approx(0.25)
    assert found["labelShares", "kind"].told == "most: 'bad', 100.0% before, 75.0% now"
    assert found["missingValues", "source"].value == pytest.approx(0.2)
    assert found["missingValues", "source"].told == "0.0% before, 20.0% now"
    assert (found["columnShares", "source"].value, found["columnShares", "source"].p_value) == (0, 1)


def test_unknown_tokens_are_counted_in_texts_that_the_vocabulary_was_not_built_from(compared: Compared) -> None:
    texts = {"train": "xx yy", "test": "word1 word2 zz word4"}
    old = [
        row | {"text": f"{texts[split]} word{n}", "split": split}
        for split in texts
        for n, row in enumerate(notes(99, 0))
    ]
    added = [
        row | {"text": f"word1 unheard-of {n % 99} word{n % 99}", "split": "train"}
        for n, row in enumerate(notes(99, 1))
    ]
    found = by_measure(compared(old, [*old, *added]))["outOfVocabulary", None]
    assert "20.0% before" in found.told
    assert found.value is not None
    assert 0.1 < found.value < 0.4


def test_added_rows_are_compared_with_all_old_ones_whatever_split_they_stand_in(compared: Compared) -> None:
    old = notes(COUNT, 0)
    moved = [row | {"split": "test"} for row in old]
    assert by_measure(compared(old, moved))["newTexts", None].value is None
    few = by_measure(compared(old, [*old, *notes(49, 1)]))["newTexts", None]
    enough = by_measure(compared(old, [*old, *notes(60, 1)]))["newTexts", None]
    assert (few.value, "49 texts" in few.told) == (None, True)
    assert enough.value is not None


def test_a_hundred_reviews_of_one_film_are_one_text(compared: Compared) -> None:
    film = [row | {"group": "film"} for row in notes(100, 1, words=OTHER_WORDS)]
    found = by_measure(compared(notes(COUNT, 0), film))["newTexts", None]
    assert found.told.startswith("1 texts to tell apart, one per group: too few")


HOSTILE: dict[str, Change] = {
    "all null": with_values(1, source=None, stars=None, day=None),
    "empty strings": with_values(1, source=""),
    "no test": lambda rows: [row | {"split": "train"} for row in rows],
    "test only": lambda rows: [row | {"split": "test"} for row in rows],
    "one row": lambda rows: rows[:1],
    "two rows": lambda rows: rows[:2],
    "one text": with_values(1, text="the same"),
    "blank texts": lambda rows: [row | {"text": " " * n} for n, row in enumerate(rows, start=1)],
    "no letters": lambda rows: [row | {"text": "\U0001f600" * n} for n, row in enumerate(rows, start=1)],
    "markup": lambda rows: [
        row | {"text": f"<script>{n}</script>\u202e", "source": "<b>|`x`"} for n, row in enumerate(rows)
    ],
    "numbers everywhere": lambda rows: [row | {"stars": n} for n, row in enumerate(rows)],
    "an immense word": lambda rows: [row | {"text": "w" * 100_000 + str(n)} for n, row in enumerate(rows[:60])],
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("is_old", [True, False], ids=["old", "new"])
def test_whatever_the_rows_are_like_every_measure_is_taken_or_says_why_not(
    name: str, is_old: bool, compared: Compared
) -> None:
    odd, usual = HOSTILE[name](notes(80, 1)), notes(80, 2)
    found = compared(odd, usual) if is_old else compared(usual, odd)
    assert len(found) == 1 + 3 + 3 + 1 + 1 + 1
    for one in found:
        assert one.told
        assert (one.value is None) == (one.p_value is None)
        assert one.value is None or (0 <= one.value <= 1 and 0 <= one.p_value <= 1)  # type: ignore[operator]


def test_a_column_that_one_side_lacks_is_named(tmp_path: Path) -> None:
    old, new = (write_examples(tmp_path / name, notes(60, seed)) for seed, name in enumerate(("old", "new")))
    for path in (old / "examples").iterdir():
        pq.write_table(pq.read_table(path).drop(["stars"]), path)
    found = by_measure(compare(Delivery.read(old), Delivery.read(new), "kind", VOCABULARY))
    assert found["columnShares", "stars"] == Measurement(
        "columnShares", "stars", None, None, "no such column in the old data"
    )
    assert found["columnShares", "source"].value is not None


def test_of_a_million_rows_a_change_that_matters_to_nobody_breaks_no_rule() -> None:
    """Significant, and small: it passes."""
    slight = Measurement("labelShares", "kind", 0.004, 1e-9, "told")
    (finding,) = judged([slight], RULES[:1])
    assert finding == Finding(slight, "passed", RULES[0].rule_id, "warning", 0.1)
    (finding,) = judged([replace(slight, value=0.2)], RULES[:1])
    assert finding.verdict == "warning"
    (finding,) = judged([replace(slight, value=0.2, p_value=0.02)], RULES[:1])
    assert finding.verdict == "passed"
