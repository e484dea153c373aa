from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from telling_texts import TELLING, pairs
from torch import nn

from text_classifier import training
from text_classifier.config import ModelOptions, TrainingOptions, VocabularyOptions
from text_classifier.records import DataSet
from text_classifier.store import Store
from text_classifier.training import TrainingJob, train
from text_classifier.training.attribution import explain, relevances_of
from text_classifier.training.classifier import TextClassifier
from text_classifier.training.model_folder import ModelConfig
from text_classifier.training.moving_words import KEPT_WORDS, MovingWord, strongest_words
from text_classifier.training.networks import MODELS, Sizes
from text_classifier.training.wide import WideAndDeep, WideNgrams
from text_classifier.vocabulary import TOKENIZERS, Vocabulary
from text_classifier.vocabulary.ranking import SPECIALS

TOKENS, CLASSES = 9, 3
TRUE, PREDICTED = np.array([0, 1, 2]), np.array([2, 0, 1])
LENGTHS = torch.tensor([TOKENS, 1, 4])


class LinearNetwork(nn.Module):
    """Logits that are linear in the embeddings of the real tokens, without a bias."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.head = nn.Embedding(30, 6), nn.Linear(6, CLASSES, bias=False)

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        real = torch.arange(token_ids.shape[1]) < lengths[:, None]
        return self.head((self.embedding(token_ids) * real[:, :, None]).sum(dim=1))


def network(architecture: str, classes: int = CLASSES) -> nn.Module:
    options = ModelOptions(architecture=architecture, embedding_size=6, hidden_size=5, layers=2, dropout_rate=0.5)
    torch.manual_seed(0)
    return MODELS[options.architecture](options, Sizes(vocabulary=30, classes=classes, unk_id=1))


def batch() -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randint(2, 30, (3, TOKENS)) * (torch.arange(TOKENS) < LENGTHS[:, None])


def margins(model: nn.Module, embedded: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Logit of the predicted class minus that of the true one, of texts given by their embeddings (B, T, E)."""
    with model.embedding.register_forward_hook(lambda *_: embedded), torch.no_grad():
        logits = model(torch.zeros(embedded.shape[:2], dtype=torch.int64), lengths)
    rows = torch.arange(len(logits))
    return logits[rows, torch.from_numpy(PREDICTED)] - logits[rows, torch.from_numpy(TRUE)]


@pytest.mark.parametrize("architecture", MODELS)
def test_a_relevance_is_what_growing_the_embedding_of_its_token_changes(architecture: str) -> None:
    model = network(architecture).double().eval()
    embedded, step = model.get_submodule("embedding")(batch()).detach(), 1e-6
    relevances = relevances_of(model, batch(), LENGTHS, (TRUE, PREDICTED))
    for token in range(TOKENS):
        change = torch.zeros_like(embedded)
        change[:, token] = step * embedded[:, token]
        slope = (margins(model, embedded + change, LENGTHS) - margins(model, embedded - change, LENGTHS)) / (2 * step)
        np.testing.assert_allclose(relevances[:, token], slope.numpy(), rtol=1e-4, atol=1e-8)


def test_the_relevances_of_a_linear_network_add_up_to_the_margin() -> None:
    model = LinearNetwork()
    relevances = relevances_of(model, batch(), LENGTHS, (TRUE, PREDICTED))
    margin = margins(model, model.embedding(batch()).detach(), LENGTHS)
    np.testing.assert_allclose(relevances.sum(axis=1), margin.numpy(), rtol=1e-5)


def test_a_wide_part_adds_its_own_to_the_relevances() -> None:
    ngrams = WideNgrams([28], CLASSES)
    ngrams.codes_1.copy_(torch.arange(2, 30))
    ngrams.weights[:-1] = torch.randn(28, CLASSES)
    model = WideAndDeep(LinearNetwork(), ngrams, share=0.25)
    relevances = relevances_of(model, batch(), LENGTHS, (TRUE, PREDICTED))
    with torch.no_grad():
        logits, rows = model(batch(), LENGTHS).numpy(), np.arange(3)
    np.testing.assert_allclose(relevances.sum(axis=1), logits[rows, PREDICTED] - logits[rows, TRUE], rtol=1e-4)


@pytest.mark.parametrize("architecture", ["bilstm", "lstm-mlp"])
def test_padding_has_no_relevance(architecture: str) -> None:
    relevances = relevances_of(network(architecture), batch(), LENGTHS, (TRUE, PREDICTED))
    assert not relevances[np.arange(TOKENS) >= LENGTHS.numpy()[:, None]].any()
    assert relevances[np.arange(TOKENS) < LENGTHS.numpy()[:, None]].all()


