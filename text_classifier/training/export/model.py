"""A model as one ONNX file: token ids and lengths to logits and probabilities, with all that its user must know."""

from __future__ import annotations

import json
import logging
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from text_classifier.errors import TrainingError
from text_classifier.training.batches import Windows
from text_classifier.training.export.comparing import compare_with_network
from text_classifier.training.export.graph import Graph, Weights
from text_classifier.training.export.networks import LENGTHS, LOGITS, PROBABILITIES, TOKEN_IDS, logits_of
from text_classifier.training.model_folder import ONNX_FILE, ModelConfig

logger = logging.getLogger(__name__)


def export(folder: Path, network: nn.Module, config: ModelConfig, fingerprint: str, windows: Windows) -> float:
    """Write `model.onnx` of a network on the CPU; how far it is from that network on real texts.

    Args:
        fingerprint: of the model's folder.
        windows: what the model reads of the texts, of which a sample is scored by both.

    Raises:
        TrainingError: the two differ by more than the same sums in another order do.
    """
    path = folder / ONNX_FILE
    weights = {name: weight.numpy() for name, weight in network.state_dict().items()}
    path.write_bytes(onnx_bytes(config, weights, fingerprint))
    difference = compare_with_network(path, network, config, windows)
    if not difference.is_small:
        raise TrainingError(
            "the ONNX file answers otherwise than the network that it was made of",
            where=ONNX_FILE,
            seen=f"logits or probabilities that differ by {difference.largest:.2g}, text of {difference.tokens} tokens",
            expected=f"{difference.allowed:.2g} at most",
            to_do="install the versions of requirements.lock; if it stays so, GRAPHS and MODELS differ: correct GRAPHS",
        )
    logger.info(
        "%s: %.1f MB, differs from the network by %.2g at most",
        ONNX_FILE,
        path.stat().st_size / 1e6,
        difference.largest,
    )
    return difference.largest


def onnx_bytes(config: ModelConfig, weights: Weights, fingerprint: str) -> bytes:
    """The ONNX file of a model: the same model, the same bytes. Batch and tokens may be of any number from 1 on.

    With a batch of none onnxruntime 1.32 ends the process (its LSTM does), and a text without tokens has no mean.

    Its metadata are `described`, each as JSON.
    """
    graph = Graph()
    logits = logits_of(graph, weights, config.model)
    graph.name(logits, LOGITS)
    graph.name(graph.add("Softmax", graph.add("Div", logits, np.float32(config.temperature)), axis=1), PROBABILITIES)
    classes = len(config.class_names)
    return graph.serialized(
        {TOKEN_IDS: ("batch", "tokens"), LENGTHS: ("batch",)},
        {LOGITS: ("batch", classes), PROBABILITIES: ("batch", classes)},
        {name: json.dumps(value, ensure_ascii=False) for name, value in described(config, fingerprint).items()},
        version("text-classifier"),
    )


def described(config: ModelConfig, fingerprint: str) -> dict[str, Any]:
    """What an ONNX file says of its model: the fields of `config.json` and `model_fingerprint`."""
    return {**config.model_dump(mode="json"), "model_fingerprint": fingerprint}
