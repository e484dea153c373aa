from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.config import TrainingOptions
from text_classifier.training.batches import (
    Batches,
    Readable,
    SoftlyLabelled,
    SplitBatches,
    pad,
    plan_epoch,
    plan_scoring,
    read_windows,
)

UNK_ID = 1
lengths_of_texts = st.lists(st.integers(1, 500), min_size=1, max_size=300).map(lambda sizes: np.array(sizes, np.int64))


def flat(texts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(list(chain.from_iterable(texts)), np.int32), np.cumsum([0, *map(len, texts)])


@given(lengths=lengths_of_texts, size=st.integers(1, 70), seed=st.integers(0, 9), epoch=st.integers(0, 9))
@pytest.mark.parametrize("padding", ["bucketed", "front"])
def test_an_epoch_has_every_row_once_and_depends_on_seed_and_epoch_alone(padding, lengths, size, seed, epoch) -> None:
    options = TrainingOptions(batch_size=size, padding=padding)
    plan = plan_epoch(lengths, options, seed, epoch)
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(lengths)))
    assert sorted(map(len, plan))[1:] == [size] * (len(plan) - 1)
    again = plan_epoch(lengths, options, seed, epoch)
    assert all(np.array_equal(a, b) for a, b in zip(plan, again, strict=True))


def test_epochs_and_seeds_differ_in_their_order() -> None:
    lengths = np.full(100, 5)
    plans = [plan_epoch(lengths, TrainingOptions(), seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert len({np.concatenate(plan).tobytes() for plan in plans}) == 4


def test_bucketed_batches_hold_texts_of_like_length_in_mixed_order() -> None:
    lengths = np.random.default_rng(0).integers(1, 400, 3_200)
    plan = plan_epoch(lengths, TrainingOptions(batch_size=32), seed=0, epoch=0)
    padding = sum(int((lengths[rows].max() - lengths[rows]).sum()) for rows in plan)
    assert padding < 0.04 * lengths.sum()
    widths = [int(lengths[rows].max()) for rows in plan]
    assert widths != sorted(widths)


def test_scoring_goes_from_short_to_long_and_reads_every_row_once() -> None:
    plan = plan_scoring(np.array([3, 1, 2, 1, 9]), 2)
    assert [rows.tolist() for rows in plan] == [[1, 3], [2, 0], [4]]


@given(
    texts=st.lists(st.lists(st.integers(2, 99), max_size=12), min_size=1, max_size=6),
    keep=st.sampled_from(["head", "tail"]),
    padding=st.sampled_from(["bucketed", "front"]),
)
def test_padded_rows_hold_the_kept_end_of_each_text(texts: list[list[int]], keep, padding) -> None:
    options = TrainingOptions(max_length_tokens=7, keep=keep, padding=padding)
    token_ids, lengths = pad(read_windows(*flat(texts), options, UNK_ID), np.arange(len(texts)), options)
    for text, row, length in zip(texts, token_ids.tolist(), lengths.tolist(), strict=True):
        kept = (text[:7] if keep == "head" else text[-7:]) or [UNK_ID]
        rest = [0] * (len(row) - len(kept))
        assert row == (rest + kept if padding == "front" else kept + rest)
        assert length == len(kept)


def test_front_padding_has_a_fixed_width_and_bucketed_a_multiple_of_eight() -> None:
    for padding, width in (("front", 20), ("bucketed", 8)):
        options = TrainingOptions(max_length_tokens=20, padding=padding)
        token_ids, _ = pad(read_windows(*flat([[5, 6]]), options, UNK_ID), np.array([0]), options)
        assert token_ids.shape == (1, width)


def test_batches_carry_the_labels_of_their_rows() -> None:
    options = TrainingOptions()
    windows = read_windows(*flat([[5], [6], [7]]), options, UNK_ID)
    batches = Batches(Readable(windows, np.array([0, 1, 2])), [np.array([2, 0]), np.array([1])], options)
    assert len(batches) == 2
    assert [(b.token_ids[:, 0].tolist(), b.labels.tolist()) for b in batches] == [([7, 5], [2, 0]), ([6], [1])]


def test_the_first_epochs_read_unsup_among_train_and_the_others_train_alone() -> None:
    options = TrainingOptions(batch_size=3, max_epochs=4, unsup_epochs=2, max_length_tokens=2)
    train = Readable(read_windows(*flat([[5, 6], [7], [8, 9, 5]]), options, UNK_ID), np.array([0, 2, 1]))
    thought = np.array([[0.5, 0.25, 0.25], [0.0, 0.75, 0.25]], np.float32)
    unsup = SoftlyLabelled(read_windows(*flat([[20, 21, 22], [23]]), options, UNK_ID), thought)
    batches = SplitBatches(train, None, options, seed=0, unsup=unsup)
    sure = {(5, 6): [1, 0, 0], (7, 0): [0, 0, 1], (8, 9): [0, 1, 0]}
    told = sure | {(20, 21): thought[0].tolist(), (23, 0): thought[1].tolist()}
    for epoch, (expected, steps, rows) in enumerate([(told, 2, 5)] * 2 + [({5: 0, 7: 2, 8: 1}, 1, 3)] * 2):
        read = list(batches.of_epoch(epoch))
        pairs = [pair for batch in read for pair in zip(batch.token_ids.tolist(), batch.labels.tolist(), strict=True)]
        keys = [(tuple(ids[:2]) if epoch < 2 else ids[0], label) for ids, label in pairs]
        assert dict(keys) == expected
        assert (len(keys), batches.steps(epoch), batches.predictions(epoch)) == (rows, steps, rows)
    assert batches.most_steps == 2 + 2 + 1 + 1


def test_without_unlabelled_texts_every_epoch_reads_train() -> None:
    options = TrainingOptions(batch_size=2, max_epochs=2, unsup_epochs=1)
    train = Readable(read_windows(*flat([[5], [7], [8]]), options, UNK_ID), np.array([0, 2, 1]))
    batches = SplitBatches(train, None, options, seed=0)
    assert (batches.steps(0), batches.steps(1), batches.most_steps) == (2, 2, 4)
    assert {label for batch in batches.of_epoch(0) for label in batch.labels.tolist()} == {0, 1, 2}