@pytest.mark.parametrize("architecture", MODELS)
def test_explaining_is_repeatable_and_leaves_the_network_as_it_was(architecture: str) -> None:
    model = network(architecture).train()
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    first = relevances_of(model, batch(), LENGTHS, (TRUE, PREDICTED))
    assert np.array_equal(first, relevances_of(model, batch(), LENGTHS, (TRUE, PREDICTED)))
    assert all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())
    assert not model.get_submodule("embedding")._forward_hooks


def test_the_strongest_words_are_kept_in_the_order_of_the_text() -> None:
    relevances = np.array([0.1, -4, 0, 2, *[1.0] * KEPT_WORDS], np.float32)
    places = np.stack([np.arange(12) * 3, np.arange(12) * 3 + 2], axis=1)
    words = strongest_words(relevances, places)
    assert len(words) == KEPT_WORDS
    assert words[:2] == [MovingWord(3, 5, -1.0), MovingWord(9, 11, 0.5)]
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert strongest_words(np.zeros(3, np.float32), places[:3]) == []


class Telling(nn.Module):
    """Two logits: how often "bad" and "good" stand in a text."""

    def __init__(self, tokens: list[str]) -> None:
        super().__init__()
        weights = torch.zeros(len(tokens), 2)
        weights[tokens.index("bad"), 0] = weights[tokens.index("good"), 1] = 1.0
        self.embedding = nn.Embedding.from_pretrained(weights, freeze=False)

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return self.embedding(token_ids).sum(dim=1)


def classifier_of(tokenizer: str, order: str, **options: object) -> TextClassifier:
    """A linear classifier: "bad" speaks for class 0, "good" for class 1, and no other word for any."""
    special = SPECIALS[order]
    tokens = [*special.names, "bad", "good", "film", "the"]
    config = ModelConfig(
        data_set="films", origin="sample", data_set_fingerprint="", corpus_fingerprint="", split_seed=1, label="mood",
        class_names=("neg", "pos"), preset="smoke", seed=1,
        vocabulary=VocabularyOptions(tokenizer=tokenizer, order=order),
        vocabulary_size=len(tokens),
        tokenizer_version=1, unk_id=special.unk, model=ModelOptions(), training=TrainingOptions(**options),
        temperature=1.0,
    )  # fmt: skip
    vocabulary = Vocabulary(TOKENIZERS[config.vocabulary.tokenizer], special, pa.array(tokens))
    return TextClassifier(config, vocabulary, Telling(tokens))


SETTINGS = [
    ("words", "frequency", {"max_length_tokens": 4, "keep": "tail"}),
    ("words", "frequency", {"max_length_tokens": 6, "keep": "head"}),
    ("letters-es", "appearance", {}),
    ("keras", "keras-ranks", {"padding": "front", "max_length_tokens": 30, "keep": "tail"}),
    ("keras", "keras-ranks", {"padding": "front", "max_length_tokens": 4, "keep": "tail"}),
]


@pytest.mark.parametrize(("tokenizer", "order", "options"), SETTINGS)
def test_the_words_that_moved_the_model_are_found_in_the_raw_text(
    tokenizer: str, order: str, options: dict[str, object]
) -> None:
    texts = ["the film, BAD ... Good the film", "", "Bad!", "<br />good<br /> film", "the film"]
    words = explain(classifier_of(tokenizer, order, **options), texts, np.ones(5, np.int64), np.zeros(5, np.int64))
    seen = [[(text[w.start : w.end], w.weight) for w in moving] for text, moving in zip(texts, words, strict=True)]
    assert seen == [[("BAD", 1.0), ("Good", -1.0)], [], [("Bad", 1.0)], [("good", -1.0)], []]


def test_a_right_answer_has_no_words_and_no_text_no_answer() -> None:
    classifier = classifier_of("words", "frequency")
    assert explain(classifier, ["bad film"], np.zeros(1, np.int64), np.zeros(1, np.int64)) == [[]]
    assert explain(classifier, [], np.zeros(0, np.int64), np.zeros(0, np.int64)) == []


def test_words_behind_the_window_cannot_have_moved_the_model() -> None:
    classifier = classifier_of("words", "frequency", max_length_tokens=2)
    (words,) = explain(classifier, ["the bad good film"], np.ones(1, np.int64), np.zeros(1, np.int64))
    assert words == [MovingWord(4, 7, 1.0)]


def test_a_trained_model_names_the_words_that_it_has_learned(
    films: DataSet, job_of: Callable[..., TrainingJob], tmp_path: Path
) -> None:
    model = train(job_of(films, epochs=30), Store(tmp_path))
    examples = pairs(60, 2)
    labels = np.array([films.classes["mood"].index(label) for _, label in examples])
    words = training.explain(model, [text for text, _ in examples], 1 - labels, labels)
    hits = [
        text[word.start : word.end] in TELLING[label]
        for (text, label), moving in zip(examples, words, strict=True)
        for word in moving
        if word.weight == 1
    ]
    assert np.mean(hits) > 0.9
