"""A step in pieces is the step of the whole batch, and pieces get smaller until the memory holds them."""

import logging

import pytest
import torch
from torch import nn

from text_classifier.config import ModelOptions
from text_classifier.errors import TrainingError
from text_classifier.training.batches import Batch
from text_classifier.training.gradients import add_gradient, gradient_within_memory
from text_classifier.training.networks import BiLSTM, Sizes

ROWS, WIDTH = 11, 9


def network() -> nn.Module:
    torch.manual_seed(1)
    return BiLSTM(ModelOptions(embedding_size=8, hidden_size=4, layers=2), Sizes(vocabulary=30, classes=3, unk_id=1))


def batch(rows: int = ROWS) -> Batch:
    drawn = torch.Generator().manual_seed(2)
    lengths = torch.randint(1, WIDTH + 1, (rows,), generator=drawn)
    token_ids = torch.randint(2, 30, (rows, WIDTH), generator=drawn)
    token_ids[torch.arange(WIDTH) >= lengths[:, None]] = 0
    return Batch(token_ids, lengths, torch.randint(0, 3, (rows,), generator=drawn))


def gradients(trained: nn.Module) -> list[torch.Tensor]:
    return [weights.grad for weights in trained.parameters() if weights.grad is not None]


class Cramped(nn.Module):
    """Runs out of memory above so many examples at once, as a GPU does: in the midst of the work."""

    def __init__(self, most_rows: int, on_the_way_back: bool = False) -> None:
        super().__init__()
        self.inner, self.most_rows, self.on_the_way_back = network(), most_rows, on_the_way_back
        self.read: list[int] = []

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.inner(token_ids, lengths)
        self.read.append(len(lengths))
        if len(lengths) > self.most_rows:
            if not self.on_the_way_back:
                raise torch.OutOfMemoryError("CUDA out of memory")
            self.inner.embedding.weight.register_hook(self._refuse)
        return logits

    def _refuse(self, _: torch.Tensor) -> None:
        if self.read[-1] > self.most_rows:
            raise torch.OutOfMemoryError("CUDA out of memory")


@pytest.mark.parametrize("piece_rows", [1, 2, 4, 10, 11, 50])
def test_the_gradient_of_the_pieces_is_that_of_the_mean_loss_of_the_batch(piece_rows: int) -> None:
    whole, in_pieces, given = network(), network(), batch()
    expected = nn.functional.cross_entropy(whole(given.token_ids, given.lengths), given.labels)
    expected.backward()
    assert add_gradient(in_pieces, given, piece_rows) == pytest.approx(expected.item(), rel=1e-6)
    for seen, wanted in zip(gradients(in_pieces), gradients(whole), strict=True):
        torch.testing.assert_close(seen, wanted, rtol=1e-5, atol=1e-7)


def test_pieces_keep_the_gradient_where_products_are_computed_in_bfloat16() -> None:
    whole, in_pieces, given = network(), network(), batch()
    for trained, piece_rows in ((whole, None), (in_pieces, 3)):
        with torch.autocast("cpu", torch.bfloat16):
            add_gradient(trained, given, piece_rows)
    for seen, wanted in zip(gradients(in_pieces), gradients(whole), strict=True):
        torch.testing.assert_close(seen, wanted, rtol=0.05, atol=2e-3)


@pytest.mark.parametrize("on_the_way_back", [False, True])
def test_out_of_memory_the_batch_is_halved_until_it_fits_and_that_is_said(
    caplog: pytest.LogCaptureFixture, on_the_way_back: bool
) -> None:
    cramped, whole, given = Cramped(3, on_the_way_back), network(), batch()
    with caplog.at_level(logging.WARNING):
        loss, piece_rows = gradient_within_memory(cramped, given, None)
    assert piece_rows == 2
    assert cramped.read == [11, 5, 2, 2, 2, 2, 2, 1]
    assert "out of memory with 11 examples of 9 tokens at once; from here on 5 at once" in caplog.text
    assert loss == pytest.approx(add_gradient(whole, given, None), rel=1e-6)
    for seen, wanted in zip(gradients(cramped), gradients(whole), strict=True):
        torch.testing.assert_close(seen, wanted, rtol=1e-5, atol=1e-7)


def test_a_later_step_begins_with_the_pieces_that_fitted() -> None:
    cramped = Cramped(3)
    assert gradient_within_memory(cramped, batch(), 2)[1] == 2
    assert max(cramped.read) == 2


def test_the_gradient_of_the_step_before_is_not_in_the_next() -> None:
    trained, once = network(), network()
    for _ in range(2):
        gradient_within_memory(trained, batch(), None)
    add_gradient(once, batch(), None)
    assert all(torch.equal(seen, wanted) for seen, wanted in zip(gradients(trained), gradients(once), strict=True))


def test_a_memory_that_holds_no_example_is_an_error() -> None:
    with pytest.raises(TrainingError, match=r"a single example.*a text of 9 tokens.*lower max_length_tokens"):
        gradient_within_memory(Cramped(0), batch(), None)
