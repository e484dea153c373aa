"""Why a model answered as it did: how much each token moved it. B batch, T tokens, E embedding, C classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from text_classifier.training.batches import pad, plan_scoring, read_windows
from text_classifier.training.classifier import TextClassifier
from text_classifier.training.ensemble import Ensemble
from text_classifier.training.examples import Float32s, Int64s
from text_classifier.training.moving_words import MovingWord, strongest_words
from text_classifier.training.wide import WideAndDeep
from text_classifier.vocabulary.places import token_places

_BATCH = 32


def explain(
    classifier: TextClassifier, texts: Sequence[str], true_ids: Int64s, predicted_ids: Int64s
) -> list[list[MovingWord]]:
    """The words of N raw texts that moved the model from the true class (N,) to the predicted one (N,).

    By gradient x input, see `relevances_of`. Only what the model read can move it: words behind its window have no
    weight. A right answer has no words, as nothing lies between a class and itself.
    """
    if not texts:
        return []
    config = classifier.config
    lists = classifier.vocabulary.encode(texts)
    offsets = lists.offsets.to_numpy().astype(np.int64)
    windows = read_windows(lists.values.to_numpy(), offsets, config.training, config.unk_id)
    places = token_places(classifier.vocabulary.tokenizer, texts)
    words: list[list[MovingWord]] = [[] for _ in texts]
    for rows in plan_scoring(windows.lengths, _BATCH):
        token_ids, lengths = pad(windows, rows, config.training)
        relevances = relevances_of(classifier.network, token_ids, lengths, (true_ids[rows], predicted_ids[rows]))
        for row, relevance in zip(rows, relevances, strict=True):
            first = 0 if config.training.padding == "bucketed" else len(relevance) - windows.lengths[row]
            read = relevance[first : first + windows.lengths[row]]
            # Which token of the text was read first; -1 is the start id, which stands nowhere in it.
            at = windows.starts[row] - offsets[row] - (classifier.vocabulary.special.start is not None)
            words[row] = strongest_words(read[max(-at, 0) :], places[row][max(at, 0) :])
    return words


def relevances_of(
    network: nn.Module, token_ids: torch.Tensor, lengths: torch.Tensor, classes: tuple[Int64s, Int64s]
) -> Float32s:
    """What each token adds to (logit of the predicted class - logit of the true one), to first order: (B, T).

    The gradient with respect to a token's embedding, times that embedding, summed over E. For a network that is linear
    in its embeddings the sum over T is that difference, but for the biases. To these a wide part adds its own.

    Args:
        classes: the true and the predicted class of each text, (B,) each.

    Source: Denil, Demiraj and de Freitas 2014, Extraction of Salient Sentences from Labelled Documents, after Simonyan
    et al. 2013; the product with the input as in Ancona et al. 2018, Towards Better Understanding of Gradient-based
    Attribution Methods.
    """
    if isinstance(network, WideAndDeep):
        share, device = float(network.share), network.share.device
        ids = [torch.from_numpy(one).to(device) for one in classes]
        wide = network.wide.relevances_of(token_ids.to(device), *ids).cpu().numpy()
        deep = relevances_of(network.deep, token_ids, lengths, classes)
        return np.asarray((1 - share) * deep + share * wide, np.float32)
    if isinstance(network, Ensemble):
        alone = [relevances_of(member, token_ids, lengths, classes) for member in network.members]
        return np.asarray(np.mean(alone, axis=0), np.float32)
    device = next(network.parameters()).device
    true, predicted = (torch.from_numpy(ids).to(device) for ids in classes)
    embedded: list[torch.Tensor] = []

    def watch(_: nn.Module, __: object, output: torch.Tensor) -> torch.Tensor:
        embedded.append(output.detach().requires_grad_())  # (B, T, E)
        return embedded[0]

    network.eval()
    hook = network.get_submodule("embedding").register_forward_hook(watch)
    # cuDNN's LSTMs have no way back outside training mode, in which dropout would act.
    with hook, torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        logits = network(token_ids.to(device), lengths.to(device))  # (B, C)
        rows = torch.arange(len(logits), device=device)
        margin = logits[rows, predicted] - logits[rows, true]
        (gradient,) = torch.autograd.grad(margin.sum(), embedded)
    return np.asarray((gradient * embedded[0].detach()).sum(dim=-1).float().cpu().numpy(), np.float32)
