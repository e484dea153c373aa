"""A language model of both directions: neither has read what it predicts, and every prediction weighs alike."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from text_classifier.config import ModelOptions, TrainingOptions
from text_classifier.training.batches import Batch, Readable, SplitBatches, Windows
from text_classifier.training.examples import EncodedSplit
from text_classifier.training.fitting import fit
from text_classifier.training.gradients import add_gradient
from text_classifier.training.job import ignore_progress
from text_classifier.training.module import learned_groups
from text_classifier.training.networks import BiLSTM, Encoder, Sizes
from text_classifier.training.pretraining.language_model import LanguageModel, NextToken
from text_classifier.training.pretraining.texts import whole_texts

VOCABULARY = 30
APART = ModelOptions(embedding_size=6, hidden_size=5, layers=3, directions="apart")
SIZES = Sizes(VOCABULARY, 0, unk_id=1)


def texts(lengths: Sequence[int], width: int | None = None) -> Batch:
    """Texts of random ids, with padding behind them."""
    drawn = torch.Generator().manual_seed(sum(lengths))
    token_ids = torch.randint(2, VOCABULARY, (len(lengths), width or max(lengths)), generator=drawn)
    real = torch.arange(token_ids.shape[1]) < torch.tensor(lengths)[:, None]
    return Batch(token_ids * real, torch.tensor(lengths), torch.zeros(len(lengths), dtype=torch.int64))


def language_model(options: ModelOptions = APART) -> LanguageModel:
    torch.manual_seed(3)
    return LanguageModel(options, SIZES).eval()


@pytest.mark.parametrize(("directions", "is_blind"), [("apart", True), ("mixed", False)])
def test_no_direction_has_read_what_it_predicts_unless_directions_mix(directions: str, is_blind: bool) -> None:
    torch.manual_seed(0)
    encoder = Encoder(ModelOptions.model_validate({**APART.model_dump(), "directions": directions}), SIZES).eval()
    given = texts([11, 8])
    changed = given.token_ids.clone()
    place = 5
    changed[:, place] = 2 + (changed[:, place] - 1) % (VOCABULARY - 2)
    there, back = encoder.encode(given.token_ids, given.lengths).chunk(2, dim=-1)
    there_now, back_now = encoder.encode(changed, given.lengths).chunk(2, dim=-1)
    before = torch.equal(there[:, :place], there_now[:, :place])
    behind = torch.equal(back[:, place + 1 : 8], back_now[:, place + 1 : 8])
    assert (before, behind) == (is_blind, is_blind)
    assert not torch.equal(there[:, place], there_now[:, place])
    assert not torch.equal(back[:, place], back_now[:, place])


@torch.no_grad()
def expected_loss(model: LanguageModel, ids: torch.Tensor) -> float:
    """Of one text without padding, position by position."""
    there, back = model.encode(ids[None], torch.tensor([len(ids)]))[0].chunk(2, dim=-1)
    total = 0.0
    for place in range(len(ids) - 1):
        for state, onto, token in (
            (there[place], model.ahead, ids[place + 1]),
            (back[place + 1], model.behind, ids[place]),
        ):
            logits = model.embedding.weight @ onto(state) + model.bias
            total -= float(logits.log_softmax(dim=0)[token])
    return total


def test_the_loss_is_that_of_both_neighbours_of_each_real_token() -> None:
    model, batch = language_model(), texts([9, 5, 2], width=12)
    torch.nn.init.normal_(model.bias)
    expected = sum(expected_loss(model, ids[:length]) for ids, length in zip(*batch[:2], strict=True))
    assert model(batch.token_ids, batch.lengths).item() == pytest.approx(expected, rel=1e-5)
    assert NextToken().predictions(batch.lengths) == 2 * (8 + 4 + 1)


def test_logits_in_pieces_give_the_loss_and_the_gradient_of_the_whole() -> None:
    model, whole, batch = language_model(), language_model(), texts([60] * 90)
    predictions = NextToken().predictions(batch.lengths)
    assert predictions > 2 * 4_096
    states, next_ids = whole.predictions(batch.token_ids, batch.lengths)
    expected = F.cross_entropy(F.linear(states, whole.embedding.weight, whole.bias), next_ids)
    expected.backward()
    assert add_gradient(model, batch, None, NextToken()) == pytest.approx(expected.item(), rel=1e-5)
    for seen, wanted in zip(model.parameters(), whole.parameters(), strict=True):
        assert seen.grad is not None
        torch.testing.assert_close(seen.grad, wanted.grad, rtol=1e-4, atol=1e-7)


def test_a_step_in_pieces_weighs_every_prediction_alike() -> None:
    whole, in_pieces, batch = language_model(), language_model(), texts([2, 30, 7, 16, 3])
    losses = add_gradient(whole, batch, None, NextToken()), add_gradient(in_pieces, batch, 2, NextToken())
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    torch.testing.assert_close(whole.embedding.weight.grad, in_pieces.embedding.weight.grad, rtol=1e-4, atol=1e-7)


def test_the_losses_of_an_epoch_are_means_over_all_predictions(tmp_path: Path) -> None:
    model, rng = language_model().train(), np.random.default_rng(0)
    options = TrainingOptions(batch_size=64, max_epochs=1, learning_rate=1e-12, precision="float32")
    sizes = {"train": rng.integers(2, 40, 150), "val": rng.integers(2, 40, 300)}
    given = {name: texts(lengths.tolist()) for name, lengths in sizes.items()}
    expected = {name: model(*batch[:2]).item() / (2 * int((batch.lengths - 1).sum())) for name, batch in given.items()}
    read = [Readable(windows_of(batch), np.zeros(len(batch.lengths), np.int64)) for batch in given.values()]
    (row,) = fit(model, SplitBatches(*read, options, 0, NextToken()), tmp_path, ignore_progress).history.to_pylist()
    assert row["train_loss"] == pytest.approx(expected["train"], rel=1e-5)
    assert row["val_loss"] == pytest.approx(expected["val"], rel=1e-5)


def windows_of(batch: Batch) -> Windows:
    starts = batch.token_ids.shape[1] * np.arange(len(batch.lengths))
    return Windows(batch.token_ids.numpy().astype(np.int32).ravel(), starts, batch.lengths.numpy())


@given(st.lists(st.integers(0, 25), min_size=1, max_size=12), st.integers(2, 9), st.data())
def test_stretches_are_the_texts_that_are_read_and_nothing_else(
    lengths: list[int], width: int, data: st.DataObject
) -> None:
    is_read = np.array(data.draw(st.lists(st.booleans(), min_size=len(lengths), max_size=len(lengths))))
    offsets = np.cumsum([0, *lengths])
    tokens = np.arange(offsets[-1], dtype=np.int32)
    keys = pa.table({"text_digest": [""] * len(lengths)})
    stretches = whole_texts(EncodedSplit(keys, tokens, offsets), is_read, width)
    found = [tokens[start : start + size] for start, size in zip(stretches.starts, stretches.lengths, strict=True)]
    expected = []
    for row in np.flatnonzero(is_read):
        text = tokens[offsets[row] : offsets[row + 1]]
        expected += [text[at : at + width] for at in range(0, len(text), width)]
    assert [part.tolist() for part in found] == [part.tolist() for part in expected if len(part) > 1]


def test_the_encoder_takes_smaller_steps_where_that_is_asked() -> None:
    network = BiLSTM(APART, dataclasses.replace(SIZES, classes=2))
    (alike,) = learned_groups(network, TrainingOptions())
    assert len(alike["params"]) == len(list(network.parameters()))
    above, below = learned_groups(network, TrainingOptions(learning_rate=0.01, encoder_rate_share=0.1))
    assert [id(weight) for weight in above["params"]] == [id(weight) for weight in network.head.parameters()]
    assert below["lr"] == pytest.approx(0.001)
    assert len(below["params"]) == len(alike["params"]) - 2
