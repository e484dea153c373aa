"""What an ONNX file answers to real texts, beside the network: the one door to onnxruntime. N texts, C classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.capi import onnxruntime_pybind11_state as runtime
from torch import nn

from text_classifier.config.options import TrainingOptions
from text_classifier.training.batches import Windows, pad
from text_classifier.training.examples import Float32s, Int64s
from text_classifier.training.export.networks import LENGTHS, LOGITS, PROBABILITIES, TOKEN_IDS
from text_classifier.training.model_folder import ModelConfig
from text_classifier.training.scoring import logits_of, probabilities_of

TOLERANCE = 1e-4
"""Of a logit or probability, times the largest logit where that is above 1. Both sides compute in float32 but sum in
another order and approximate tanh in another way: 3e-6 on 2,708 reviews. A wrong gate or length shows in the first
digits."""

NOT_ANSWERED = (runtime.Fail, runtime.InvalidArgument, runtime.InvalidGraph, runtime.InvalidProtobuf, runtime.NoModel)
"""What onnxruntime raises of a file that is no model, or one that cannot read the texts."""

_TEXTS = 64


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest difference of a logit or a probability, what is allowed, and the tokens of the text it was at."""

    largest: float
    allowed: float
    tokens: int

    @property
    def is_small(self) -> bool:
        return self.largest <= self.allowed


def compare_with_network(path: Path, network: nn.Module, config: ModelConfig, windows: Windows) -> Difference:
    """How far an ONNX file is from the network, on a sample of N texts from the shortest to the longest.

    The file scores the sample as one padded batch, and text by text.
    """
    sample = _sample(windows)
    logits = logits_of(network, sample, config.training)
    expected = np.hstack([logits, probabilities_of(logits, config.temperature)])  # (N, 2C)
    rows = np.arange(len(sample.lengths))
    session = _session(path)
    together = _answers(session, sample, rows, config.training)
    alone = np.vstack([_answers(session, sample, row, config.training) for row in np.split(rows, len(rows))])
    off = np.abs(np.stack([together, alone]) - expected).max(axis=(0, 2))  # (N,)
    worst = int(off.argmax())  # NaN counts as the largest
    allowed = TOLERANCE * max(1.0, float(np.abs(logits).max()))
    return Difference(float(off[worst]), allowed, int(sample.lengths[worst]))


def metadata(path: Path) -> dict[str, Any]:
    """What an ONNX file says of its model, by name."""
    return {name: json.loads(value) for name, value in _session(path).get_modelmeta().custom_metadata_map.items()}


def _sample(windows: Windows) -> Windows:
    """At most `_TEXTS` windows, taken evenly from all in the order of their lengths, first and last among them."""
    by_length = np.argsort(windows.lengths, kind="stable")
    places = np.linspace(0, len(by_length) - 1, min(_TEXTS, len(by_length))).round().astype(np.int64)
    rows = by_length[places]
    return Windows(windows.tokens, windows.starts[rows], windows.lengths[rows])


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _answers(
    session: onnxruntime.InferenceSession, windows: Windows, rows: Int64s, options: TrainingOptions
) -> Float32s:
    """Logits and probabilities side by side, (N, 2C)."""
    token_ids, lengths = pad(windows, rows, options)
    inputs = {TOKEN_IDS: token_ids.numpy(), LENGTHS: lengths.numpy()}
    return np.hstack(session.run([LOGITS, PROBABILITIES], inputs))
