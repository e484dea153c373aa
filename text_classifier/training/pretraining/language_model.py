"""The language model that an encoder learns by: each direction predicts the token that it reads next.

B batch, T tokens, P predictions of a batch, V vocabulary, E embedding, H hidden.

Source: Dai and Le 2015, Semi-supervised Sequence Learning; Howard and Ruder 2018, Universal Language Model Fine-tuning;
Press and Wolf 2017, Using the Output Embedding to Improve Language Models (why the embedding is the softmax's weight).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from text_classifier.config.options import ModelOptions
from text_classifier.training.batches import Batch
from text_classifier.training.layers import real_tokens
from text_classifier.training.networks import Encoder, Sizes

_PIECE_PREDICTIONS = 4_096  # whose V logits stand in memory at once: 0.5 GB of float32 with 30,000 tokens


class LanguageModel(Encoder):
    """An encoder whose directions are apart: none has read, in any layer, what it is to predict."""

    def __init__(self, options: ModelOptions, sizes: Sizes) -> None:
        super().__init__(options, sizes)
        self.ahead = nn.Linear(options.hidden_size, options.embedding_size)
        self.behind = nn.Linear(options.hidden_size, options.embedding_size)
        self.bias = nn.Parameter(torch.zeros(sizes.vocabulary))

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """The negative log-likelihoods (nats) of all predictions, added up."""
        states, next_ids = self.predictions(token_ids, lengths)
        pieces = zip(*(torch.split(whole, _PIECE_PREDICTIONS) for whole in (states, next_ids)), strict=True)
        # The logits of a piece are computed again on the way back: half as much time again for a bounded memory.
        sums = [checkpoint(self._loss_sum, *piece, use_reentrant=False, preserve_rng_state=False) for piece in pieces]
        return torch.stack(sums).sum()

    def predictions(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What is to be as near as possible to the embedding of which token: (P, E) and (P,), first those ahead."""
        there, back = self.dropout(self.encode(token_ids, lengths)).chunk(2, dim=-1)  # (B, T, H) each
        has_next = real_tokens(lengths - 1, token_ids.shape[1] - 1)  # (B, T - 1)
        states = torch.cat([self.ahead(there[:, :-1][has_next]), self.behind(back[:, 1:][has_next])])
        return states, torch.cat([token_ids[:, 1:][has_next], token_ids[:, :-1][has_next]])

    def _loss_sum(self, states: torch.Tensor, next_ids: torch.Tensor) -> torch.Tensor:
        logits = F.linear(states, self.embedding.weight, self.bias)  # (P, V)
        return F.cross_entropy(logits.float(), next_ids, reduction="sum")


class NextToken:
    """Two predictions for each pair of neighbours: the second from all before it, the first from all behind it."""

    def predictions(self, lengths: torch.Tensor) -> int:
        return 2 * int((lengths - 1).sum())

    def loss_sum(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        loss_sum: torch.Tensor = network(batch.token_ids, batch.lengths)
        return loss_sum

    def metrics(self, network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        return {"val_loss": self.loss_sum(network, batch) / self.predictions(batch.lengths)}
