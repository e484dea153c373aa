"""Logits and probabilities of many texts, in their own order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax
from torch import nn

from text_classifier.config.options import TrainingOptions
from text_classifier.training.batches import SCORING_BATCH, Windows, pad, plan_scoring
from text_classifier.training.examples import Float32s, Int64s
from text_classifier.training.wide import WideAndDeep

_TEMPERATURES = (0.05, 20.0)
DEEP, WIDE = "lstm", "ngrams"


@dataclass(frozen=True, slots=True)
class Scored:
    """What a model says of N texts.

    Attributes:
        probabilities: (N, C), each row sums to 1.
        parts: by name of a part of the model, (N,) the class ids that it predicts alone; empty where it has one part.
    """

    probabilities: Float32s
    parts: Mapping[str, Int64s]


def logits_of(network: nn.Module, windows: Windows, options: TrainingOptions) -> Float32s:
    """Logits (N, C) of N texts on the device on which the network stands, dropout off."""
    device = next(iter(network.state_dict().values())).device
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


def part_logits_of(network: WideAndDeep, windows: Windows, options: TrainingOptions) -> dict[str, Float32s]:
    """The `logits_of` each of the two parts."""
    return {
        DEEP: logits_of(network.deep, windows, options),
        WIDE: logits_of(network.wide, windows, options),
    }


def mixed(parts: Mapping[str, Float32s], share: float) -> Float32s:
    """The logits (N, C) of a `WideAndDeep` from those of its parts."""
    return np.asarray((1 - share) * parts[DEEP] + share * parts[WIDE], np.float32)


def score(network: nn.Module, windows: Windows, options: TrainingOptions, temperature: float) -> Scored:
    """What a network says of N texts, and each part of it where it has several."""
    if not isinstance(network, WideAndDeep):
        return Scored(probabilities_of(logits_of(network, windows, options), temperature), {})
    parts = part_logits_of(network, windows, options)
    alone = {name: logits.argmax(axis=1) for name, logits in parts.items()}
    return Scored(probabilities_of(mixed(parts, float(network.share)), temperature), alone)


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


def fit_share(parts: Mapping[str, Float32s], labels: Int64s) -> float:
    """The share (0-1) of the wide logits under which, at the best temperature, the labels (N,) are likeliest.

    The loss is convex in the scales of both parts; their sum is one over the temperature. 1 where the deep part tells
    the classes apart no better than chance: its logits are much the same for every text, and a share of them would be
    an opinion on how common the classes are in val.
    """
    said, names = parts[DEEP].argmax(axis=1), np.unique(labels)
    if np.mean([np.mean(said[labels == name] == name) for name in names]) <= 1 / len(names):
        return 1.0
    logits = np.stack([parts[DEEP], parts[WIDE]]).astype(np.float64)  # (2, N, C)
    of_label = logits[:, np.arange(len(labels)), labels]  # (2, N)

    def loss(scales: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        log_probabilities = log_softmax(np.tensordot(scales, logits, 1), axis=1)  # (N, C)
        slope = (np.exp(log_probabilities) * logits).sum(axis=2) - of_label  # (2, N)
        return -float(log_probabilities[np.arange(len(labels)), labels].mean()), slope.mean(axis=1)

    deep, wide = minimize(loss, np.ones(2), jac=True, method="L-BFGS-B", bounds=[(0, 1 / _TEMPERATURES[0])] * 2).x
    return float(wide / (deep + wide)) if deep + wide > 0 else 0.5
