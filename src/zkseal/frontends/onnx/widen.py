"""Writes narrow types as wider ones that hold every number of theirs.

bfloat16 becomes float32: a proof is about integers of far finer steps than bfloat16 has, so nothing is lost but the
rounding in between. Inputs and constants of 2 and 4 bits, such as packed weights, become integers of 8 bits; where
nodes compute such integers, rounding and limits belong to the type, and it stays.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from zkseal.frontends.onnx.read import subgraphs

_TYPE_ATTRIBUTES = frozenset({"dtype", "output_dtype", "softmax_precision", "stash_type", "to"})

_EIGHT_BITS = {
    TensorProto.INT2: TensorProto.INT8,
    TensorProto.INT4: TensorProto.INT8,
    TensorProto.UINT2: TensorProto.UINT8,
    TensorProto.UINT4: TensorProto.UINT8,
}

_READERS = frozenset({"Cast", "DequantizeLinear", "Gather", "Reshape", "Transpose"})
"""Operators that take small integers and compute nothing that depends on how small their type is."""

NOTE = "bfloat16 values are computed as float32."


def widen_bfloat16(model: onnx.ModelProto) -> list[str]:
    """Makes all bfloat16 tensors of `model` float32, in place; a note for people if there were any."""
    changed = False
    for graph in _graphs(model.graph):
        for value in (*graph.input, *graph.output, *graph.value_info):
            if value.type.tensor_type.elem_type == TensorProto.BFLOAT16:
                value.type.tensor_type.elem_type = TensorProto.FLOAT
                changed = True
        for tensor in graph.initializer:
            changed |= _widen(tensor)
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.name in _TYPE_ATTRIBUTES and attribute.i == TensorProto.BFLOAT16:
                    attribute.i = TensorProto.FLOAT
                    changed = True
                if attribute.HasField("t"):
                    changed |= _widen(attribute.t)
    return [NOTE] if changed else []


def widen_small_integers(model: onnx.ModelProto) -> None:
    """Makes inputs and constants of 2 and 4 bits 8 bits wide, in place, unless nodes compute such integers."""
    graph = model.graph
    narrow = {value.name for value in graph.input if value.type.tensor_type.elem_type in _EIGHT_BITS}
    narrow |= {tensor.name for tensor in graph.initializer if tensor.data_type in _EIGHT_BITS}
    if not narrow or any(_computes_narrow(node, narrow) for node in graph.node):
        return
    for value in graph.input:
        if value.name in narrow:
            value.type.tensor_type.elem_type = _EIGHT_BITS[value.type.tensor_type.elem_type]
    for tensor in graph.initializer:
        if tensor.name in narrow:
            wide = helper.tensor_dtype_to_np_dtype(_EIGHT_BITS[tensor.data_type])
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(wide), tensor.name))


def _computes_narrow(node: onnx.NodeProto, narrow: set[str]) -> bool:
    makes = any(a.name in _TYPE_ATTRIBUTES and a.i in _EIGHT_BITS for a in node.attribute)
    keeps = node.op_type not in _READERS and not narrow.isdisjoint(node.input)
    return makes or keeps


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for inner in subgraphs(node.attribute):
            yield from _graphs(inner)


def _widen(tensor: onnx.TensorProto) -> bool:
    if tensor.data_type != TensorProto.BFLOAT16:
        return False
    wide = numpy_helper.to_array(tensor).astype(np.float32)
    tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))
    return True
