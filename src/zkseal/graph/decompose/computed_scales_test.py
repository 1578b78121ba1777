"""Quantized operators with computed scales, against onnxruntime; and DynamicQuantizeLinear found in its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.numpy_helper import from_array

from zkseal.errors import UnsupportedOp
from zkseal.frontends.onnx import load
from zkseal.graph.decompose.harness_test import Array, check, model_of, normal
from zkseal.lowering.harness_test import calibrated

STEPS = np.asarray([0.5, 0.25, 2.0], np.float32)
"""Scales that are powers of two: quotients are exact, so that integers are onnxruntime's next to ties too."""


def integers(seed: int, dtype: str, *shape: int) -> Array:
    info = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(info.min, info.max + 1, size=shape).astype(dtype)


@pytest.mark.parametrize("axis", [None, 1])
def test_quantize(axis: int | None) -> None:
    scale = STEPS if axis is not None else STEPS[0]
    zero = np.full(np.shape(scale), 7, np.uint8)
    x = np.round(normal(1, 2, 3, 4) * 16) / 16
    check("QuantizeLinear", {"x": x.astype(np.float32), "s": scale, "z": zero}, axis=1)


@pytest.mark.parametrize(
    ("shape", "attributes"), [((), {}), ((3,), {"axis": 1}), ((2, 3, 2), {"axis": 2, "block_size": 2})]
)
def test_dequantize(shape: tuple[int, ...], attributes: dict[str, Any]) -> None:
    scale = np.abs(normal(2, *shape)) + np.float32(0.1)
    inputs = {"x": integers(3, "int8", 2, 3, 4), "s": np.asarray(scale, np.float32), "z": integers(4, "int8", *shape)}
    check("DequantizeLinear", inputs, **attributes)


def test_quantized_products() -> None:
    scales = {"xs": np.asarray(0.5, np.float32), "ws": np.asarray(0.25, np.float32), "ys": np.asarray(64, np.float32)}
    zeros = {name: np.asarray(zero, np.uint8) for name, zero in (("xz", 100), ("wz", 120), ("yz", 128))}
    x, w = integers(5, "uint8", 3, 6), integers(6, "uint8", 6, 4)
    inputs = {"x": x, "xs": scales["xs"], "xz": zeros["xz"], "w": w, "ws": scales["ws"], "wz": zeros["wz"]}
    check("QLinearMatMul", {**inputs, "ys": scales["ys"], "yz": zeros["yz"]}, runtime="onnxruntime")
    image, filters = integers(7, "uint8", 1, 2, 4, 4), integers(8, "uint8", 3, 2, 3, 3)
    inputs |= {
        "x": image,
        "w": filters,
        "ys": scales["ys"],
        "yz": zeros["yz"],
        "b": np.asarray([5, -900, 70], np.int32),
    }
    check("QLinearConv", inputs, runtime="onnxruntime", pads=[1, 0, 0, 1])


def test_sixteen_bits_are_refused() -> None:
    inputs: dict[str, Array | None] = {"x": normal(9, 3), "s": STEPS[0], "z": np.asarray(0, np.int16)}
    fed = {name: array for name, array in inputs.items() if array is not None}
    with pytest.raises(UnsupportedOp, match="scale"):
        calibrated(load(model_of("QuantizeLinear", inputs, ["y"], ())), [fed])


@pytest.mark.parametrize("zero", [0.0, 1.0])
def test_dynamic_quantize_is_found_in_its_function_body(zero: float) -> None:
    """Only with the numbers that it has: a constant of 1 in place of 0 is another function."""
    schema = onnx.defs.get_schema("DynamicQuantizeLinear")
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in schema.function_body.node]
    for node in nodes:
        if node.op_type == "Constant" and node.output[0] == "Q_Min":
            node.CopyFrom(helper.make_node("Constant", [], ["Q_Min"], value=from_array(np.asarray(zero, np.float32))))
    values = [("x", TensorProto.FLOAT, [3, 4]), ("y", TensorProto.UINT8, [3, 4])]
    infos = [helper.make_tensor_value_info(*value) for value in values]
    graph = helper.make_graph(nodes, "body", infos[:1], infos[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", schema.since_version)], ir_version=9)
    assert ("DynamicQuantizeLinear" in load(model).ops()) == (zero == 0.0)
