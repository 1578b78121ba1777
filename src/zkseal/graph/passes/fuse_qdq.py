"""Float operators between DequantizeLinear and QuantizeLinear become quantized operators of the standard.

| pattern (D = DequantizeLinear, Q = QuantizeLinear) | becomes |
| --- | --- |
| Q(Conv(D(x), D(w), D(b))) | QLinearConv |
| Q(Gemm(D(x), D(w), D(b))) with constant w | QLinearConv on one pixel |
| Q(MatMul(D(a), D(b))) | QLinearMatMul |
| Q(Mul(D(a), D(b))) | QLinearMatMul of 1 x 1 matrices |
| Q(AveragePool(D(x))), Q(GlobalAveragePool(D(x))) | QLinearConv with weights of 1 |

A Relu or Clip in front of Q is left out where saturation does the same. Integers and scales are the model's own, so the
results are those that onnxruntime has for the fused model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.graph.edit import Editor
from zkseal.graph.qdq import Quantization, dequantized, quantized_to_8_bits
from zkseal.graph.shapes import ints, number
from zkseal.graph.types import Graph, Node

_TYPES = frozenset({("uint8", "uint8"), ("uint8", "int8"), ("int8", "int8")})
"""Types of data and weights that onnxruntime's quantized operators have."""


def fuse_qdq(graph: Graph) -> Graph:
    """`graph` with the patterns above replaced."""
    if not any(node.op == "QuantizeLinear" for node in graph.nodes):
        return graph
    edit = Editor(graph)
    for node, result in quantized_to_8_bits(edit):
        source = _before_saturation(edit, node, result)
        maker = edit.producer(source)
        if maker is None or maker.op not in _FUSIONS or not edit.consumers(source) or source in edit.outputs:
            continue
        if len(edit.consumers(source)) == 1:
            _FUSIONS[maker.op](edit, node, maker, result)
    return edit.build()


def _before_saturation(edit: Editor, node: Node, result: Quantization) -> str:
    """The value that is quantized, or what a Relu or Clip that saturation makes superfluous reads."""
    name = node.inputs[0]
    maker = edit.producer(name)
    if maker is None or maker.op not in ("Relu", "Clip") or not edit.only_used_by(name, node):
        return name
    info = np.iinfo(result.dtype)
    scale, zero = float(result.scale.reshape(-1)[0]), int(result.zero_point.reshape(-1)[0])
    for position, end in ((1, info.min), (2, info.max)):
        limit: npt.NDArray[Any] | None = np.zeros(()) if maker.op == "Relu" and position == 1 else None
        if maker.op == "Clip" and position < len(maker.inputs) and maker.inputs[position]:
            limit = edit.constant(maker.inputs[position])
            if limit is None:
                return name
        if limit is None:
            continue
        integer = float(limit.reshape(-1)[0]) / scale + zero
        if (integer > end + 0.49) if position == 1 else (integer < end - 0.49):
            return name
    return maker.inputs[0]


def _operands(edit: Editor, maker: Node, result: Quantization) -> tuple[Quantization, Quantization] | None:
    """The two dequantized operands, if the quantized operators take their types."""
    left, right = dequantized(edit, maker.inputs[0]), dequantized(edit, maker.inputs[1])
    if left is None or right is None or not left.is_uniform or (left.dtype, right.dtype) not in _TYPES:
        return None
    if left.dtype != result.dtype or not (right.zero_point == right.zero_point.reshape(-1)[0]).all():
        return None
    return left, right


def _fuse_conv(edit: Editor, node: Node, maker: Node, result: Quantization) -> None:
    found = _operands(edit, maker, result)
    if found is None or not (found[1].is_uniform or found[1].axis == 0):
        return
    bias = _bias(edit, maker, *found, channels=edit.values[maker.outputs[0]].shape[1])
    if bias is not None:
        weights = (found[1].name, *found[1].parameters(edit, f"{maker.name}/weights"))
        fused = _qlinear_conv(edit, maker, found[0], weights, result, bias, maker.attributes)
        edit.substitute(node, replace(fused, outputs=node.outputs))


def _fuse_gemm(edit: Editor, node: Node, maker: Node, result: Quantization) -> None:
    """x (rows, k) is rows images of k channels and one pixel."""
    found, a = _operands(edit, maker, result), maker.attributes
    if found is None or a.get("transA", 0) or a.get("alpha", 1.0) != 1.0 or a.get("beta", 1.0) != 1.0:
        return
    (data, kernel), transposed = found, bool(a.get("transB", 0))
    matrix = edit.constant(kernel.name)
    rows, columns = edit.values[maker.outputs[0]].shape
    if matrix is None or not (kernel.is_uniform or kernel.axis == (0 if transposed else 1)):
        return
    bias = _bias(edit, maker, data, kernel, channels=columns)
    if bias is None:
        return
    pixel = (rows, edit.values[data.name].shape[1], 1, 1)
    image = _reshape(edit, maker.name, data.name, pixel)
    array = np.ascontiguousarray(matrix if transposed else matrix.T).reshape(columns, -1, 1, 1)
    weights = (edit.add_initializer(f"{kernel.name}/filters", array), *kernel.parameters(edit, f"{maker.name}/weights"))
    data = replace(data, name=image.outputs[0])
    fused = _qlinear_conv(edit, maker, data, weights, result, bias, {"kernel_shape": (1, 1)})
    wide = edit.add_value(f"{maker.outputs[0]}/pixels", (rows, columns, 1, 1), result.dtype)
    flat = _reshape(edit, maker.name, wide, (rows, columns), node.outputs[0])
    edit.substitute(node, image, replace(fused, outputs=(wide,)), flat)


