"""Logits and probabilities of many texts, in their own order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from torch import nn

from text_classifier.config.options import TrainingOptions
from text_classifier.training.batches import SCORING_BATCH, Windows, pad, plan_scoring
from text_classifier.training.examples import Int64s

Float32s = npt.NDArray[np.float32]

_TEMPERATURES = (0.05, 20.0)


def logits_of(network: nn.Module, windows: Windows, options: TrainingOptions) -> Float32s:
    """Logits (N, C) of N texts on the device on which the network stands, dropout off."""
    device = next(network.parameters()).device
    plan = plan_scoring(windows.lengths, SCORING_BATCH)
    network.eval()
    with torch.inference_mode():
        parts = []
        for rows in plan:
            token_ids, lengths = pad(windows, rows, options)
            parts.append(network(token_ids.to(device), lengths.to(device)).float().cpu().numpy())
    logits = np.empty((len(windows.lengths), parts[0].shape[1]), np.float32)
    logits[np.concatenate(plan)] = np.concatenate(parts)
    return logits


def probabilities_of(logits: Float32s, temperature: float) -> Float32s:
    """Softmax of logits (N, C) divided by the temperature; each row sums to 1."""
    return np.asarray(softmax(logits.astype(np.float64) / temperature, axis=1), np.float32)


def fit_temperature(logits: Float32s, labels: Int64s) -> float:
    """The temperature under which the labels (N,) are likeliest given the logits (N, C). It changes no prediction.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks.
    """
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[rows, labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=tuple(np.log(_TEMPERATURES)), method="bounded").x))
