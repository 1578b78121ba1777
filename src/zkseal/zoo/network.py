"""Trained numpy layers as an ONNX model, in the form in which PyTorch exports such networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from zkseal.zoo.layers import Conv, Dense, Flatten, Layer, MaxPool, Relu

# Understood by all current tools, older peers included.
_OPSET = 13


def to_onnx(name: str, layers: Sequence[Layer], shape: Sequence[int], classes: int) -> onnx.ModelProto:
    """A model from `input` of shape ("batch", *shape) to `logits` of shape ("batch", classes)."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []
    value = "input"
    for index, layer in enumerate(layers):
        kind = type(layer).__name__.lower()
        result = "logits" if index == len(layers) - 1 else f"{kind}_{index}"
        inputs = [value]
        arrays = [layer.weights[0].T if isinstance(layer, Dense) else w for w in layer.weights[:1]] + layer.weights[1:]
        for role, array in zip(("weight", "bias"), arrays, strict=False):
            constants.append(numpy_helper.from_array(np.ascontiguousarray(array), f"{kind}_{index}.{role}"))
            inputs.append(constants[-1].name)
        nodes.append(_node(layer, inputs, result, f"{kind}_{index}"))
        value = result
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", *shape])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="zkseal")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def _node(layer: Layer, inputs: Sequence[str], result: str, name: str) -> onnx.NodeProto:
    if isinstance(layer, Conv):
        size, pad = layer.size, layer.padding
        return helper.make_node(
            "Conv", inputs, [result], name=name, kernel_shape=[size] * 2, pads=[pad] * 4, strides=[1, 1]
        )
    if isinstance(layer, Dense):
        return helper.make_node("Gemm", inputs, [result], name=name, transB=1)
    if isinstance(layer, MaxPool):
        return helper.make_node("MaxPool", inputs, [result], name=name, kernel_shape=[2, 2], strides=[2, 2])
    if isinstance(layer, Relu):
        return helper.make_node("Relu", inputs, [result], name=name)
    assert isinstance(layer, Flatten)
    return helper.make_node("Flatten", inputs, [result], name=name, axis=1)
