"""The networks: token ids to logits.

B batch, T tokens, E embedding, H hidden, C classes. Each is called with `token_ids` (B, T) int64 and `lengths` (B,)
int64 and returns logits (B, C).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from text_classifier.config.options import ArchitectureName, ModelOptions
from text_classifier.training.batches import PAD_ID
from text_classifier.training.ensemble import Ensemble
from text_classifier.training.layers import BidirectionalLSTM, last_real, max_and_mean

ENCODER = ("embedding.", "layers.")
"""How the names of the weights of an `Encoder` begin, in every network that is one."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a network must know of its data. `vocabulary` counts the special tokens."""

    vocabulary: int
    classes: int
    unk_id: int


class Encoder(nn.Module):
    """Embedding and bidirectional LSTM layers: what is said of a token by those before it, and by those behind it."""

    def __init__(self, options: ModelOptions, sizes: Sizes) -> None:
        super().__init__()
        self.unk_id, self.word_dropout_rate = sizes.unk_id, options.word_dropout_rate
        self.embedding = nn.Embedding(sizes.vocabulary, options.embedding_size)
        nn.init.normal_(self.embedding.weight, std=_EMBEDDING_STD)
        size, directions = options.hidden_size, options.directions
        first = BidirectionalLSTM(options.embedding_size, size)
        below = size if directions == "apart" else 2 * size
        others = (BidirectionalLSTM(below, size, directions) for _ in range(options.layers - 1))
        self.layers = nn.ModuleList([first, *others])
        self.dropout = nn.Dropout(options.dropout_rate)

    def encode(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(B, T) and (B,) -> (B, T, 2H), of no meaning in the padding."""
        if self.training and self.word_dropout_rate:
            dropped = torch.rand(token_ids.shape, device=token_ids.device) < self.word_dropout_rate
            token_ids = token_ids.masked_fill(dropped, self.unk_id)
        values: torch.Tensor = self.embedding(token_ids)  # (B, T, E)
        for layer in self.layers:
            values = layer(self.dropout(values), lengths)  # (B, T, 2H)
        return values


class BiLSTM(Encoder):
    """Bidirectional LSTM layers; largest and mean value of each unit over the text; one linear layer."""

    def __init__(self, options: ModelOptions, sizes: Sizes) -> None:
        super().__init__(options, sizes)
        self.head = nn.Linear(4 * options.hidden_size, sizes.classes)

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        values = self.encode(token_ids, lengths)  # (B, T, 2H)
        logits: torch.Tensor = self.head(self.dropout(max_and_mean(values, lengths)))
        return logits


class KerasBiLSTM(nn.Module):
    """Notebook 1's network with Keras's initial values; padding stands in front and is read like text.

    Two classes get one sigmoid as in the notebook: its logit z is returned as (0, z). More classes get C outputs.
    """

    def __init__(self, options: ModelOptions, sizes: Sizes) -> None:
        super().__init__()
        self.hidden_size = options.hidden_size
        self.embedding = nn.Embedding(sizes.vocabulary, options.embedding_size)
        self.lstm = nn.LSTM(
            options.embedding_size, options.hidden_size, options.layers, batch_first=True, bidirectional=True
        )
        self.head = nn.Linear(2 * options.hidden_size, 1 if sizes.classes == 2 else sizes.classes)
        self._initialise()

    def _initialise(self) -> None:
        """Keras's defaults, drawn over the whole matrix of four gates; its only bias is PyTorch's first.

        With both of PyTorch's biases learning, a bias takes steps twice as long under Adam: the second stays at zero.
        """
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        for name, weight in self.lstm.named_parameters():
            if name.startswith("weight_ih"):
                nn.init.xavier_uniform_(weight)
            elif name.startswith("weight_hh"):
                nn.init.orthogonal_(weight)
            else:
                nn.init.zeros_(weight)
            if name.startswith("bias_ih"):
                nn.init.ones_(weight.data[self.hidden_size : 2 * self.hidden_size])  # the forget gate
            if name.startswith("bias_hh"):
                weight.requires_grad_(False)

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        values, _ = self.lstm(self.embedding(token_ids))  # (B, T, 2H)
        there, back = values[:, -1, : self.hidden_size], values[:, 0, self.hidden_size :]  # (B, H) each
        logits: torch.Tensor = self.head(torch.cat([there, back], dim=-1))
        return F.pad(logits, (1, 0)) if logits.shape[1] == 1 else logits


class LSTMWithMLP(nn.Module):
    """Notebook 2's network; unlike there, the state after the last real token is read, not that after the padding."""

    def __init__(self, options: ModelOptions, sizes: Sizes) -> None:
        super().__init__()
        rate = options.dropout_rate
        self.embedding = nn.Embedding(sizes.vocabulary + 1, options.embedding_size, padding_idx=PAD_ID)
        self.lstm = nn.LSTM(options.embedding_size, options.hidden_size, options.layers, batch_first=True, dropout=rate)
        self.mlp = nn.Sequential(
            nn.Linear(options.hidden_size, 512),
            nn.ReLU(),
            nn.Dropout(rate),
            nn.Linear(512, 256),
            nn.ReLU(),
            nn.Dropout(rate),
            nn.Linear(256, sizes.classes),
        )

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        values, _ = self.lstm(self.embedding(token_ids))  # (B, T, H)
        logits: torch.Tensor = self.mlp(last_real(values, lengths))
        return logits


_EMBEDDING_STD = 0.1

MODELS: dict[ArchitectureName, Callable[[ModelOptions, Sizes], nn.Module]] = {
    "bilstm": BiLSTM,
    "keras-bilstm": KerasBiLSTM,
    "lstm-mlp": LSTMWithMLP,
}


def network_of(options: ModelOptions, sizes: Sizes) -> nn.Module:
    """An untrained network: one of MODELS, or an ensemble of such."""
    members = [MODELS[options.architecture](options, sizes) for _ in range(options.members)]
    return Ensemble(members) if len(members) > 1 else members[0]


def trainable_weights(network: nn.Module) -> int:
    """How many numbers of the network are learned."""
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
