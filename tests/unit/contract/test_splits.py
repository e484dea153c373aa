from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.contract.declared.odcs import SplitShares
from text_classifier.contract.splits import assign_split, assign_splits, normalise
from text_classifier.errors import DamagedOutputError

SHARES = SplitShares(seed=3, train_pct=70, val_pct=20, test_pct=10)
rows = st.lists(
    st.tuples(
        st.text(max_size=20),
        st.none() | st.text(max_size=5),
        st.sampled_from([None, "train", "val", "test", "unsup"]),
    ),
    max_size=20,
)


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(st.characters(codec="ascii")))
def test_plain_ascii_is_normalised_like_any_text(text: str) -> None:
    assert normalise(text) == normalise(f"{text} É").removesuffix("é").strip()


def test_case_punctuation_space_and_compatibility_forms_do_not_count() -> None:
    assert normalise("  Straße,\n№ 5_x!") == normalise("STRASSE no 5 x")


@given(rows, st.randoms())
def test_shuffling_and_growing_moves_no_row(drawn: list[tuple[str, str | None, str | None]], random: object) -> None:
    assigned = dict(zip(drawn, _assigned(drawn), strict=True))
    grown = [*drawn, ("a new text", None, None), *drawn]
    random.shuffle(grown)  # type: ignore[attr-defined]
    for row, split in zip(grown, _assigned(grown), strict=True):
        assert assigned.get(row, split) == split


@given(st.text(), st.sampled_from(["val", "test", "unsup"]))
def test_an_official_split_other_than_train_stays(key: str, official: str) -> None:
    assert assign_split(key, SHARES, official) == official


@given(st.text())
def test_the_official_train_split_never_gives_to_test(key: str) -> None:
    assert assign_split(key, SHARES, "train") in {"train", "val"}


@given(st.text(), st.text(), st.text())
def test_rows_of_one_group_stand_together_whatever_their_text(one: str, other: str, group: str) -> None:
    assert len(set(assign_splits([one, other], [group, group], [None, None], SHARES))) == 1


def test_texts_that_differ_in_case_only_stand_together() -> None:
    texts = [f"Note {number}" for number in range(200)]
    assert _assigned([(text, None, None) for text in texts]) == _assigned(
        [(text.upper(), None, None) for text in texts]
    )


def test_shares_hold_within_two_points_and_another_seed_divides_otherwise() -> None:
    keys = [f"key {number}" for number in range(20_000)]
    splits = [assign_split(key, SHARES) for key in keys]
    assert abs(splits.count("train") / 200 - 70) < 2
    assert abs(splits.count("val") / 200 - 20) < 2
    of_train = [assign_split(key, SHARES, "train") for key in keys]
    assert abs(of_train.count("val") / 200 - 100 * 20 / 90) < 2
    assert splits != [assign_split(key, SplitShares(4, 70, 20, 10)) for key in keys]


def test_the_assignment_is_what_it_was_in_the_first_release() -> None:
    """Changing the function would move rows of every data set from one split to another."""
    expected = "test train train train train train train train val test val val"
    assert [assign_split(f"key {number}", SHARES) for number in range(12)] == expected.split()


def _assigned(drawn: list[tuple[str, str | None, str | None]]) -> list[str]:
    texts = [normalise(text) for text, _, _ in drawn]
    return list(assign_splits(texts, [row[1] for row in drawn], [row[2] for row in drawn], SHARES))


def test_an_official_split_that_nobody_knows_is_refused() -> None:
    with pytest.raises(DamagedOutputError, match=r"a split that nobody knows; seen: 'dev'; expected: train, val"):
        assign_splits(["a", "b"], [None, None], ["train", "dev"], SHARES)
