from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from text_classifier.baselines.learners import nb_svm
from text_classifier.baselines.ngrams import MIN_ROWS, Ngrams, count_ngrams
from text_classifier.baselines.texts import LabelledTexts
from text_classifier.config import TrainingOptions
from text_classifier.training.batches import Windows, pad, read_windows
from text_classifier.training.networks import Sizes
from text_classifier.training.scoring import DEEP, WIDE, fit_share, fit_temperature, mixed, probabilities_of
from text_classifier.training.wide import WideAndDeep, WideNgrams
from text_classifier.training.wide_fitting import fit_wide

UNK, LONGEST, VOCABULARY = 1, 3, 7
Texts = Sequence[Sequence[int]]
Ngram = tuple[int, ...]

token_ids = st.lists(st.integers(UNK, VOCABULARY - 1), max_size=9)
corpora = st.lists(token_ids, min_size=3, max_size=8)


def windows_of(texts: Texts, **options: object) -> Windows:
    offsets = np.cumsum([0, *map(len, texts)])
    tokens = np.array([token for text in texts for token in text], np.int32)
    return read_windows(tokens, offsets, TrainingOptions(**options), UNK)


def batch(texts: Texts, **options: object) -> tuple[torch.Tensor, torch.Tensor]:
    return pad(windows_of(texts, **options), np.arange(len(texts)), TrainingOptions(**options))


def labels_of(texts: Texts, classes: int = 2) -> np.ndarray:
    return np.arange(len(texts)) % classes


def fitted(texts: Texts, classes: int = 2) -> WideNgrams:
    wide = fit_wide(windows_of(texts), labels_of(texts, classes), LONGEST, Sizes(VOCABULARY, classes, UNK))
    assert wide is not None
    return wide


def ngrams_in(text: Sequence[int]) -> set[Ngram]:
    runs = (tuple(text[at : at + n]) for n in range(1, LONGEST + 1) for at in range(len(text) - n + 1))
    return {run for run in runs if UNK not in run}


def in_enough_texts(texts: Texts) -> set[Ngram]:
    return {run for text in texts for run in ngrams_in(text) if sum(run in ngrams_in(t) for t in texts) >= MIN_ROWS}


def known(wide: WideNgrams) -> list[Ngram]:
    """The n-grams that the codes stand for, in the order of the weights."""
    by_length: list[list[Ngram]] = []
    for tokens in range(1, len(wide.ngrams) + 1):
        codes = wide.get_buffer(f"codes_{tokens}").tolist()
        pairs = (divmod(code, wide.ngrams[0]) for code in codes)
        units = by_length[0] if by_length else []
        by_length.append([by_length[-1][a] + units[b] for a, b in pairs] if by_length else [(code,) for code in codes])
    return [run for runs in by_length for run in runs]


def ngrams_counted(learned: Texts, scored: Texts) -> Ngrams:
    """By the code of the baselines, as positions in a dictionary of their own."""
    texts = [*learned, *scored]
    tokens = np.array([token for text in texts for token in text], np.int64)
    labelled = LabelledTexts(pa.table({}), np.zeros(len(texts), np.int64), tokens, np.cumsum([0, *map(len, texts)]))
    return count_ngrams(labelled, len(learned), LONGEST)


@settings(max_examples=60, deadline=None)
@given(corpora, st.lists(token_ids, min_size=1, max_size=4), st.sampled_from(["bucketed", "front"]))
def test_the_logits_are_the_weights_of_the_known_ngrams_each_counted_once(
    learned: Texts, scored: Texts, padding: str
) -> None:
    expected = in_enough_texts(learned)
    wide = fit_wide(windows_of(learned), labels_of(learned), LONGEST, Sizes(VOCABULARY, 2, UNK))
    if wide is None:
        assert not expected
        return
    runs = known(wide)
    assert set(runs) == expected
    assert len(runs) == len(expected)
    wide.weights[:-1] = torch.arange(1.0, 2 * len(runs) + 1).view(-1, 2)
    wide.bias.copy_(torch.tensor([0.5, -0.5]))
    sums = [sum((wide.weights[runs.index(run)] for run in ngrams_in(t) & expected), wide.bias) for t in scored]
    logits = wide(*batch(scored, padding=padding, max_length_tokens=12))
    np.testing.assert_allclose(logits, torch.stack(sums), rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.integers(2, VOCABULARY - 1), min_size=1, max_size=9), min_size=3, max_size=8))
def test_as_many_ngrams_are_known_as_the_baselines_count(learned: Texts) -> None:
    wide = fit_wide(windows_of(learned), labels_of(learned), LONGEST, Sizes(VOCABULARY, 2, UNK))
    assert (wide.ngrams if wide else ()) == tuple(n for n in ngrams_counted(learned, []).widths if n)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_wide_part_alone_answers_as_the_baseline_does(classes: int) -> None:
    rng = np.random.default_rng(0)
    learned, scored = (
        [rng.choice([2, 3, 4, 5, 6], size=6, p=np.roll([0.4, 0.3, 0.1, 0.1, 0.1], i % classes)) for i in range(rows)]
        for rows in (120, 60)
    )
    wide = fitted(learned, classes)
    expected = nb_svm(ngrams_counted(learned, scored), labels_of(learned, classes)).predictions
    assert np.array_equal(wide(*batch(scored)).argmax(dim=1), expected)
    assert len(set(expected)) == classes


