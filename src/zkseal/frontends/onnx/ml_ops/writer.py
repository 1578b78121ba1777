"""What rewrites of `ai.onnx.ml` share: a writer of nodes and constants in the place of one node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from zkseal.graph.names import fresh_name

__all__ = ["ML", "Array", "Rewrite", "Writer"]

ML = "ai.onnx.ml"
Array: TypeAlias = npt.NDArray[Any]


class Writer:
    """Nodes and constants that take the place of one node."""

    def __init__(self, rewrite: Rewrite, node: onnx.NodeProto) -> None:
        self.rewrite = rewrite
        self.node = node
        self.attributes: dict[str, Any] = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        self.stem = node.name or node.output[0]
        self.nodes: list[onnx.NodeProto] = []

    def constant(self, name: str, array: Array) -> str:
        full = self.rewrite.fresh(f"{self.stem}_{name}")
        self.rewrite.model.graph.initializer.append(numpy_helper.from_array(array, full))
        return full

    def add(self, op: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        """Appends a node; without `output` its result gets a fresh name. Returns the name of the result."""
        result = output or self.rewrite.fresh(f"{self.stem}_{op.lower()}")
        name = self.rewrite.fresh(f"{self.stem}_{op}")
        domain = ML if onnx.defs.has(op, ML) and not onnx.defs.has(op) else ""
        self.nodes.append(helper.make_node(op, inputs, [result], name=name, domain=domain, **attributes))
        return result

    def floats(self, name: str) -> Array:
        return np.asarray(self.attributes.get(name, ()), np.float32)

    def text(self, name: str, default: str) -> str:
        value = self.attributes.get(name, default.encode())
        return str(value.decode("utf-8", "replace"))

    def float_input(self, position: int = 0) -> str:
        return self.add("Cast", [self.node.input[position]], to=TensorProto.FLOAT)

    def output(self, position: int) -> str | None:
        """The name of an output; None if nobody asks for it."""
        return (self.node.output[position] or None) if position < len(self.node.output) else None


class Rewrite:
    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.notes: list[str] = []
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self.types = {value.name: value.type.tensor_type.elem_type for value in model.graph.input}
        self.makers = {name: node for node in model.graph.node for name in node.output if name}
        values = (*model.graph.input, *model.graph.output, *model.graph.initializer)
        self.names = {value.name for value in values} | set(self.makers) | {n.name for n in model.graph.node}

    def fresh(self, stem: str) -> str:
        name = fresh_name(stem, self.names)
        self.names.add(name)
        return name

    def retype_output(self, name: str, elem_type: int) -> None:
        for value in self.model.graph.output:
            if value.name == name:
                value.CopyFrom(helper.make_tensor_value_info(name, elem_type, None))
