"""Layers that read padded texts as if there were no padding.

B batch, T tokens, D floats per token, H floats per direction. `lengths` (B,): real tokens, padding behind them.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from text_classifier.training import kernel


def real_tokens(lengths: torch.Tensor, width: int) -> torch.Tensor:
    """(B, T) bool: True where a token is real."""
    return torch.arange(width, device=lengths.device) < lengths[:, None]


def reversing_index(lengths: torch.Tensor, width: int) -> torch.Tensor:
    """(B * T,) rows of a flattened (B, T) array, each text back to front within its own length, padding in place."""
    place = torch.arange(width, device=lengths.device)
    within = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
    return (within + width * torch.arange(len(lengths), device=lengths.device)[:, None]).flatten()


def reordered(values: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """`values` (B, T, D) with its B * T rows taken in the order of `index`."""
    return values.flatten(0, 1).index_select(0, index).view_as(values)


class BidirectionalLSTM(nn.Module):
    """One layer that reads each text in both directions within its own length.

    With `directions` "apart" it stands above another one, and each direction reads only what its own gave: `input_size`
    is that of one. So nothing of the tokens that are still to come is in what a direction says of those it has read.

    `nn.LSTM(bidirectional=True)` would start the way back in the padding and carry it into the text. Two one-way LSTMs
    over rows reversed within their length do not, and unlike packed sequences they take oneDNN's and cuDNN's fast path.
    Where `kernel.is_usable` the project's own code reads both ways instead, faster and without reversing a row.

    Attributes:
        may_use_kernel: False: not even where it could.
    """

    may_use_kernel = True

    def __init__(self, input_size: int, hidden_size: int, directions: Literal["mixed", "apart"] = "mixed") -> None:
        super().__init__()
        self.are_apart = directions == "apart"
        self.there = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.back = nn.LSTM(input_size, hidden_size, batch_first=True)

    def forward(self, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(B, T, D), apart (B, T, 2D) -> (B, T, 2H), of no meaning in the padding."""
        if self.may_use_kernel and not self.are_apart and kernel.is_usable(values, self.there.hidden_size):
            return kernel.read_both_ways(values, lengths, self.there, self.back)
        index = reversing_index(lengths, values.shape[1])
        ahead, behind = values.chunk(2, dim=-1) if self.are_apart else (values, values)  # (B, T, D) each
        there, _ = self.there(ahead)  # (B, T, H)
        back, _ = self.back(reordered(behind, index))  # (B, T, H), last token first
        return torch.cat([there, reordered(back, index)], dim=-1)


def max_and_mean(values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Largest value and mean over the real tokens of each text: (B, T, D) -> (B, 2D)."""
    real = real_tokens(lengths, values.shape[1])  # (B, T)
    largest = values.masked_fill(~real[:, :, None], -torch.inf).max(dim=1).values  # (B, D)
    total = (real[:, None].to(values.dtype) @ values).squeeze(1)  # (B, D); amax and sum take three times as long
    mean = total / lengths[:, None]
    return torch.cat([largest, mean], dim=-1)


def last_real(values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """The values at the last real token of each text: (B, T, D) -> (B, D)."""
    return values[torch.arange(len(lengths), device=lengths.device), lengths - 1]
