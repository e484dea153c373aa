"""How the wide part is fitted and how much of it is mixed in. S tokens of all texts, R texts, N n-grams, C classes."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from text_classifier.baselines.learners import nb_svm_weights
from text_classifier.baselines.ngrams import MIN_ROWS
from text_classifier.training.batches import PAD_ID, Windows
from text_classifier.training.examples import Int64s
from text_classifier.training.networks import Sizes
from text_classifier.training.wide import WideNgrams, find, longer

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

logger = logging.getLogger(__name__)


def fit_wide(windows: Windows, labels: Int64s, longest: int, sizes: Sizes) -> WideNgrams | None:
    """An NB-SVM on the n-grams of one to `longest` tokens that stand in at least MIN_ROWS of R texts, (R,) labels.

    Two classes get one regression, whose score z is the logits (0, z); more get one each, against the rest. None where
    no n-gram stands in so many texts.
    """
    started = time.perf_counter()
    logger.info("fitting the n-grams of 1 to %d tokens to %d texts", longest, len(labels))
    codes, present = _count(windows, longest, sizes.unk_id)
    if not codes:
        logger.warning("no n-gram stands in %d texts: the model has no wide part", MIN_ROWS)
        return None
    wide = WideNgrams([len(known) for known in codes], sizes.classes)
    for tokens, known in enumerate(codes, 1):
        wide.get_buffer(f"codes_{tokens}").copy_(known)
    for name in range(sizes.classes) if sizes.classes > 2 else [1]:
        weights, bias = nb_svm_weights(present, labels == name)
        wide.weights[:-1, name], wide.bias[name] = torch.from_numpy(weights), bias
    told = ", ".join(f"{known:,}" for known in wide.ngrams)
    logger.info("n-grams by their tokens: %s; fitted in %.1f seconds", told, time.perf_counter() - started)
    return wide


def _count(windows: Windows, longest: int, unk_id: int) -> tuple[list[torch.Tensor], csr_matrix]:
    """The codes of the known n-grams by their tokens, and which of them (N) stand in which text: (R, N)."""
    from scipy.sparse import csr_matrix, hstack

    stream, texts = _end_to_end(windows)
    wanted = torch.from_numpy(np.where((stream == PAD_ID) | (stream == unk_id), -1, stream))[None]  # (1, S)
    codes: list[torch.Tensor] = []
    blocks: list[csr_matrix] = []
    ids, units = wanted, wanted
    for _ in range(longest):
        known = torch.from_numpy(_in_enough_texts(wanted[0].numpy(), texts))
        if not len(known):
            break
        ids = find(known, wanted)
        units = units[:, 1:] if codes else ids
        codes.append(known)
        at = np.flatnonzero(ids[0] >= 0)
        block = csr_matrix((np.ones(len(at)), (texts[at], ids[0].numpy()[at])), (len(windows.lengths), len(known)))
        block.sum_duplicates()
        block.data[:] = 1
        blocks.append(block)
        wanted = longer(ids, units, len(codes[0]))
    return codes, hstack(blocks, format="csr") if blocks else csr_matrix((len(windows.lengths), 0))


def _end_to_end(windows: Windows) -> tuple[Int64s, Int64s]:
    """What is read of all texts, PAD behind each so that no n-gram runs over an end, and the text of each: (S,)."""
    lengths = windows.lengths + 1
    texts = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(texts)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    is_real = within < windows.lengths[texts]
    return np.where(is_real, windows.tokens[(windows.starts[texts] + within) * is_real], PAD_ID).astype(np.int64), texts


def _in_enough_texts(codes: Int64s, texts: Int64s) -> Int64s:
    """The codes of at least 0 that stand in at least MIN_ROWS texts, rising; `texts` of each code do not fall."""
    order = np.argsort(codes, kind="stable")
    codes, texts = codes[order], texts[order]
    is_first = np.ones(len(codes), bool)  # of its text
    is_first[1:] = (codes[1:] != codes[:-1]) | (texts[1:] != texts[:-1])
    distinct, rows = np.unique(codes[is_first], return_counts=True)
    return distinct[(rows >= MIN_ROWS) & (distinct >= 0)]