def _fuse_matmul(edit: Editor, node: Node, maker: Node, result: Quantization) -> None:
    found = _operands(edit, maker, result)
    if found is None or not (found[1].is_uniform or found[1].axis == len(edit.values[found[1].name].shape) - 1):
        return
    edit.substitute(node, replace(_qlinear_matmul(edit, maker, *found, result), outputs=node.outputs))


def _fuse_mul(edit: Editor, node: Node, maker: Node, result: Quantization) -> None:
    found = _operands(edit, maker, result)
    if found is None or not found[1].is_uniform:
        return
    shape = edit.values[maker.outputs[0]].shape
    matrices = [_reshape(edit, maker.name, q.name, (*edit.values[q.name].shape, 1, 1)) for q in found]
    left, right = (replace(q, name=m.outputs[0]) for q, m in zip(found, matrices, strict=True))
    fused = _qlinear_matmul(edit, maker, left, right, result)
    wide = edit.add_value(f"{maker.outputs[0]}/matrices", (*shape, 1, 1), result.dtype)
    flat = _reshape(edit, maker.name, wide, shape, node.outputs[0])
    edit.substitute(node, *matrices, replace(fused, outputs=(wide,)), flat)


def _fuse_average(edit: Editor, node: Node, maker: Node, result: Quantization) -> None:
    data = dequantized(edit, maker.inputs[0])
    if data is None or not data.is_uniform or data.dtype != result.dtype:
        return
    shape = edit.values[data.name].shape
    attributes: dict[str, object] = {"kernel_shape": shape[2:], "group": shape[1]}
    if maker.op == "AveragePool":
        padded = any(ints(maker, "pads", [0])) or maker.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID")
        if number(maker, "ceil_mode", 0) or (padded and not number(maker, "count_include_pad", 0)):
            return
        names = ("kernel_shape", "pads", "strides", "dilations", "auto_pad")
        attributes |= {name: maker.attributes[name] for name in names if name in maker.attributes}
    kernel = attributes["kernel_shape"]
    assert isinstance(kernel, tuple)
    weights = (
        edit.add_initializer(f"{maker.name}/ones", np.ones((shape[1], 1, *kernel), np.int8)),
        edit.add_initializer(f"{maker.name}/share", np.asarray(1.0 / prod(kernel), np.float32)),
        edit.add_initializer(f"{maker.name}/zero", np.asarray(0, np.int8)),
    )
    fused = _qlinear_conv(edit, maker, data, weights, result, (), attributes)
    edit.substitute(node, replace(fused, outputs=node.outputs))


def _bias(
    edit: Editor, maker: Node, data: Quantization, weights: Quantization, *, channels: int
) -> tuple[str, ...] | None:
    """The name of the bias in 32 bits at the scale of the sums; () without one; None for a bias of another form."""
    if len(maker.inputs) < 3 or not maker.inputs[2]:
        return ()
    scale = (data.scale.astype(np.float32).reshape(()) * weights.scale.astype(np.float32)).reshape(-1)
    own = dequantized(edit, maker.inputs[2])
    integers = edit.constant(own.name) if own is not None else None
    if own is not None and integers is not None and not own.zero_point.any():
        if integers.shape == (channels,) and np.array_equal(np.broadcast_to(own.scale.reshape(-1), scale.shape), scale):
            return (own.name,)
        reals = integers.astype(np.float64) * own.scale.astype(np.float64)
    else:
        constant = edit.constant(maker.inputs[2])
        if constant is None:
            return None
        reals = constant.astype(np.float64)
    if reals.size not in (1, channels) or (reals.ndim and reals.shape[-1] != reals.size):
        return None
    steps = np.rint(np.broadcast_to(reals.reshape(-1), (channels,)) / scale.astype(np.float64))
    if np.abs(steps).max() >= 2.0**31:
        return None
    return (edit.add_initializer(f"{maker.name}/bias", steps.astype(np.int32)),)


def _qlinear_conv(
    edit: Editor,
    maker: Node,
    data: Quantization,
    weights: tuple[str, str, str],
    result: Quantization,
    bias: tuple[str, ...],
    attributes: Any,
) -> Node:
    inputs: tuple[str, ...] = (data.name, *data.parameters(edit, f"{maker.name}/data"), *weights)
    inputs = (*inputs, *result.parameters(edit, f"{maker.name}/result"), *bias)
    return edit.make_node(f"{maker.name}/quantized", "QLinearConv", inputs, (), dict(attributes))


def _qlinear_matmul(edit: Editor, maker: Node, left: Quantization, right: Quantization, result: Quantization) -> Node:
    pairs = ((left, "left"), (right, "right"))
    inputs = [name for q, what in pairs for name in (q.name, *q.parameters(edit, f"{maker.name}/{what}"))]
    inputs += result.parameters(edit, f"{maker.name}/result")
    return edit.make_node(f"{maker.name}/quantized", "QLinearMatMul", tuple(inputs), (), {})


def _reshape(edit: Editor, stem: str, name: str, shape: tuple[int, ...], output: str = "") -> Node:
    """A Reshape of value `name`, to `output` or to a new value."""
    target = edit.add_initializer(f"{stem}/shape", np.asarray(shape, np.int64))
    output = output or edit.add_value(f"{name}/reshaped", shape, edit.values[name].dtype)
    return edit.make_node(f"{stem}/reshape", "Reshape", (name, target), (output,), {})


_FUSIONS: dict[str, Callable[[Editor, Node, Node, Quantization], None]] = {
    "Conv": _fuse_conv,
    "Gemm": _fuse_gemm,
    "MatMul": _fuse_matmul,
    "Mul": _fuse_mul,
    "AveragePool": _fuse_average,
    "GlobalAveragePool": _fuse_average,
}
