"""The LSTM layer whose recurrence is `lstm.c`, as a function that torch can differentiate.

B batch, T tokens, D inputs, H hidden, N = 2 directions. torch multiplies what does not depend on the step before, the C
code does the rest: per step one small product and the gates, in registers, rows sharing nothing. It reads no padding,
so no row is reversed.
"""

from __future__ import annotations

import ctypes
import logging
import platform
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

logger = logging.getLogger(__name__)

_SOURCE = Path(__file__).with_name("lstm.c")
_UNITS_STEP, _MOST_UNITS = 64, 512  # 64: what the backward pass holds in registers; 512: the arrays of its rows
_GROUP_ROWS = 6
_LANES = 16


class _Job(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("rows", "positions", "units", "threads")),
        *((name, ctypes.c_void_p) for name in ("lengths", "weights", "bias")),
        *((name, ctypes.c_void_p) for name in ("gates", "cells", "values", "bias_gradients")),
    )


def is_usable(values: torch.Tensor, hidden_size: int) -> bool:
    """Whether a layer of `hidden_size` units may read `values` (B, T, D) by `read_both_ways`.

    So it is on a CPU with AVX512-BF16 where the C code could be compiled at installation, under bfloat16 autocast.
    """
    return (
        values.device.type == "cpu"
        and torch.is_autocast_enabled("cpu")
        and torch.get_autocast_dtype("cpu") == torch.bfloat16
        and hidden_size % _UNITS_STEP == 0
        and hidden_size <= _MOST_UNITS
        and library() is not None
    )


def read_both_ways(values: torch.Tensor, lengths: torch.Tensor, there: nn.LSTM, back: nn.LSTM) -> torch.Tensor:
    """Values (B, T, D) of texts of `lengths` (B,) -> (B, T, 2H) bfloat16, zero in the padding.

    Raises:
        ValueError: a length is not in 1..T, or there are more or fewer than rows.
    """
    width = values.shape[1]
    if lengths.shape != values.shape[:1]:
        raise ValueError(f"{tuple(lengths.shape)} lengths, expected one for each of {len(values)} rows")
    if int(lengths.max()) > width or int(lengths.min()) < 1:
        raise ValueError(f"lengths from {int(lengths.min())} to {int(lengths.max())}, expected 1 to {width}")
    padded = F.pad(values, (0, 0, 0, 1)) if int(lengths.max()) == width else values
    inputs, states, first_bias, second_bias = zip(there.parameters(), back.parameters(), strict=True)  # of each way
    read: torch.Tensor = _Recurrence.apply(  # type: ignore[no-untyped-call]
        padded,
        lengths.long().contiguous(),
        torch.cat(inputs),  # (N * 4H, D)
        torch.stack(states),  # (N, 4H, H)
        torch.cat(first_bias) + torch.cat(second_bias),  # (N * 4H,)
    )
    return read[:, :width]


@cache
def library() -> ctypes.CDLL | None:
    """The compiled C code; None where this CPU lacks what it needs, or nothing was compiled of the text of today."""
    built = find_spec("text_classifier.training.kernel._lstm")
    if built is None or built.origin is None or (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return None
    return load(Path(built.origin))


def load(path: Path) -> ctypes.CDLL | None:
    """The compiled C code in a file; None where it cannot be had from there, and the log says why.

    The fingerprint of a model speaks of the text of `lstm.c`. A file without that text in it is older, or damaged, and
    to load a file cut short could end the process.
    """
    try:
        loaded = ctypes.CDLL(str(path)) if _SOURCE.read_bytes() in path.read_bytes() else None
    except OSError as error:
        logger.warning("torch does what the C code would: %s", error)
        return None
    if loaded is None:
        logger.warning("torch does what the C code would: %s is of another lstm.c; run `pip install -e .`", path)
        return None
    if not loaded.lstm_is_supported():
        return None
    for run in (loaded.lstm_forward, loaded.lstm_backward):
        run.argtypes, run.restype = [ctypes.POINTER(_Job)], None
    return loaded


class _Recurrence(torch.autograd.Function):
    """Rows are flattened to (B * T, ...). The last position of every row must be padding: its values are zero, and so
    are those that the next row's first step comes after."""

    @staticmethod
    def forward(ctx: Any, *tensors: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        values, lengths, inputs, states, bias = tensors
        rows, positions, units = *values.shape[:2], states.shape[2]
        values, inputs, states = values.bfloat16(), inputs.bfloat16(), states.bfloat16()
        gates = values.flatten(0, 1) @ inputs.t()  # (B * T, N * 4H)
        cells = gates.new_empty(rows * positions, 2 * units)
        read = gates.new_empty(rows, positions, 2 * units)
        packed = states.view(2, 4, units // _LANES, _LANES, units // 2, 2).permute(0, 2, 4, 1, 3, 5)
        _run("lstm_forward", read, lengths, weights=packed, bias=bias.float(), gates=gates, cells=cells)
        ctx.save_for_backward(values, lengths, inputs, states, cells, read)
        ctx.gates = gates
        return read

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        values, lengths, inputs, states, cells, read = ctx.saved_tensors
        if ctx.gates is None:
            raise RuntimeError("a second way back through the same graph: the first has overwritten the gates")
        gates, ctx.gates = ctx.gates, None  # with their gradients
        units = states.shape[2]
        bias = torch.empty(-(-len(lengths) // _GROUP_ROWS), gates.shape[1])
        packed = states.view(2, 2 * units, 2, units // _UNITS_STEP, 4, _LANES).permute(0, 3, 1, 4, 5, 2)
        gradients = gradients.bfloat16().contiguous()
        _run("lstm_backward", gradients, lengths, weights=packed, gates=gates, cells=cells, bias_gradients=bias)
        there, back = gates.split(4 * units, dim=1)
        read_there, read_back = read.flatten(0, 1).split(units, dim=1)
        return (
            (gates @ inputs).view_as(values),
            None,
            (values.flatten(0, 1).t() @ gates).t().float(),  # 15 % faster than gates.t() @ values
            torch.stack([read_there[:-1].t() @ there[1:], read_back[1:].t() @ back[:-1]]).mT.float(),
            bias.sum(dim=0),
        )


def _run(name: str, values: torch.Tensor, lengths: torch.Tensor, **tensors: torch.Tensor) -> None:
    kept = {field: tensor.contiguous() for field, tensor in tensors.items()}
    rows, positions, width = values.shape
    job = _Job(rows, positions, width // 2, torch.get_num_threads())
    for field, tensor in {"values": values, "lengths": lengths, **kept}.items():
        setattr(job, field, tensor.data_ptr())
    getattr(library(), name)(job)
