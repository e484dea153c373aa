"""The networks of `training.networks` once more, as ONNX graphs of their weights.

B batch, T tokens, E embedding, H hidden, D directions, C classes. ONNX's LSTM reads each text, and reads it back,
within its own length, as `BidirectionalLSTM` does, so no row is ever reversed here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from text_classifier.config.options import ArchitectureName, ModelOptions
from text_classifier.training.export.graph import FLOAT, INT32, Array, Graph, Weights
from text_classifier.training.export.ngrams import ngram_logits

TOKEN_IDS, LENGTHS = "token_ids", "lengths"
"""The inputs of every graph: (B, T) and (B,), both int64."""
LOGITS, PROBABILITIES = "logits", "probabilities"
"""Its outputs, both (B, C) float32: before the temperature, and the softmax after it."""


def logits_of(graph: Graph, weights: Weights, options: ModelOptions) -> str:
    """The logits (B, C) of a network or an ensemble, and of n-grams beside it, mixed."""
    if "share" not in weights:
        return _mean_logits(graph, weights, options)
    deep, wide = (_below(weights, name) for name in ("deep", "wide"))
    logits, others = _mean_logits(graph, deep, options), ngram_logits(graph, TOKEN_IDS, wide)
    return graph.add("Add", logits, graph.add("Mul", graph.add("Sub", others, logits), weights["share"]))


def bilstm(graph: Graph, weights: Weights, options: ModelOptions) -> str:
    """The logits (B, C) of `BiLSTM`."""
    lengths = graph.add("Cast", LENGTHS, to=INT32)
    values = _embedded(graph, weights)
    for layer in range(options.layers):
        cells = [_cell(weights, f"layers.{layer}.{way}.", "l0") for way in ("there", "back")]
        if layer and options.directions == "apart":
            values = _apart(graph, values, cells, lengths)
        else:
            values, _ = _lstm(graph, values, cells, lengths)
    return _linear(graph, _max_and_mean(graph, values), weights, "head")


def keras_bilstm(graph: Graph, weights: Weights, options: ModelOptions) -> str:
    """The logits (B, C) of `KerasBiLSTM`, which reads its padding: the lengths say nothing to it."""
    values, last = _embedded(graph, weights), ""
    for layer in range(options.layers):
        cells = [_cell(weights, "lstm.", f"l{layer}{way}") for way in ("", "_reverse")]
        values, last = _lstm(graph, values, cells, "")
    head = {name: weights[f"head.{name}"] for name in ("weight", "bias")}
    if len(head["bias"]) == 1:  # one sigmoid: its logit z is told as (0, z)
        head = {name: np.concatenate([np.zeros_like(values), values]) for name, values in head.items()}
    return _linear(graph, last, {f"head.{name}": values for name, values in head.items()}, "head")


def lstm_with_mlp(graph: Graph, weights: Weights, options: ModelOptions) -> str:
    """The logits (B, C) of `LSTMWithMLP`."""
    lengths = graph.add("Cast", LENGTHS, to=INT32)
    values, last = _embedded(graph, weights), ""
    for layer in range(options.layers):
        values, last = _lstm(graph, values, [_cell(weights, "lstm.", f"l{layer}")], lengths)
    for linear in ("mlp.0", "mlp.3"):
        last = graph.add("Relu", _linear(graph, last, weights, linear))
    return _linear(graph, last, weights, "mlp.6")


GRAPHS: dict[ArchitectureName, Callable[[Graph, Weights, ModelOptions], str]] = {
    "bilstm": bilstm,
    "keras-bilstm": keras_bilstm,
    "lstm-mlp": lstm_with_mlp,
}
"""What writes the graph of each of MODELS and returns the name of its logits."""


def _mean_logits(graph: Graph, weights: Weights, options: ModelOptions) -> str:
    build = GRAPHS[options.architecture]
    if options.members == 1:
        return build(graph, weights, options)
    alone = [build(graph, _below(weights, f"members.{place}"), options) for place in range(options.members)]
    return graph.add("Mean", *alone)


def _below(weights: Weights, part: str) -> Weights:
    return {name.removeprefix(f"{part}."): one for name, one in weights.items() if name.startswith(f"{part}.")}


def _embedded(graph: Graph, weights: Weights) -> str:
    by_place = graph.add("Transpose", TOKEN_IDS, perm=[1, 0])  # (T, B)
    return graph.add("Gather", weights["embedding.weight"], by_place)  # (T, B, E)


def _cell(weights: Weights, prefix: str, suffix: str) -> list[Array]:
    """The four weights of one direction, their gates in ONNX's order."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [_in_onnx_order(weights[f"{prefix}{name}_{suffix}"]) for name in names]


