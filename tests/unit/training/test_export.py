import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from text_classifier.config import ModelOptions, TrainingOptions, VocabularyOptions
from text_classifier.config.options import ArchitectureName
from text_classifier.errors import TrainingError
from text_classifier.training import ModelConfig
from text_classifier.training.batches import Windows, read_windows
from text_classifier.training.export import GRAPHS, compare_with_network, export, onnx_bytes
from text_classifier.training.export.graph import IR_VERSION, OPSET
from text_classifier.training.networks import MODELS, BiLSTM, Sizes, network_of

TOLERANCE = 2e-5  # of logits of about 10: far below the 0.1 and more of any wrong gate, length or weight
VOCABULARY = 30


def config_of(model: ModelOptions, classes: int = 2, padding: str = "bucketed") -> ModelConfig:
    training = TrainingOptions.model_validate({"max_length_tokens": 20, "padding": padding})
    return ModelConfig(
        **dict.fromkeys(("data_set", "data_set_fingerprint", "corpus_fingerprint", "label", "preset"), "x"),
        origin="sample",
        split_seed=7,
        class_names=tuple("äbcdefg"[:classes]),
        seed=1,
        vocabulary=VocabularyOptions(),
        vocabulary_size=VOCABULARY,
        vocabulary_digest="1f",
        tokenizer_version=1,
        unk_id=1,
        model=model,
        training=training,
        temperature=1.7,
    )


def heavy(config: ModelConfig, kind: type[nn.Module] | None = None) -> nn.Module:
    """A network whose weights are so large that every gate matters."""
    torch.manual_seed(0)
    sizes = Sizes(config.vocabulary_size, len(config.class_names), config.unk_id)
    network = (kind or network_of)(config.model, sizes).eval()
    for weight in network.parameters():
        nn.init.normal_(weight, std=1.5 / weight.shape[1] ** 0.5 if weight.ndim == 2 else 0.6)
    return network


def weights_of(network: nn.Module) -> dict[str, np.ndarray]:
    return {name: weight.numpy() for name, weight in network.state_dict().items()}


class Both:
    """A network and a session of the ONNX file that was made of its weights."""

    def __init__(self, config: ModelConfig) -> None:
        self.network, self.temperature = heavy(config), config.temperature
        self.session = onnxruntime.InferenceSession(onnx_bytes(config, weights_of(self.network), "0f"))

    def of_onnx(self, token_ids: np.ndarray, lengths: list[int]) -> list[np.ndarray]:
        inputs = {"token_ids": token_ids, "lengths": np.array(lengths)}
        return self.session.run(["logits", "probabilities"], inputs)

    def of_network(self, token_ids: np.ndarray, lengths: list[int]) -> np.ndarray:
        with torch.inference_mode():
            return self.network(torch.from_numpy(token_ids), torch.tensor(lengths)).numpy()


OPTIONS = [ModelOptions(architecture=name, embedding_size=6, hidden_size=5, layers=2) for name in GRAPHS]
OPTIONS.append(ModelOptions(embedding_size=6, hidden_size=5, layers=3, directions="apart"))
OPTIONS.append(ModelOptions(embedding_size=6, hidden_size=5, members=3))


@pytest.fixture(
    scope="module", params=OPTIONS, ids=lambda model: f"{model.architecture}-{model.directions}-{model.members}"
)
def both(request: pytest.FixtureRequest) -> Both:
    return Both(config_of(request.param))


def ids(lengths: list[int], padding: int = 0) -> np.ndarray:
    """Texts of random ids, `padding` columns behind the longest."""
    drawn = np.random.default_rng(sum(lengths)).integers(1, VOCABULARY, (len(lengths), max(lengths)))
    return np.pad(drawn * (np.arange(max(lengths)) < np.array(lengths)[:, None]), ((0, 0), (0, padding)))


LENGTHS = st.lists(st.integers(1, 20), min_size=1, max_size=8)


def test_every_architecture_has_its_graph() -> None:
    assert GRAPHS.keys() == MODELS.keys()


@given(lengths=LENGTHS, padding=st.integers(0, 9))
@settings(max_examples=30)
def test_any_batch_has_the_logits_of_the_network(both: Both, lengths: list[int], padding: int) -> None:
    token_ids = ids(lengths, padding)
    logits, probabilities = both.of_onnx(token_ids, lengths)
    np.testing.assert_allclose(logits, both.of_network(token_ids, lengths), rtol=0, atol=TOLERANCE)
    expected = torch.from_numpy(logits / both.temperature).softmax(dim=1)
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("architecture", GRAPHS)
@given(
    sizes=st.fixed_dictionaries(
        {"embedding_size": st.integers(1, 9), "hidden_size": st.integers(1, 9), "layers": st.integers(1, 3)}
    ),
    classes=st.integers(2, 7),
    lengths=LENGTHS,
)
@settings(max_examples=15)
def test_networks_of_any_size_have_their_graph(
    architecture: ArchitectureName, sizes: dict[str, int], classes: int, lengths: list[int]
) -> None:
    options = ModelOptions(architecture=architecture, **sizes)
    both, token_ids = Both(config_of(options, classes)), ids(lengths)
    logits, _ = both.of_onnx(token_ids, lengths)
    assert logits.shape == (len(lengths), classes)
    np.testing.assert_allclose(logits, both.of_network(token_ids, lengths), rtol=0, atol=TOLERANCE)


