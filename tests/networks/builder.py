"""Writes ONNX models node by node: what the transformers of this folder are built with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]

OPSET = 20


class Builder:
    """A graph that grows: each method adds nodes and returns the name of their result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, array: npt.ArrayLike, name: str = "") -> str:
        """A weight or a shape."""
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """One node with one result."""
        result = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [result], name=result, **attributes))
        return result

    def linear(self, x: str, weight: Array, bias: Array, name: str) -> str:
        """x W + b, with W of shape (inputs, outputs)."""
        product = self.add("MatMul", x, self.constant(weight, f"{name}.weight"))
        return self.add("Add", product, self.constant(bias, f"{name}.bias"))

    def layer_norm(self, x: str, scale: Array, bias: Array, epsilon: float, name: str) -> str:
        """LayerNormalization over the last axis."""
        constants = self.constant(scale, f"{name}.scale"), self.constant(bias, f"{name}.bias")
        return self.add("LayerNormalization", x, *constants, axis=-1, epsilon=epsilon)

    def attention(self, q: str, k: str, v: str, tokens: int, width: int, heads: int, *, causal: bool) -> str:
        """Softmax attention over (1, tokens, width), `heads` heads, each token seeing the earlier ones if `causal`."""
        size = width // heads

        def split(x: str, perm: Sequence[int]) -> str:
            shaped = self.add("Reshape", x, self.constant(np.array([1, tokens, heads, size])))
            return self.add("Transpose", shaped, perm=perm)

        scores = self.add("MatMul", split(q, (0, 2, 1, 3)), split(k, (0, 2, 3, 1)))
        scores = self.add("Mul", scores, self.constant(np.float32(size**-0.5)))
        if causal:
            # The mask of exported GPT-2: a large negative number where a token would see a later one.
            later = np.triu(np.ones((tokens, tokens), bool), 1)
            scores = self.add("Where", self.constant(later), self.constant(np.float32(-10000.0)), scores)
        mixed = self.add("MatMul", self.add("Softmax", scores, axis=-1), split(v, (0, 2, 1, 3)))
        joined = self.add("Transpose", mixed, perm=(0, 2, 1, 3))
        return self.add("Reshape", joined, self.constant(np.array([1, tokens, width])))

    def model(self, inputs: Mapping[str, Sequence[int]], result: str, shape: Sequence[int]) -> onnx.ModelProto:
        """The model from token inputs of these shapes to `result`, called "y"."""
        self.nodes.append(helper.make_node("Identity", [result], ["y"], name="y"))
        graph = helper.make_graph(
            self.nodes,
            "network",
            [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name, shape in inputs.items()],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
            self.constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
