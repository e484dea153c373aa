"""What a training lowers: a sum of losses, one for each prediction that a text asks for.

B batch, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from text_classifier.training.batches import Batch


class Objective(Protocol):
    """A loss is the mean over predictions, whatever the batches they are made in."""

    def predictions(self, lengths: torch.Tensor) -> int:
        """How many predictions texts of `lengths` (B,) ask for; at least one."""

    def loss_sum(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        """The losses of all predictions of a batch, added up: a float32 scalar that can be differentiated."""

    def metrics(self, network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        """`val_loss` and what else is watched, each a mean over the predictions of a batch."""


class ClassOfText:
    """One prediction for each text: its class."""

    def predictions(self, lengths: torch.Tensor) -> int:
        return len(lengths)

    def loss_sum(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        return F.cross_entropy(network(batch.token_ids, batch.lengths), batch.labels, reduction="sum")

    def metrics(self, network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        logits = network(batch.token_ids, batch.lengths)  # (B, C)
        correct = (logits.argmax(dim=-1) == batch.labels).float().mean()
        return {"val_loss": F.cross_entropy(logits, batch.labels), "val_accuracy_rate": correct}


CLASS_OF_TEXT = ClassOfText()
