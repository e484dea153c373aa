import pytest
import torch
from torch.nn import functional as F

from text_classifier.config import ModelOptions, preset_named
from text_classifier.training.networks import MODELS, KerasBiLSTM, Sizes, trainable_weights

LENGTHS = torch.tensor([9, 1, 4])
TOLERANCE = 1e-6  # of a logit: the same sums in other blocks


def network(architecture: str, classes: int = 2, layers: int = 2) -> torch.nn.Module:
    options = ModelOptions(architecture=architecture, embedding_size=6, hidden_size=5, layers=layers, dropout_rate=0.3)
    torch.manual_seed(0)
    return MODELS[options.architecture](options, Sizes(vocabulary=30, classes=classes, unk_id=1)).eval()


def batch() -> torch.Tensor:
    torch.manual_seed(1)
    token_ids = torch.randint(2, 30, (3, 9))
    return token_ids * (torch.arange(9) < LENGTHS[:, None])


@pytest.mark.parametrize("architecture", ["bilstm", "lstm-mlp"])
@torch.inference_mode()
def test_more_padding_changes_no_score(architecture: str) -> None:
    model, token_ids = network(architecture), batch()
    torch.testing.assert_close(
        model(token_ids, LENGTHS), model(F.pad(token_ids, (0, 23)), LENGTHS), rtol=0, atol=TOLERANCE
    )


@pytest.mark.parametrize("architecture", ["bilstm", "lstm-mlp"])
@torch.inference_mode()
def test_a_text_scores_the_same_alone_and_in_a_batch(architecture: str) -> None:
    model, token_ids = network(architecture), batch()
    alone = [model(token_ids[row : row + 1, :length], LENGTHS[row : row + 1]) for row, length in enumerate(LENGTHS)]
    torch.testing.assert_close(model(token_ids, LENGTHS), torch.cat(alone), rtol=0, atol=TOLERANCE)


@torch.inference_mode()
def test_the_preset_of_notebook_1_reads_its_padding() -> None:
    model, token_ids = network("keras-bilstm"), batch()
    assert (model(token_ids, LENGTHS) - model(F.pad(token_ids, (23, 0)), LENGTHS)).abs().max() > 1e-4


@pytest.mark.parametrize("architecture", MODELS)
@pytest.mark.parametrize("classes", [2, 7])
def test_logits_have_one_column_per_class(architecture: str, classes: int) -> None:
    assert network(architecture, classes)(batch(), LENGTHS).shape == (3, classes)


def test_keras_bilstm_has_the_weights_of_notebook_1() -> None:
    model = MODELS["keras-bilstm"](preset_named("keras-bilstm").model, Sizes(20_000, 2, 2))
    assert trainable_weights(model) == 2_757_761


def test_news_lstm_has_the_weights_of_notebook_2() -> None:
    model = MODELS["lstm-mlp"](preset_named("news-lstm").model, Sizes(973, 7, 1))
    counts = {name: trainable_weights(part) for name, part in model.named_children()}
    assert model.get_submodule("embedding").num_embeddings == 974
    assert (counts["embedding"] + counts["lstm"], counts["mlp"]) == (579_072, 199_175)


def test_keras_initial_values_and_its_single_bias() -> None:
    options = ModelOptions(architecture="keras-bilstm", embedding_size=128, hidden_size=64, layers=2)
    model = KerasBiLSTM(options, Sizes(1_000, 2, 2))
    lstm = dict(model.lstm.named_parameters())
    assert model.embedding.weight.abs().max() <= 0.05
    limit = (6 / (128 + 4 * 64)) ** 0.5
    assert 0.99 * limit < lstm["weight_ih_l0"].abs().max() <= limit
    recurrent = lstm["weight_hh_l1_reverse"]
    torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(64), rtol=0, atol=1e-5)
    assert lstm["bias_ih_l0"].tolist() == [0.0] * 64 + [1.0] * 64 + [0.0] * 128
    frozen = [weight for name, weight in lstm.items() if name.startswith("bias_hh")]
    assert len(frozen) == 4
    assert not any(weight.requires_grad or weight.any() for weight in frozen)


def test_one_sigmoid_is_told_as_two_logits() -> None:
    assert network("keras-bilstm")(batch(), LENGTHS)[:, 0].tolist() == [0.0] * 3


def test_word_dropout_acts_in_training_only() -> None:
    options = ModelOptions(embedding_size=6, hidden_size=5, word_dropout_rate=0.9)
    model = MODELS["bilstm"](options, Sizes(30, 2, 1))
    token_ids = batch()
    assert not torch.equal(model.train()(token_ids, LENGTHS), model(token_ids, LENGTHS))
    assert torch.equal(model.eval()(token_ids, LENGTHS), model(token_ids, LENGTHS))
