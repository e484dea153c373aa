import pytest
import torch

from text_classifier.training import kernel
from text_classifier.training.precision import choose_precision, computes_bfloat16, described


def test_float32_is_had_when_asked_for() -> None:
    assert choose_precision("float32") == "32-true"


def test_what_a_run_computes_with_is_told() -> None:
    assert described("float32").startswith(f"torch {torch.__version__}, float32 on ")


@pytest.mark.skipif(choose_precision("auto") == "32-true" or torch.cuda.is_available(), reason="no bfloat16 on the CPU")
def test_it_is_told_whether_the_lstm_was_computed_in_c() -> None:
    assert described("auto").endswith(", LSTM in C") == (kernel.library() is not None)


def test_bfloat16_needs_an_instruction_set_for_its_products() -> None:
    assert computes_bfloat16("flags : fpu avx512f avx512_bf16 sse\n")
    assert computes_bfloat16("flags : fpu amx_bf16 amx_tile\n")
    assert not computes_bfloat16("flags : fpu avx2 avx512f avx512_vnni\n")
    assert not computes_bfloat16("")