def _in_onnx_order(weights: Array) -> Array:
    """PyTorch's gates (4H, ...) are input, forget, cell, output; ONNX's are input, output, forget, cell."""
    of_input, forget, cell, output = np.split(weights, 4)
    return np.concatenate([of_input, output, forget, cell])


def _apart(graph: Graph, values: str, cells: Sequence[list[Array]], lengths: str) -> str:
    """(T, B, 2H) -> (T, B, 2H): each direction reads its own half."""
    ahead, behind = graph.add_many("Split", 2, values, axis=2)
    there, _ = _lstm(graph, ahead, cells[:1], lengths)
    back, _ = _lstm(graph, behind, cells[1:], lengths, "reverse")
    return graph.add("Concat", there, back, axis=2)


def _lstm(
    graph: Graph, values: str, cells: Sequence[list[Array]], lengths: str, one_way: str = "forward"
) -> tuple[str, str]:
    """(T, B, E) -> what every token gave (T, B, D * H), and what each direction ended with (B, D * H).

    Args:
        one_way: how a single direction reads, "forward" or "reverse".
    """
    of_input, of_state, *biases = (np.stack(parts) for parts in zip(*cells, strict=True))  # (D, 4H, ...)
    hidden = of_state.shape[2]
    outputs, last = graph.add_many(
        "LSTM",
        2,
        *(values, of_input, of_state, np.concatenate(biases, axis=1), lengths),
        direction="bidirectional" if len(cells) == 2 else one_way,
        hidden_size=hidden,
    )  # (T, D, B, H), (D, B, H)
    outputs = graph.add("Transpose", outputs, perm=[0, 2, 1, 3])  # (T, B, D, H)
    last = graph.add("Transpose", last, perm=[1, 0, 2])  # (B, D, H)
    width = len(cells) * hidden
    return graph.add("Reshape", outputs, np.array([0, 0, width])), graph.add("Reshape", last, np.array([0, width]))


def _max_and_mean(graph: Graph, values: str) -> str:
    """Largest value and mean over the real tokens of each text: (T, B, D * H) -> (B, 2 * D * H)."""
    tokens = graph.add("Shape", TOKEN_IDS, start=1, end=2)
    places = graph.add("Range", np.int64(0), graph.add("Squeeze", tokens), np.int64(1))  # (T,)
    real = graph.add("Less", graph.add("Unsqueeze", places, np.array([1])), LENGTHS)  # (T, B)
    real = graph.add("Unsqueeze", real, np.array([2]))  # (T, B, 1)
    largest = graph.add("ReduceMax", graph.add("Where", real, values, np.float32(-np.inf)), axes=[0], keepdims=0)
    total = graph.add("ReduceSum", graph.add("Where", real, values, np.float32(0)), np.array([0]), keepdims=0)
    counts = graph.add("Unsqueeze", graph.add("Cast", LENGTHS, to=FLOAT), np.array([1]))  # (B, 1)
    return graph.add("Concat", largest, graph.add("Div", total, counts), axis=1)


def _linear(graph: Graph, values: str, weights: Weights, name: str) -> str:
    return graph.add("Gemm", values, weights[f"{name}.weight"], weights[f"{name}.bias"], transB=1)
