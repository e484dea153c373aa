"""Labels handed from group to group."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.baselines.shuffling import Shuffling

GROUPS = st.lists(st.integers(0, 6), min_size=1, max_size=40)


def drawn(groups: list[int], labels: list[int], seed: int = 0) -> np.ndarray:
    return Shuffling.within(np.array(groups)).draw(np.array(labels), np.random.default_rng(seed))


@given(st.lists(st.integers(0, 3), min_size=1), st.integers(0, 99))
def test_without_groups_it_is_a_permutation(labels: list[int], seed: int) -> None:
    assert sorted(drawn(list(range(len(labels))), labels, seed)) == sorted(labels)


@given(GROUPS, st.integers(0, 99))
def test_a_group_of_one_label_stays_one_of_one_label(groups: list[int], seed: int) -> None:
    shuffled = drawn(groups, groups, seed)  # the label of a row is its group
    for group in set(groups):
        assert len(set(shuffled[np.array(groups) == group])) == 1


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 99))
def test_groups_of_one_size_change_their_labels_whole(count: int, size: int, seed: int) -> None:
    groups = np.repeat(np.arange(count), size)
    labels = np.arange(count * size)
    shuffled = drawn(groups.tolist(), labels.tolist(), seed)
    assert sorted(shuffled) == labels.tolist()
    assert all(len(set(part // size)) == 1 for part in shuffled.reshape(count, size))


def test_labels_move_between_groups_of_comparable_size_only() -> None:
    groups = [0] * 8 + [1] * 12 + [2] * 20
    for seed in range(20):
        shuffled = drawn(groups, groups, seed)
        assert set(shuffled[20:]) == {2}
        assert set(shuffled[:20]) <= {0, 1}


def test_every_group_gets_the_labels_of_every_other_in_the_long_run() -> None:
    groups = [0, 0, 1, 1, 1, 2, 2]
    seen = {tuple(drawn(groups, groups, seed)[[0, 2, 5]]) for seed in range(100)}
    assert len(seen) == 6
