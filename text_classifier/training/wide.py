"""The wide part of a network: which known n-grams of token ids stand in a text, each with a weight of its own.

B batch, T tokens, P places of n-grams, N known n-grams, C classes. An n-gram of one token is known by that token's id,
a longer one by the place of its first n - 1 tokens among those known and of its last token among the known tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn


class WideNgrams(nn.Module):
    """Logits (B, C) linear in the presence of n-grams; how often one stands in a text changes nothing.

    Padding and unknown tokens are no known n-grams, so none contains them.

    Attributes:
        codes_1, codes_2, ...: the known n-grams of one token, of two, ..., int64 in rising order.
        weights: (N + 1, C), those of one token first; the last row is that of all other n-grams, and zero.
        bias: (C,).
    """

    weights: torch.Tensor
    bias: torch.Tensor

    def __init__(self, ngrams: Sequence[int], classes: int) -> None:
        """`ngrams`: how many are known of one token, of two, and so on, at least one each."""
        super().__init__()
        self.ngrams = tuple(ngrams)
        for tokens, known in enumerate(ngrams, 1):
            self.register_buffer(f"codes_{tokens}", torch.zeros(known, dtype=torch.int64))
        self.register_buffer("weights", torch.zeros(sum(ngrams) + 1, classes))
        self.register_buffer("bias", torch.zeros(classes))

    @property
    def learned_weights(self) -> int:
        """How many numbers of it, codes aside, are not zero."""
        return int(self.weights.count_nonzero() + self.bias.count_nonzero())

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        rows = torch.cat(list(self.rows_by_length(token_ids)), dim=1).sort(dim=1).values  # (B, P)
        is_repeated = rows[:, 1:] == rows[:, :-1]
        rows = torch.cat([rows[:, :1], rows[:, 1:].masked_fill(is_repeated, len(self.weights) - 1)], dim=1)
        return self.weights[rows].sum(dim=1) + self.bias

    def rows_by_length(self, token_ids: torch.Tensor) -> Iterator[torch.Tensor]:
        """Rows of `weights` of the n-grams that begin at each token: (B, T), then (B, T - 1) of two tokens, ..."""
        ids, units, first = token_ids, token_ids, 0
        for tokens, known in enumerate(self.ngrams, 1):
            if tokens > 1:
                ids = longer(ids, units, self.ngrams[0])
                units = units[:, 1:]
            ids = find(self.get_buffer(f"codes_{tokens}"), ids)
            units = ids if tokens == 1 else units
            yield torch.where(ids < 0, len(self.weights) - 1, ids + first)
            first += known

    def relevances_of(self, token_ids: torch.Tensor, true: torch.Tensor, predicted: torch.Tensor) -> torch.Tensor:
        """What each token adds to (logit of the predicted class - logit of the true one): (B, T).

        The weight of an n-gram goes in equal parts to the tokens of all places where it stands: the sum over T is that
        difference, but for the bias. `true` and `predicted` are class ids (B,).
        """
        relevances = torch.zeros(token_ids.shape, device=token_ids.device)  # (B, T)
        for tokens, rows in enumerate(self.rows_by_length(token_ids), 1):
            difference = self.weights[rows, predicted[:, None]] - self.weights[rows, true[:, None]]  # (B, P)
            ranked = rows.sort(dim=1).values
            places = torch.searchsorted(ranked, rows, right=True) - torch.searchsorted(ranked, rows)  # (B, P)
            shares = difference / (places * tokens)  # (B, P)
            for at in range(tokens):
                relevances[:, at : at + shares.shape[1]] += shares
        return relevances


class WideAndDeep(nn.Module):
    """Logits of two networks, mixed: (1 - share) of the deep one's and `share` (0-1) of the wide one's."""

    share: torch.Tensor

    def __init__(self, deep: nn.Module, wide: WideNgrams, share: float = 0.5) -> None:
        super().__init__()
        self.deep, self.wide = deep, wide
        self.register_buffer("share", torch.tensor(share))

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        deep, wide = self.deep(token_ids, lengths), self.wide(token_ids, lengths)  # (B, C) each
        mixed: torch.Tensor = torch.lerp(deep, wide, self.share)
        return mixed


def find(codes: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """The place of each wanted code among `codes`, which rise; -1 where it is not among them."""
    at = torch.searchsorted(codes, wanted).clamp(max=len(codes) - 1)
    return torch.where(codes[at] == wanted, at, -1)


def longer(ids: torch.Tensor, units: torch.Tensor, known_tokens: int) -> torch.Tensor:
    """Codes of the n-grams of one token more, -1 where a part of one is not known: (B, P) -> (B, P - 1).

    Args:
        ids: (B, P) places of the n-grams that begin at each token.
        units: (B, P) places of the token that ends each of them.
        known_tokens: the places of tokens lie below it.
    """
    shorter, last = ids[:, :-1], units[:, 1:]
    return torch.where((shorter >= 0) & (last >= 0), shorter * known_tokens + last, -1)
