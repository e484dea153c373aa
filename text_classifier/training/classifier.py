"""A trained model that scores texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import load_file
from torch import nn

from text_classifier import storage
from text_classifier.errors import DamagedOutputError
from text_classifier.records import Split, TrainedModel
from text_classifier.training.batches import Windows, read_windows
from text_classifier.training.examples import Float32s, Int32s, Int64s, load_encoded
from text_classifier.training.model_folder import CONFIG_FILE, LATER_FILES, WEIGHTS_FILE, ModelConfig, read_config
from text_classifier.training.networks import Sizes, network_of
from text_classifier.training.scoring import Scored, score
from text_classifier.training.wide import WideAndDeep, WideNgrams
from text_classifier.vocabulary import TOKENIZERS, VOCABULARY_FILE, Vocabulary


class TextClassifier:
    """Probabilities of the classes `class_names`, whose position is their id."""

    def __init__(self, config: ModelConfig, vocabulary: Vocabulary, network: nn.Module) -> None:
        self.config, self.vocabulary, self.network = config, vocabulary, network

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.config.class_names

    def predict_probabilities(self, texts: Sequence[str]) -> Float32s:
        """Probabilities (N, C) of N raw texts; each row sums to 1."""
        return self.score(texts).probabilities

    def score(self, texts: Sequence[str]) -> Scored:
        """What the model and its parts say of N raw texts."""
        return self._scored(self.windows_of(texts))

    def windows_of(self, texts: Sequence[str]) -> Windows:
        """What the model reads of N raw texts."""
        lists = self.vocabulary.encode(texts)
        return self._windows(lists.values.to_numpy(), lists.offsets.to_numpy().astype(np.int64))

    def score_ids(self, token_ids: Sequence[Int32s], vocabulary: Vocabulary) -> Scored:
        """What they say of N texts, each (tokens,) int32 and whole, as that vocabulary encoded them.

        Raises:
            DamagedOutputError: it is another than the model's, whose ids mean other words.
        """
        _check_vocabulary(vocabulary, self.vocabulary.digest, "the vocabulary that encoded the texts")
        offsets = np.cumsum([0, *(len(ids) for ids in token_ids)], dtype=np.int64)
        return self._scored(self._windows(np.concatenate([np.empty(0, np.int32), *token_ids]), offsets))

    def _windows(self, tokens: Int32s, offsets: Int64s) -> Windows:
        return read_windows(tokens, offsets, self.config.training, self.config.unk_id)

    def _scored(self, windows: Windows) -> Scored:
        if not len(windows.lengths):
            return Scored(np.empty((0, len(self.class_names)), np.float32), {})
        return score(self.network, windows, self.config.training, self.config.temperature)


def load_model(folder: Path) -> TextClassifier:
    """The model of a folder, on the GPU where there is one; nothing but that folder is read.

    What an evaluation or a report has added to the folder scores no text: it may be damaged.

    Raises:
        DamagedOutputError: a file of the model is missing, was changed, or needs another version of the tokenizer; or
            the vocabulary is not the one that the model was trained with.
    """
    storage.verify(folder, but=LATER_FILES)
    config = read_config(folder)
    tokenizer = TOKENIZERS[config.vocabulary.tokenizer]
    if tokenizer.version != config.tokenizer_version:
        raise DamagedOutputError(
            "a model was trained with another version of its tokenizer",
            where=str(folder / CONFIG_FILE),
            seen=f"{tokenizer.name} {config.tokenizer_version}",
            expected=f"{tokenizer.name} {tokenizer.version}",
            to_do="train again",
        )
    vocabulary = Vocabulary.load(folder / VOCABULARY_FILE, config.vocabulary)
    if config.vocabulary_digest:
        _check_vocabulary(vocabulary, config.vocabulary_digest, str(folder / VOCABULARY_FILE))
    network = network_of(config.model, Sizes(config.vocabulary_size, len(config.class_names), config.unk_id))
    if config.ngrams:
        network = WideAndDeep(network, WideNgrams(config.ngrams, len(config.class_names)))
    network.load_state_dict(load_file(folder / WEIGHTS_FILE))
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    return TextClassifier(config, vocabulary, network)


def predict_split(model: TrainedModel, data_dir: Path, split: Split) -> tuple[pa.Table, Scored]:
    """The examples of a split (example_id, text_digest) in encoded order, and what the model says of each.

    Reads the token ids that the vocabulary step wrote; they are those of the raw texts.

    Raises:
        DamagedOutputError: the model, or the corpus it was trained on, is missing or was changed.
    """
    classifier = load_model(model.folder)
    facts = storage.read_manifest(model.folder).facts
    corpus_folder = data_dir / facts["corpus_folder"]
    seen = storage.verify(corpus_folder).fingerprint
    if seen != classifier.config.corpus_fingerprint:
        raise DamagedOutputError(
            "the corpus that the model was trained on was replaced",
            where=str(corpus_folder),
            seen=seen,
            expected=classifier.config.corpus_fingerprint,
            to_do="train again",
        )
    encoded = load_encoded(corpus_folder, split)
    vocabulary = Vocabulary.load(corpus_folder / VOCABULARY_FILE, classifier.config.vocabulary)
    return encoded.keys, classifier.score_ids(np.split(encoded.tokens, encoded.offsets[1:-1]), vocabulary)


def _check_vocabulary(vocabulary: Vocabulary, expected: str, where: str) -> None:
    if vocabulary.digest != expected:
        raise DamagedOutputError(
            "a model meets another vocabulary than the one that it was trained with",
            where=where,
            seen=f"{len(vocabulary):,} tokens, digest {vocabulary.digest}",
            expected=f"digest {expected}",
            to_do="use the vocabulary.parquet that training wrote beside the weights, or train again with this one",
        )
