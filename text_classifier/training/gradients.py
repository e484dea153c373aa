"""The gradient of a step, of the whole batch at once or piece by piece where the memory does not hold it.

B batch, T tokens.
"""

from __future__ import annotations

import logging
from contextlib import suppress

import torch
from torch import nn

from text_classifier.errors import TrainingError
from text_classifier.training.batches import Batch
from text_classifier.training.objectives import CLASS_OF_TEXT, Objective

logger = logging.getLogger(__name__)


def gradient_within_memory(
    network: nn.Module, batch: Batch, piece_rows: int | None, objective: Objective = CLASS_OF_TEXT
) -> tuple[float, int | None]:
    """`add_gradient` to weights without one, with pieces halved until the memory holds them.

    Returns:
        The mean loss, and the examples per piece with which the memory held it.

    Raises:
        TrainingError: it does not hold a single example.
    """
    while True:
        network.zero_grad()
        with suppress(torch.OutOfMemoryError):
            return add_gradient(network, batch, piece_rows, objective), piece_rows
        piece_rows = _halved(batch, piece_rows)  # only here is everything freed that the failed attempt had held
        if batch.token_ids.is_cuda:
            torch.cuda.empty_cache()


def add_gradient(
    network: nn.Module, batch: Batch, piece_rows: int | None, objective: Objective = CLASS_OF_TEXT
) -> float:
    """Add the gradient of the mean loss over the predictions of the batch to that of the weights; returns that loss.

    `piece_rows` examples are read at once, None: all. The sum is the same but for rounding and for what dropout draws.
    """
    device, predictions = batch.token_ids.device, objective.predictions(batch.lengths)
    loss = torch.zeros((), device=device)
    for piece in batch.split(piece_rows or len(batch.lengths)):
        part = objective.loss_sum(network, piece) / predictions
        with torch.autocast(device.type, enabled=False):
            torch.autograd.backward(part)
        loss += part.detach()
    return loss.item()


def _halved(batch: Batch, piece_rows: int | None) -> int:
    rows, width = batch.token_ids.shape
    read = min(piece_rows or rows, rows)
    if read == 1:
        raise TrainingError(
            "the memory does not hold the step of a single example",
            where=f"a text of {width} tokens",
            expected="room for a text of max_length_tokens",
            to_do="lower max_length_tokens, hidden_size or embedding_size in the preset, or free the GPU",
        )
    logger.warning(
        "out of memory with %d examples of %d tokens at once; from here on %d at once, their gradients added up to the "
        "same step",
        read,
        width,
        read // 2,
    )
    return read // 2
