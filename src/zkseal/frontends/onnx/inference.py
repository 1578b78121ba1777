"""Types and shapes of all values: onnx's strict inference with data propagation, and what it leaves out.

For some operators onnx declares no inference, or not for every output. Their shapes are given here, from the operator
documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import onnx
from onnx import helper

Shape = tuple[int, ...]
Known = Mapping[str, tuple[int, Shape]]
"""Element type and shape by name."""


def infer_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with types and shapes of all values. Raises what onnx raises."""
    del model.graph.value_info[:]
    while True:
        model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        if not _add_missing(model.graph):
            return model


def _add_missing(graph: onnx.GraphProto) -> bool:
    """Adds the shapes of values that follow from what is known; says whether there were any."""
    if not any(node.op_type in _RULES for node in graph.node):
        return False
    known = _known(graph)
    outputs = {value.name: value for value in graph.output}
    added = False
    for node in graph.node:
        rule = _RULES.get(node.op_type)
        if rule is None or all(name in known for name in node.output if name):
            continue
        for name, (kind, shape) in rule(node, known).items():
            if name and name not in known:
                info = helper.make_tensor_value_info(name, kind, shape)
                if name in outputs:
                    outputs[name].type.CopyFrom(info.type)
                else:
                    graph.value_info.append(info)
                added = True
    return added


def _known(graph: onnx.GraphProto) -> dict[str, tuple[int, Shape]]:
    known = {tensor.name: (tensor.data_type, tuple(tensor.dims)) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        kind = value.type.tensor_type
        if kind.HasField("shape") and all(dim.HasField("dim_value") for dim in kind.shape.dim):
            known[value.name] = (kind.elem_type, tuple(dim.dim_value for dim in kind.shape.dim))
    return known


def _same(node: onnx.NodeProto, known: Known) -> dict[str, tuple[int, Shape]]:
    """The result has the type and shape of the first operand."""
    return {node.output[0]: known[node.input[0]]} if node.input[0] in known else {}


def _attention(node: onnx.NodeProto, known: Known) -> dict[str, tuple[int, Shape]]:
    """Output 3, the scores: (batch, query heads, query length, key length with the past)."""
    if len(node.output) < 4 or any(name not in known for name in node.input[:2]):
        return {}
    (kind, q), (_, k) = known[node.input[0]], known[node.input[1]]
    heads = {attribute.name: attribute.i for attribute in node.attribute}.get("q_num_heads", 0)
    past = known.get(node.input[4]) if len(node.input) > 4 and node.input[4] else None
    length = k[-2] + (past[1][2] if past else 0)
    return {node.output[3]: (kind, (q[0], q[1] if len(q) == 4 else heads, q[-2], length))}


_RULES: dict[str, Callable[[onnx.NodeProto, Known], dict[str, tuple[int, Shape]]]] = {
    "Attention": _attention,
    "GroupNormalization": _same,
    "MeanVarianceNormalization": _same,
    "RotaryEmbedding": _same,
    "Swish": _same,
}
