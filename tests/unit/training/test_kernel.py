import logging
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from text_classifier.training.kernel import is_usable, recurrence
from text_classifier.training.kernel.recurrence import load
from text_classifier.training.layers import BidirectionalLSTM, real_tokens

pytestmark = pytest.mark.skipif(
    recurrence.library() is None, reason="no compiler at installation, or a CPU without AVX512-BF16"
)

INPUTS = 24
BFLOAT16_ERROR = 2e-2  # relative, of gradients that are sums of numbers rounded to 8 bits


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def layer_of(units: int = 64) -> BidirectionalLSTM:
    torch.manual_seed(0)
    return BidirectionalLSTM(INPUTS, units)


def batch_of(lengths: list[int], width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Values (B, T, D) with noise in the padding, and lengths (B,)."""
    torch.manual_seed(1)
    return torch.randn(len(lengths), width, INPUTS), torch.tensor(lengths)


def read_and_learn(
    layer: BidirectionalLSTM, values: torch.Tensor, lengths: torch.Tensor, may_use_kernel: bool
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """What the layer reads at real tokens (zero elsewhere), and the gradients of a sum of it."""
    layer.may_use_kernel = may_use_kernel
    layer.zero_grad()
    values = values.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=may_use_kernel):
        read = layer(values, lengths)
    read = read.float() * real_tokens(lengths, values.shape[1])[:, :, None]
    (read * torch.sin(torch.arange(read.numel())).view_as(read)).sum().backward()
    gradients = {name: weight.grad.clone() for name, weight in layer.named_parameters()}
    return read.detach(), gradients | {"values": values.grad}


@given(
    lengths=st.lists(st.integers(1, 19), min_size=1, max_size=15),
    padding=st.integers(0, 2),
    units=st.sampled_from([64, 128]),
)
@settings(deadline=None, max_examples=25)
def test_the_kernel_reads_and_learns_as_torchs_float32_does(lengths: list[int], padding: int, units: int) -> None:
    layer, (values, rows) = layer_of(units), batch_of(lengths, max(lengths) + padding)
    expected, expected_gradients = read_and_learn(layer, values, rows, may_use_kernel=False)
    read, gradients = read_and_learn(layer, values, rows, may_use_kernel=True)
    assert torch.allclose(read, expected, atol=1e-2)
    for name, gradient in gradients.items():
        error = (gradient - expected_gradients[name]).norm() / expected_gradients[name].norm().clamp_min(1e-3)
        assert error < BFLOAT16_ERROR, name


def test_what_stands_in_the_padding_is_not_read() -> None:
    layer, (values, lengths) = layer_of(), batch_of([5, 2, 7], 9)
    read, gradients = read_and_learn(layer, values, lengths, may_use_kernel=True)
    other = values.masked_fill(~real_tokens(lengths, 9)[:, :, None], 1e3)
    read_again, gradients_again = read_and_learn(layer, other, lengths, may_use_kernel=True)
    assert torch.equal(read, read_again)
    for name in layer.state_dict():
        assert torch.equal(gradients[name], gradients_again[name]), name


def test_a_text_is_read_alike_in_every_company() -> None:
    layer, (values, lengths) = layer_of(), batch_of([5, 2, 7, 7, 1, 3, 6, 4], 9)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        together = layer(values, lengths)
        alone = [layer(values[i : i + 1, : lengths[i]], lengths[i : i + 1])[0] for i in range(8)]
    for row, length, one in zip(together, lengths, alone, strict=True):
        assert torch.equal(row[:length], one)
        assert not row[length:].any()


def test_the_number_of_threads_changes_no_bit() -> None:
    layer, (values, lengths) = layer_of(), batch_of([9] * 3 + [4] * 14, 10)
    torch.set_num_threads(1)
    read, gradients = read_and_learn(layer, values, lengths, may_use_kernel=True)
    torch.set_num_threads(3)
    read_again, gradients_again = read_and_learn(layer, values, lengths, may_use_kernel=True)
    assert torch.equal(read, read_again)
    assert torch.equal(gradients["there.bias_hh_l0"], gradients_again["there.bias_hh_l0"])


def test_numbers_that_are_none_stay_so() -> None:
    layer, (values, lengths) = layer_of(), batch_of([4, 4], 5)
    values[0, 2] = torch.nan
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        read = layer(values, lengths)
    assert read[0, :4].isnan().any(dim=1).all()
    assert not read[1].isnan().any()


@pytest.mark.parametrize("lengths", [[3, 0], [3, 6]])
def test_a_length_outside_of_the_batch_is_refused(lengths: list[int]) -> None:
    layer, (values, rows) = layer_of(), batch_of(lengths, 5)
    with torch.autocast("cpu", torch.bfloat16), pytest.raises(ValueError, match="expected 1 to 5"):
        layer(values, rows)


@pytest.mark.parametrize("count", [1, 3])
def test_as_many_lengths_as_rows_are_asked_for(count: int) -> None:
    layer, (values, _) = layer_of(), batch_of([5, 5], 5)
    with torch.autocast("cpu", torch.bfloat16), pytest.raises(ValueError, match="one for each of 2 rows"):
        layer(values, torch.tensor([5] * count))


def test_lengths_of_a_narrower_type_are_read_as_what_they_say() -> None:
    layer, (values, lengths) = layer_of(), batch_of([5, 2, 7], 9)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        assert torch.equal(layer(values, lengths.int()), layer(values, lengths))


def test_a_second_way_back_through_the_same_graph_is_refused() -> None:
    layer, (values, lengths) = layer_of(), batch_of([5, 2], 5)
    with torch.autocast("cpu", torch.bfloat16):
        total = layer(values, lengths).float().sum()
    total.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="a second way back"):
        total.backward()


def of_another_text(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"The recurrence of", b"A recurrence of  "))


def cut_short(path: Path) -> None:
    """By so much that the loader would touch memory behind its end."""
    path.write_bytes(path.read_bytes()[:5_000])


def of_another_machine(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[18] = 183  # e_machine: AArch64
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [of_another_text, cut_short, of_another_machine])
def test_a_file_that_is_not_of_the_text_of_today_is_not_loaded(
    spoil: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    built = find_spec("text_classifier.training.kernel._lstm")
    assert built
    assert built.origin
    path = Path(shutil.copy(built.origin, tmp_path))
    assert load(path)
    spoiled = tmp_path / "spoiled.so"
    shutil.copy(path, spoiled)
    spoil(spoiled)
    with caplog.at_level(logging.WARNING):
        assert load(spoiled) is None
    assert str(spoiled) in caplog.text


def test_it_is_not_used_where_it_cannot_be() -> None:
    values = torch.zeros(1, 2, 3)
    assert not is_usable(values, 64)
    with torch.autocast("cpu", torch.bfloat16):
        assert is_usable(values, 64)
        assert not is_usable(values, 65)
        assert not is_usable(values, 1_024)
        assert not is_usable(values.to("meta"), 64)
    with torch.autocast("cpu", torch.float16):
        assert not is_usable(values, 64)