def test_padding_is_read_by_the_graph_of_notebook_1_alone() -> None:
    for architecture in GRAPHS:
        both = Both(config_of(ModelOptions(architecture=architecture, embedding_size=6, hidden_size=5)))
        (logits, _), (padded, _) = (both.of_onnx(ids([9, 1, 4], padding), [9, 1, 4]) for padding in (0, 23))
        assert np.allclose(logits, padded, rtol=0, atol=1e-6) == (architecture != "keras-bilstm")


def test_the_file_keeps_the_standard_and_says_which(both: Both) -> None:
    config = config_of(ModelOptions())
    model = onnx.load_from_string(onnx_bytes(config, weights_of(heavy(config)), "0f"))
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, [(one.domain, one.version) for one in model.opset_import]) == (IR_VERSION, [("", OPSET)])
    assert [(value.name, value.shape) for value in both.session.get_inputs()] == [
        ("token_ids", ["batch", "tokens"]),
        ("lengths", ["batch"]),
    ]


def test_the_file_says_all_that_its_user_must_know() -> None:
    config = config_of(ModelOptions(), classes=3)
    session = onnxruntime.InferenceSession(onnx_bytes(config, weights_of(heavy(config)), "0f"))
    told = {name: json.loads(value) for name, value in session.get_modelmeta().custom_metadata_map.items()}
    assert (told.pop("model_fingerprint"), told["class_names"]) == ("0f", ["ä", "b", "c"])
    assert ModelConfig.model_validate(told) == config


def test_the_same_model_gives_the_same_bytes_and_another_others() -> None:
    config = config_of(ModelOptions())
    weights = weights_of(heavy(config))
    first, second = (onnx_bytes(config, dict(weights), "0f") for _ in range(2))
    assert first == second
    weights["layers.0.back.bias_hh_l0"] = weights["layers.0.back.bias_hh_l0"] + np.float32(1e-3)
    assert onnx_bytes(config, weights, "0f") != first


def windows_of(lengths: list[int], config: ModelConfig) -> Windows:
    tokens = np.random.default_rng(0).integers(1, VOCABULARY, sum(lengths), dtype=np.int32)
    return read_windows(tokens, np.cumsum([0, *lengths]), config.training, config.unk_id)


@pytest.mark.parametrize(("architecture", "padding"), [("bilstm", "bucketed"), ("keras-bilstm", "front")])
def test_export_writes_what_answers_as_the_network(architecture, padding: str, tmp_path: Path) -> None:
    config = config_of(ModelOptions(architecture=architecture), padding=padding)
    network = heavy(config)
    largest = export(tmp_path, network, config, "0f", windows_of([3, 0, 40, 1, 20], config))
    assert 0 <= largest < TOLERANCE
    assert (tmp_path / "model.onnx").read_bytes() == onnx_bytes(config, weights_of(network), "0f")


class LosingItsTemper(BiLSTM):
    """Answers long texts otherwise than its weights say."""

    def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return super().forward(token_ids, lengths) + 1e-3 * (lengths == 19)[:, None]


def test_one_text_that_the_file_answers_otherwise_is_found_among_many(tmp_path: Path) -> None:
    config = config_of(ModelOptions())
    network = heavy(config, LosingItsTemper)
    with pytest.raises(TrainingError, match=r"differ by 0\.001, text of 19 tokens; expected: 0\.00\d+ at most"):
        export(tmp_path, network, config, "0f", windows_of([*[5] * 500, 19], config))


@pytest.mark.parametrize("change", [1e-2, np.nan])
def test_a_changed_weight_or_temperature_is_noticed(change: float, tmp_path: Path) -> None:
    config, path = config_of(ModelOptions()), tmp_path / "model.onnx"
    network, windows = heavy(config), windows_of([7, 20, 2], config)
    weights = weights_of(network)
    weights["layers.0.there.weight_hh_l0"] = weights["layers.0.there.weight_hh_l0"] + np.float32(change)
    path.write_bytes(onnx_bytes(config, weights, "0f"))
    assert not compare_with_network(path, network, config, windows).is_small
    other = config.model_copy(update={"temperature": 1.75})
    path.write_bytes(onnx_bytes(other, weights_of(network), "0f"))
    assert compare_with_network(path, network, other, windows).is_small
    assert not compare_with_network(path, network, config, windows).is_small
