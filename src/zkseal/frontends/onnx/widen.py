"""Writes bfloat16 models as float32 models: every bfloat16 number is a float32 number.

A proof is about integers of far finer steps than bfloat16 has, so nothing is lost but the rounding in between.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from zkseal.frontends.onnx.read import subgraphs

_TYPE_ATTRIBUTES = frozenset({"dtype", "output_dtype", "softmax_precision", "stash_type", "to"})

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
