"""An ONNX graph written node by node: the one door to onnx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
Weights = Mapping[str, Array]
"""A network's weights by the names of its `state_dict`."""
Value = str | Array | np.generic
"""The name of a value, "" for an input left out, or numbers that become a constant."""
Shape = Sequence[str | int]

INT32, FLOAT = int(TensorProto.INT32), int(TensorProto.FLOAT)
OPSET, IR_VERSION = 17, 8
"""Read by onnxruntime 1.12 (2022) and all later ones."""


class Graph:
    """Nodes in the order in which they are computed; a value is known by its name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._number = count(1)

    def add(self, operator: str, *inputs: Value, **attributes: Any) -> str:
        """The name of the first output of a new node."""
        return self.add_many(operator, 1, *inputs, **attributes)[0]

    def add_many(self, operator: str, outputs: int, *inputs: Value, **attributes: Any) -> list[str]:
        """The names of that many outputs of a new node."""
        name = f"{operator}_{next(self._number)}"
        names = [f"{name}_{n}" for n in range(outputs)]
        named = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        self._nodes.append(helper.make_node(operator, named, names, name, **attributes))
        return names

    def constant(self, values: Array | np.generic) -> str:
        """The name of numbers that stand in the file once, however many nodes read them."""
        name = f"constant_{len(self._constants) + 1}"
        self._constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def name(self, value: str, name: str) -> None:
        """Let a value be known by another name as well, such as that of an output."""
        self._nodes.append(helper.make_node("Identity", [value], [name], name))

    def serialized(
        self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], metadata: Mapping[str, str], version: str
    ) -> bytes:
        """The bytes of the model, the same for the same nodes; inputs are int64, outputs float32.

        Args:
            inputs: shapes by name; a dimension is a number, or a name where it may be any.
            version: of this package.
        """
        integers = [helper.make_tensor_value_info(name, TensorProto.INT64, at) for name, at in inputs.items()]
        floats = [helper.make_tensor_value_info(name, FLOAT, at) for name, at in outputs.items()]
        model = helper.make_model(
            helper.make_graph(self._nodes, "text-classifier", integers, floats, self._constants),
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="text-classifier",
            producer_version=version,
        )
        helper.set_model_props(model, dict(metadata))
        return bytes(model.SerializeToString(deterministic=True))
