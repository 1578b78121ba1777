"""Quantized operators of onnxruntime (domain `com.microsoft`) as operators of the standard.

onnxruntime's quantizer writes them in its QOperator format. Each is a float operator between DequantizeLinear and
QuantizeLinear, with the same scales and zero points:
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import onnx.version_converter
from onnx import helper, numpy_helper

__all__ = ["rewrite_contrib_ops"]

DOMAIN = "com.microsoft"

_CHANNELS_OPSET = 13
_IR_VERSION = 4
"""The first in which initializers need not be inputs, as the version converter wants them."""

_Triple = tuple[str, str, str]
"""Names of integers, scale and zero point."""


def rewrite_contrib_ops(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the operators that are known here replaced; others stay, and are refused with the rest.

    It is changed in place, but for models of older operator sets than the one that has scales for channels.
    """
    if not any(node.domain == DOMAIN for node in model.graph.node):
        return model
    if any(entry.domain == "" and entry.version < _CHANNELS_OPSET for entry in model.opset_import):
        model.ir_version = max(model.ir_version, _IR_VERSION)
        model = onnx.version_converter.convert_version(model, _CHANNELS_OPSET)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        rewriting = _Rewriting(model.graph, node)
        write = _WRITERS.get(node.op_type) if node.domain == DOMAIN else None
        known = write is not None and write(rewriting)
        nodes.extend(rewriting.nodes if known else [onnx.NodeProto.FromString(node.SerializeToString())])
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    if not any(node.domain == DOMAIN for node in nodes):
        kept = [helper.make_opsetid(e.domain, e.version) for e in model.opset_import if e.domain != DOMAIN]
        del model.opset_import[:]
        model.opset_import.extend(kept)
    return model


class _Rewriting:
    """The nodes that take the place of one; names of values are derived from its first output."""

    def __init__(self, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
        self.graph, self.node = graph, node
        self.nodes: list[onnx.NodeProto] = []
        self.inputs = [*node.input, *([""] * 9)]
        self.attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}

    def triple(self, start: int) -> _Triple:
        return self.inputs[start], self.inputs[start + 1], self.inputs[start + 2]

    def constant(self, name: str) -> np.ndarray | None:
        found = next((tensor for tensor in self.graph.initializer if tensor.name == name), None)
        return None if found is None else numpy_helper.to_array(found)

    def apply(self, op: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        output = output or f"{self.node.output[0]}/{op}_{len(self.nodes)}"
        name = f"{self.node.name or self.node.output[0]}/{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=name, **attributes))
        return output

    def real(self, triple: _Triple, **attributes: Any) -> str:
        return self.apply("DequantizeLinear", [name for name in triple if name], **attributes)

    def quantize(self, value: str, scale: str, zero_point: str) -> bool:
        inputs = [name for name in (value, scale, zero_point) if name]
        self.apply("QuantizeLinear", inputs, self.node.output[0])
        return True


def _binary(op: str) -> Callable[[_Rewriting], bool]:
    def write(r: _Rewriting) -> bool:
        return r.quantize(r.apply(op, [r.real(r.triple(0)), r.real(r.triple(3))]), r.inputs[6], r.inputs[7])

    return write


def _unary(op: str, *attributes: str) -> Callable[[_Rewriting], bool]:
    def write(r: _Rewriting) -> bool:
        if r.attributes.get("channels_last", 0):
            return False
        kept = {name: r.attributes[name] for name in attributes if name in r.attributes}
        return r.quantize(r.apply(op, [r.real(r.triple(0))], **kept), r.inputs[3], r.inputs[4])

    return write


def _concat(r: _Rewriting) -> bool:
    parts = [r.real(r.triple(start)) for start in range(2, len(r.node.input), 3)]
    return r.quantize(r.apply("Concat", parts, axis=r.attributes.get("axis", 0)), r.inputs[0], r.inputs[1])


def _where(r: _Rewriting) -> bool:
    chosen = r.apply("Where", [r.inputs[0], r.real(r.triple(1)), r.real(r.triple(4))])
    return r.quantize(chosen, r.inputs[7], r.inputs[8])


def _gemm(r: _Rewriting) -> bool:
    left_scale, right_scale = (r.constant(r.inputs[k]) for k in (1, 4))
    if r.attributes.get("alpha", 1.0) != 1.0 or left_scale is None or right_scale is None:
        return False
    transposed = {name: r.attributes.get(name, 0) for name in ("transA", "transB")}
    operands = [r.real(r.triple(0)), r.real(r.triple(3), axis=0 if transposed["transB"] else 1)]
    if r.inputs[6]:
        product = np.asarray(left_scale * right_scale, np.float32)
        name = f"{r.node.output[0]}/bias_scale"
        r.graph.initializer.append(numpy_helper.from_array(product.reshape(() if product.size == 1 else -1), name))
        operands.append(r.apply("DequantizeLinear", [r.inputs[6], name], axis=0))
    if not r.inputs[7]:
        r.apply("Gemm", operands, r.node.output[0], **transposed)
        return True
    return r.quantize(r.apply("Gemm", operands, **transposed), r.inputs[7], r.inputs[8])


def _standard(op: str) -> Callable[[_Rewriting], bool]:
    """The operator of the standard under the same name, which newer versions of the standard have as well."""

    def write(r: _Rewriting) -> bool:
        r.apply(op, r.node.input, r.node.output[0], **r.attributes)
        return True

    return write


_WRITERS: dict[str, Callable[[_Rewriting], bool]] = {
    "DequantizeLinear": _standard("DequantizeLinear"),
    "QGemm": _gemm,
    "QLinearAdd": _binary("Add"),
    "QLinearAveragePool": _unary(
        "AveragePool", "auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides"
    ),
    "QLinearConcat": _concat,
    "QLinearGlobalAveragePool": _unary("GlobalAveragePool"),
    "QLinearLeakyRelu": _unary("LeakyRelu", "alpha"),
    "QLinearMul": _binary("Mul"),
    "QLinearSigmoid": _unary("Sigmoid"),
    "QLinearSoftmax": _unary("Softmax", "axis"),
    "QLinearWhere": _where,
    "QuantizeLinear": _standard("QuantizeLinear"),
}