def test_of_two_classes_the_first_has_no_logit_of_its_own() -> None:
    wide = fitted([[2, 3], [2, 4], [2, 3], [2, 4]])
    assert not wide.weights[:, 0].any()
    assert wide.learned_weights == int((wide.weights != 0).sum() + 1)


def test_where_no_ngram_stands_in_two_texts_there_is_no_wide_part() -> None:
    assert fit_wide(windows_of([[2, 2], [3], [UNK], []]), np.array([0, 1, 0, 1]), 3, Sizes(5, 2, UNK)) is None


@pytest.mark.parametrize("classes", [2, 3])
def test_the_relevances_of_the_tokens_add_up_to_the_margin_but_for_the_bias(classes: int) -> None:
    learned = [[2, 3, 4, 2], [2, 3, 3], [5, 4, 2, 3], [2, 3, 4], [UNK, 3, 4, 2], [5, 4]]
    wide = fitted(learned, classes)
    ids, lengths = batch([[2, 3, UNK, 2, 3], [4], [UNK], [5, UNK, 4]])
    true, predicted = torch.tensor([0, 1, 0, classes - 1]), torch.tensor([1, 0, 1, 0])
    relevances = wide.relevances_of(ids, true, predicted)
    logits, rows = wide(ids, lengths) - wide.bias, torch.arange(4)
    np.testing.assert_allclose(relevances.sum(dim=1), logits[rows, predicted] - logits[rows, true], atol=1e-6)
    assert not relevances[torch.arange(ids.shape[1]) >= lengths[:, None]].any()
    assert torch.equal(relevances[0, :2], relevances[0, 3:5])
    assert relevances[0, :2].all()


class Fixed(nn.Module):
    """The same logits for every text."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(lengths), -1)


def test_the_parts_add_up_to_the_whole() -> None:
    wide = fitted([[2, 3], [2, 4], [2, 3], [2, 4]])
    network = WideAndDeep(Fixed(torch.tensor([0.25, -1.0])), wide, share=0.25)
    ids, lengths = batch([[2, 3, 4], [4], []])
    with torch.no_grad():
        parts = {DEEP: network.deep(ids, lengths).numpy(), WIDE: network.wide(ids, lengths).numpy()}
        np.testing.assert_allclose(network(ids, lengths), mixed(parts, 0.25), rtol=1e-6)


def loss(logits: np.ndarray, labels: np.ndarray) -> float:
    probabilities = probabilities_of(logits, fit_temperature(logits, labels)).astype(np.float64)
    return -float(np.log(probabilities[np.arange(len(labels)), labels]).mean())


@pytest.mark.parametrize("classes", [2, 3])
def test_the_share_is_the_best_of_all(classes: int) -> None:
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 400)
    told = np.eye(classes)[labels]
    parts = {DEEP: told + rng.normal(size=told.shape), WIDE: 5 * told + rng.normal(scale=9, size=told.shape)}
    best = loss(mixed(parts, fit_share(parts, labels)), labels)
    assert 0 < fit_share(parts, labels) < 1
    assert best <= min(loss(mixed(parts, share), labels) for share in np.linspace(0, 1, 51)) + 1e-6


def test_a_network_that_says_one_class_of_every_text_has_no_share() -> None:
    labels = np.repeat([0, 1], [34, 19])
    told = np.eye(2)[labels] + np.random.default_rng(0).normal(scale=0.7, size=(53, 2))
    nothing = np.tile([0.07, -0.07], (53, 1)) + np.random.default_rng(1).normal(scale=0.007, size=(53, 2))
    assert fit_share({DEEP: nothing, WIDE: told}, labels) == 1


def test_a_network_that_knows_a_rare_class_has_a_share_though_the_largest_is_right_more_often() -> None:
    labels = np.repeat([0, 1], [950, 50])
    told = np.eye(2)[labels] * [1.0, 3.0] + np.random.default_rng(0).normal(scale=1.0, size=(1_000, 2)) + [0.5, 0]
    assert np.mean(told.argmax(axis=1) == labels) < 0.95
    assert fit_share({DEEP: told, WIDE: np.random.default_rng(1).normal(size=(1_000, 2))}, labels) < 1


def test_a_part_that_knows_nothing_has_no_share() -> None:
    labels = np.arange(200) % 2
    told, wrong = np.eye(2)[labels] + np.random.default_rng(0).normal(size=(200, 2)), -3 * np.eye(2)[labels]
    assert fit_share({DEEP: told, WIDE: wrong}, labels) == pytest.approx(0, abs=1e-6)
    assert fit_share({DEEP: wrong, WIDE: told}, labels) == pytest.approx(1, abs=1e-6)
    assert fit_share({DEEP: wrong, WIDE: wrong}, labels) == 1
