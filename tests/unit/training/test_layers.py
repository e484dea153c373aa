import torch
from torch import nn

from text_classifier.training.layers import BidirectionalLSTM, last_real, max_and_mean, reordered, reversing_index

LENGTHS = torch.tensor([5, 1, 3])


def values() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(3, 6, 4)  # (B, T, D), noise in the padding


def test_reversing_stays_within_each_length_and_undoes_itself() -> None:
    batch = values()
    index = reversing_index(LENGTHS, 6)
    reversed_batch = reordered(batch, index)
    for row, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(reversed_batch[row, :length], batch[row, :length].flip(0))
        assert torch.equal(reversed_batch[row, length:], batch[row, length:])
    assert torch.equal(reordered(reversed_batch, index), batch)


def test_both_directions_equal_torchs_on_each_text_alone() -> None:
    layer, batch = BidirectionalLSTM(4, 7), values()
    reference = nn.LSTM(4, 7, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for name, weight in layer.there.named_parameters():
            reference.get_parameter(name).copy_(weight)
        for name, weight in layer.back.named_parameters():
            reference.get_parameter(f"{name}_reverse").copy_(weight)
        read = layer(batch, LENGTHS)
        for row, length in enumerate(LENGTHS.tolist()):
            alone, _ = reference(batch[row : row + 1, :length])
            torch.testing.assert_close(read[row, :length], alone[0], rtol=0, atol=1e-6)


def test_pooling_sees_real_tokens_only() -> None:
    batch = values()
    pooled = max_and_mean(batch, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        real = batch[row, :length]
        torch.testing.assert_close(pooled[row], torch.cat([real.amax(0), real.mean(0)]))


def test_the_last_real_token_is_read() -> None:
    batch = values()
    assert torch.equal(last_real(batch, LENGTHS), torch.stack([batch[0, 4], batch[1, 0], batch[2, 2]]))
