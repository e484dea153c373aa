"""Networks side by side, each trained for itself. B batch, T tokens, C classes."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


class Ensemble(nn.Module):
    """Networks of one kind that began with other weights and read other batches; their logits are averaged.

    Source: Lakshminarayanan, Pritzel and Blundell 2017, Simple and Scalable Predictive Uncertainty Estimation Using
    Deep Ensembles.
    """

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(B, T) and (B,) -> (B, C)."""
        return torch.stack([member(token_ids, lengths) for member in self.members]).mean(dim=0)
