import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import nn

from text_classifier.config import TrainingOptions
from text_classifier.training.batches import read_windows
from text_classifier.training.scoring import fit_temperature, logits_of, probabilities_of


class FirstToken(nn.Module):
    """Logits that name the first token and the length of each text."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return torch.stack([token_ids[:, 0], lengths], dim=1).float() * self.weight


def test_logits_come_back_in_the_order_of_the_texts() -> None:
    lengths = np.random.default_rng(0).integers(1, 40, 300)
    tokens = np.repeat(np.arange(300, dtype=np.int32), lengths)
    options = TrainingOptions()
    windows = read_windows(tokens, np.concatenate([[0], np.cumsum(lengths)]), options, unk_id=1)
    logits = logits_of(FirstToken(), windows, options)
    assert logits.dtype == np.float32
    assert np.array_equal(logits, np.stack([np.arange(300), lengths], axis=1))


def test_probabilities_sum_to_one_and_a_temperature_changes_no_prediction() -> None:
    logits = np.array([[2, 0, -1], [0, 5_000, 0]], np.float32)
    for temperature in (0.5, 1.0, 3.0):
        probabilities = probabilities_of(logits, temperature)
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
        assert probabilities.argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 3)).astype(np.float32)
    labels = (softmax(logits / temperature, axis=1).cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.05)
