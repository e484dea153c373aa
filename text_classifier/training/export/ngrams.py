"""The linear part of a network beside its LSTM as an ONNX graph: which known n-grams stand in a text.

B batch, T tokens, P places of n-grams, N known n-grams, C classes. An n-gram of one token is known by that token's id,
a longer one by (place of its first n - 1 tokens among those known) * (known tokens) + (place of its last token).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from text_classifier.training.export.graph import Array, Graph, Weights

_END = np.array([np.iinfo(np.int64).max])
_TOKENS = np.array([1])  # the axis


def ngram_logits(graph: Graph, token_ids: str, weights: Weights) -> str:
    """The logits (B, C) that the n-grams of texts give, each n-gram once however often it stands in a text.

    Args:
        weights: `codes_1`, `codes_2`, ... of n-grams of so many tokens, int64 and rising; `weights` (N + 1, C) in that
            order, the last for whatever is not known; `bias` (C,).
    """
    codes = [weights[f"codes_{tokens}"] for tokens in range(1, 10) if f"codes_{tokens}" in weights]
    rows = graph.add("Concat", *_rows_by_length(graph, token_ids, codes), axis=1)  # (B, P)
    rows = _each_once(graph, rows, np.int64(len(weights["weights"]) - 1))
    total = graph.add("ReduceSum", graph.add("Gather", weights["weights"], rows), _TOKENS, keepdims=0)  # (B, C)
    return graph.add("Add", total, weights["bias"])


def _rows_by_length(graph: Graph, token_ids: str, codes: list[Array]) -> Iterator[str]:
    """Rows of the weights for the n-grams that begin at each token: (B, T), then (B, T - 1) of two tokens, ..."""
    none, first = np.int64(sum(map(len, codes))), 0
    units = places = _find(graph, codes[0], token_ids)
    for tokens, known in enumerate(codes, 1):
        if tokens > 1:
            shorter = graph.add("Slice", places, np.array([0]), np.array([-1]), _TOKENS)
            units = graph.add("Slice", units, np.array([1]), _END, _TOKENS)  # the last token of each
            places = _find(graph, known, _longer(graph, shorter, units, len(codes[0])))
        row = graph.add("Add", places, np.int64(first))
        yield graph.add("Where", graph.add("Less", places, np.int64(0)), none, row)
        first += len(known)


def _longer(graph: Graph, shorter: str, last: str, known_tokens: int) -> str:
    """Codes of the n-grams of one token more, -1 where a part of one is not known."""
    unknown = graph.add("Less", graph.add("Min", shorter, last), np.int64(0))
    code = graph.add("Add", graph.add("Mul", shorter, np.int64(known_tokens)), last)
    return graph.add("Where", unknown, np.int64(-1), code)


def _find(graph: Graph, codes: Array, wanted: str) -> str:
    """The place of each wanted code among those that rise, -1 where it is not among them: a binary search, unrolled.

    `low` is the first of the `left` places where the largest code of at most the wanted one can stand.
    """
    table, left = graph.constant(codes), len(codes)
    low = graph.add("Mul", wanted, np.int64(0))
    while left > 1:
        half = left // 2
        middle = graph.add("Add", low, np.int64(half))
        is_below = graph.add("LessOrEqual", graph.add("Gather", table, middle), wanted)
        low, left = graph.add("Where", is_below, middle, low), left - half
    found = graph.add("Equal", graph.add("Gather", table, low), wanted)
    return graph.add("Where", found, low, np.int64(-1))


def _each_once(graph: Graph, rows: str, none: np.int64) -> str:
    """The rows (B, P) of each text in rising order, all but the first of equal ones replaced by `none`."""
    count = graph.add("Shape", rows, start=1, end=2)
    rows, _ = graph.add_many("TopK", 2, rows, count, axis=1, largest=0, sorted=1)
    first = graph.add("Slice", rows, np.array([0]), np.array([1]), _TOKENS)
    before = graph.add("Slice", rows, np.array([0]), np.array([-1]), _TOKENS)
    after = graph.add("Slice", rows, np.array([1]), _END, _TOKENS)
    others = graph.add("Where", graph.add("Equal", before, after), none, after)
    return graph.add("Concat", first, others, axis=1)
