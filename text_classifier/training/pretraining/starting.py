"""A network that starts from a pre-trained encoder.

V tokens of the network's vocabulary, E embedding.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from safetensors.torch import load_file
from torch import nn

from text_classifier import storage
from text_classifier.training.model_folder import WEIGHTS_FILE
from text_classifier.vocabulary import VOCABULARY_FILE

logger = logging.getLogger(__name__)


def start_from(network: nn.Module, folder: Path, tokens: pa.ChunkedArray) -> None:
    """Give an untrained network the weights of the encoder in `folder`; its other layers keep theirs.

    Ids shift whenever a vocabulary is built from other texts: the encoder's embeddings are found by the token itself.

    Args:
        tokens: (V,) of the network's vocabulary in the order of their ids. Those that the encoder does not know start
            from the mean of all that it does.

    Raises:
        DamagedOutputError: a file of the encoder is missing or was changed.
    """
    storage.verify(folder)
    weights = load_file(folder / WEIGHTS_FILE)
    known = pq.read_table(folder / VOCABULARY_FILE, columns=["token"])["token"]
    rows = pc.index_in(tokens, value_set=known).fill_null(-1).to_numpy()
    learned = weights["embedding.weight"]  # (tokens of the encoder, E)
    is_known = torch.from_numpy(rows >= 0)
    found = learned[torch.from_numpy(np.maximum(rows, 0))]  # (V, E)
    weights["embedding.weight"] = torch.where(is_known[:, None], found, learned.mean(dim=0))
    network.load_state_dict(network.state_dict() | weights)
    logger.info("starting from %s: it knows %d of %d tokens", folder, is_known.sum(), len(rows))
