"""A `Graph` as an ONNX model again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from zkseal.frontends.onnx.standardize import OPSET
from zkseal.graph import Graph, Node, Value

_ML_OPSET = 3
_IR_VERSION = 10


def export(graph: Graph, *, extra_outputs: Iterable[str] = (), opset: int = OPSET) -> onnx.ModelProto:
    """The ONNX model that computes `graph`; `extra_outputs` names further values that it returns.

    The nodes are those of `OPSET`; an older `opset` is for runtimes that lack kernels of the newest version of an
    operator, and right where the versions differ in the types that they accept only.
    """
    names = list(dict.fromkeys((*graph.outputs, *extra_outputs)))
    proto = helper.make_graph(
        [_node(node) for node in graph.nodes],
        graph.name,
        [_info(value) for value in graph.inputs],
        [_info(graph.values[name]) for name in names],
        [numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
         for name, array in graph.initializers.items()],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    model = helper.make_model(proto, opset_imports=opsets, producer_name="zkseal")
    model.ir_version = _IR_VERSION
    return model


def _node(node: Node) -> onnx.NodeProto:
    domain = "" if onnx.defs.has(node.op, "") else "ai.onnx.ml"
    attributes: dict[str, Any] = {
        name: numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
        for name, value in node.attributes.items()
    }
    return helper.make_node(node.op, node.inputs, node.outputs, name=node.name, domain=domain, **attributes)


def _info(value: Value) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(
        value.name, helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype)), value.shape
    )
