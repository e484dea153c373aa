"""In which numbers a run computes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

from text_classifier.training import kernel

Precision = Literal["bf16-mixed", "32-true"]
_CPUINFO = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def choose_precision(wanted: Literal["auto", "float32"]) -> Precision:
    """`bf16-mixed` where it is wanted and the GPU, or without one the CPU, computes in bfloat16."""
    if wanted == "float32":
        return "32-true"
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    cpuinfo = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    return "bf16-mixed" if computes_bfloat16(cpuinfo) else "32-true"


def described(wanted: Literal["auto", "float32"]) -> str:
    """What a run computes with, for people, such as "torch 2.13.0, float32 on 2 threads of the CPU"."""
    numbers = "float32" if choose_precision(wanted) == "32-true" else "bfloat16"
    if torch.cuda.is_available():
        return f"torch {torch.__version__}, {numbers} on {torch.cuda.get_device_name()}"
    recurrence = ", LSTM in C" if numbers == "bfloat16" and kernel.library() else ""
    return f"torch {torch.__version__}, {numbers} on {torch.get_num_threads()} threads of the CPU{recurrence}"


def computes_bfloat16(cpuinfo: str) -> bool:
    """Whether the flags in the text of /proc/cpuinfo name an instruction set with bfloat16 products."""
    return not _BFLOAT16_FLAGS.isdisjoint(cpuinfo.split())
