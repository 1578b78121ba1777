"""A standardized ModelProto as a `Graph`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from zkseal.errors import DynamicShape, InvalidModel, ResourceLimit, UnsupportedDtype, UnsupportedOp
from zkseal.graph.names import fresh_name
from zkseal.graph.types import Graph, Node, Value

MAX_ENTRIES = 1 << 27
"""Entries of one value: half a gigabyte of floats."""


def to_graph(model: onnx.ModelProto, notes: tuple[str, ...] = ()) -> Graph:
    """The graph of `model`, whose value types and shapes have been inferred; Constant nodes become initializers.

    Raises UnsupportedOp for control flow and for operators without shape inference, DynamicShape for a value whose
    shape depends on data, UnsupportedDtype for a value that is no numeric tensor, ResourceLimit for one of too many
    entries.
    """
    proto = model.graph
    initializers = {tensor.name: _array(tensor) for tensor in proto.initializer}
    nodes: list[Node] = []
    for index, node in enumerate(proto.node):
        name = node.name or f"{node.op_type}_{index}"
        attributes = {attribute.name: _attribute(attribute, node.op_type, name) for attribute in node.attribute}
        if node.op_type == "Constant":
            initializers[node.output[0]] = _constant(attributes)
        else:
            nodes.append(Node(name, node.op_type, tuple(node.input), tuple(node.output), attributes))
    nodes = [_without_empty_lists(node, initializers) for node in nodes]
    infos = {value.name: value for value in (*proto.input, *proto.value_info, *proto.output)}
    values = {name: Value(name, tuple(array.shape), array.dtype.name) for name, array in initializers.items()}
    values |= {value.name: _value(value, None) for value in proto.input}
    for graph_node in nodes:
        for name in graph_node.outputs:
            if name:
                values[name] = _computed(infos, name, graph_node)
    return Graph(
        name=proto.name or "model",
        inputs=tuple(values[value.name] for value in proto.input),
        outputs=tuple(value.name for value in proto.output),
        values=values,
        initializers=initializers,
        nodes=_unique_names(nodes),
        notes=notes,
    )


def _without_empty_lists(node: Node, initializers: Mapping[str, npt.NDArray[Any]]) -> Node:
    """The node with lists of axes, scales or sizes that are empty left out, which means the same."""
    if not node.op.startswith("Reduce") and node.op not in ("Resize", "Upsample"):
        return node
    empty = {name for name in node.inputs if name in initializers and initializers[name].size == 0}
    inputs = ["" if name in empty else name for name in node.inputs]
    while inputs and inputs[-1] == "":
        inputs.pop()
    return replace(node, inputs=tuple(inputs))


def _array(tensor: TensorProto) -> npt.NDArray[Any]:
    if tensor.data_type in (TensorProto.STRING, TensorProto.COMPLEX64, TensorProto.COMPLEX128):
        kind = TensorProto.DataType.Name(tensor.data_type).lower()
        raise UnsupportedDtype(
            f"Constant {tensor.name!r} has element type {kind}. Cut off what needs it with `select=` "
            "(zkseal compile: --select).",
            tensor=tensor.name,
            dtype=kind,
        )
    return np.ascontiguousarray(numpy_helper.to_array(tensor)).reshape(tuple(tensor.dims))


def _attribute(attribute: AttributeProto, op: str, node: str) -> object:
    if attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
        raise UnsupportedOp(
            f"Node {node!r} ({op}) has control flow that depends on data, which a proof of fixed shape cannot follow. "
            "Export the model without branches and loops, or make the inputs that decide about them initializers.",
            op=op,
            node=node,
        )
    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, TensorProto):
        return _array(value)
    if isinstance(value, int | float | str):
        return value
    if attribute.type in (AttributeProto.INTS, AttributeProto.FLOATS):
        return tuple(value)
    if attribute.type == AttributeProto.STRINGS:
        return tuple(item.decode("utf-8", "replace") for item in value)
    kind = AttributeProto.AttributeType.Name(attribute.type)
    raise UnsupportedOp(f"Attribute {attribute.name!r} of node {node!r} ({op}) has type {kind}.", op=op, node=node)


def _constant(attributes: Mapping[str, object]) -> npt.NDArray[Any]:
    """The array of a Constant node (operator document of Constant: one of these attributes)."""
    for name, value in attributes.items():
        if name == "value" and isinstance(value, np.ndarray):
            return value
        if name in ("value_float", "value_floats"):
            return np.asarray(value, np.float32)
        if name in ("value_int", "value_ints"):
            return np.asarray(value, np.int64)
    raise UnsupportedDtype(
        f"A Constant node holds {', '.join(attributes)}, which is not a numeric tensor.",
        tensor="Constant",
        dtype=", ".join(attributes),
    )


def _computed(infos: Mapping[str, onnx.ValueInfoProto], name: str, node: Node) -> Value:
    info = infos.get(name)
    if info is None or not info.type.WhichOneof("value") or not (_has_shape(info) or _infers_shapes(node.op)):
        raise UnsupportedOp(
            f"Node {node.name!r} ({node.op}) has no known output shape, so it cannot be proved. "
            "Cut it off with `select=` (zkseal compile: --select), or export the model with other operators.",
            op=node.op,
            node=node.name,
        )
    return _value(info, node)


def _has_shape(info: onnx.ValueInfoProto) -> bool:
    return not info.type.HasField("tensor_type") or info.type.tensor_type.HasField("shape")


def _infers_shapes(op: str) -> bool:
    domain = "" if onnx.defs.has(op, "") else "ai.onnx.ml"
    return bool(onnx.defs.get_schema(op, domain=domain).has_type_and_shape_inference_function)


def _value(info: onnx.ValueInfoProto, node: Node | None) -> Value:
    place = f"Output {info.name!r} of node {node.name!r} ({node.op})" if node else f"Input {info.name!r}"
    if not info.type.HasField("tensor_type"):
        kind = str(info.type.WhichOneof("value")).removesuffix("_type")
        raise UnsupportedDtype(f"{place} is a {kind}, not a tensor.", tensor=info.name, dtype=kind)
    kind_of = info.type.tensor_type
    if kind_of.elem_type == TensorProto.UNDEFINED:
        raise InvalidModel(f"{place} has no element type.", node=node.name if node else info.name)
    dtype = (
        "string" if kind_of.elem_type == TensorProto.STRING else helper.tensor_dtype_to_np_dtype(kind_of.elem_type).name
    )
    if not kind_of.HasField("shape"):
        raise _dynamic(place, info.name, 0)
    shape = []
    for axis, dim in enumerate(kind_of.shape.dim):
        if not dim.HasField("dim_value"):
            raise _dynamic(place, info.name, axis)
        shape.append(int(dim.dim_value))
    if math.prod(shape) > MAX_ENTRIES:
        raise ResourceLimit(
            f"{place} has {math.prod(shape)} entries; up to {MAX_ENTRIES} of a value fit in memory while compiling. "
            "Export the model with smaller inputs.",
            resource="memory",
        )
    return Value(info.name, tuple(shape), dtype)


def _dynamic(place: str, name: str, axis: int) -> DynamicShape:
    return DynamicShape(
        f"{place} has a shape that is not known before the model runs (axis {axis}). "
        "Export the model with fixed sizes, or cut it off with `select=` (zkseal compile: --select).",
        tensor=name,
        axis=axis,
    )


def _unique_names(nodes: list[Node]) -> tuple[Node, ...]:
    """Node names are optional and may repeat in ONNX; here each is unique."""
    seen: set[str] = set()
    result = []
    for node in nodes:
        name = fresh_name(node.name, seen)
        seen.add(name)
        result.append(Node(name, node.op, node.inputs, node.outputs, node.attributes))
    return tuple(result)
