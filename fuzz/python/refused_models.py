"""ONNX models that are refused, each for another reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from models import build, ramp
from onnx import TensorProto, helper

_ML = "ai.onnx.ml"


def refused() -> list[onnx.ModelProto]:
    """One model for each way to be refused."""
    return [*contents(), *types(), *text(), *opsets(), *control_flow(), *inputs()]


def relu() -> onnx.NodeProto:
    """The node that the models here have where nothing else is wrong."""
    return helper.make_node("Relu", ["x"], ["y"])


def contents() -> list[onnx.ModelProto]:
    """An unknown operator, a weight that is no number, a weight in another file, no graph, a shape that data decide, an
    axis that grows without reason, a type that does not exist."""
    add = helper.make_node("Add", ["x", "w"], ["y"])
    external = build([add], (1, 2), {"w": ramp(2)})
    onnx.external_data_helper.set_external_data(external.graph.initializer[0], "weights.bin")
    external.graph.initializer[0].data_location = TensorProto.EXTERNAL
    empty = build([relu()], (1, 2), {})
    empty.ClearField("graph")
    nonzero = helper.make_node("NonZero", ["x"], ["y"])
    large = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="linear")
    untyped = [
        helper.make_node("Cast", ["x"], ["i"], to=36),
        helper.make_node("LabelEncoder", ["i"], ["y"], domain=_ML, keys_int64s=[1, 2], values_floats=[1.0, 2.0]),
    ]
    tables = [
        helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT64),
        helper.make_node(
            "LabelEncoder",
            ["i"],
            ["y"],
            domain=_ML,
            keys_tensor=onnx.numpy_helper.from_array(np.array([1, 2])),
            values_tensor=onnx.numpy_helper.from_array(np.array([1.0, 2.0], np.float32)),
        ),
    ]
    by_tensors = build(tables, (1, 2), {}, domains=[_ML])
    by_tensors.opset_import[1].version = 4
    row = helper.make_tensor_type_proto(TensorProto.FLOAT, (1, 2))
    attributes = ({}, {"value": onnx.numpy_helper.from_array(ramp(2))}, {"value": row})
    return [
        by_tensors,
        *(build([helper.make_node("Nonsense", ["x"], ["y"], **given)], (1, 2), {}) for given in attributes),
        build([add], (1, 2), {"w": np.array([1.0, np.nan], np.float32)}),
        external,
        empty,
        build([nonzero], (1, 2), {}, outputs=[("y", TensorProto.INT64, 2)]),
        build([large], (1, 1, 2, 2), {"scales": np.array([1, 1, 2, 2**21], np.float32)}),
        build(untyped, (1, 2), {}),
    ]


def types() -> list[onnx.ModelProto]:
    """Lists, one of which an index that depends on data reads, and optional values."""
    listed = build([helper.make_node("SequenceConstruct", ["x"], ["y"])], (1, 2), {})
    listed.graph.output[0].type.sequence_type.elem_type.tensor_type.elem_type = TensorProto.FLOAT
    wrap = [helper.make_node("Optional", ["x"], ["o"]), helper.make_node("OptionalGetElement", ["o"], ["y"])]
    taken = build([helper.make_node("SequenceAt", ["x", "i"], ["y"])], (1, 2), {"i": np.array(0)})
    taken.graph.input[0].CopyFrom(helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, (1, 2)))
    pair = helper.make_node("SequenceConstruct", ["x", "x"], ["pair"])
    chosen = build(
        [*largest("i", TensorProto.INT64), pair, helper.make_node("SequenceAt", ["pair", "i"], ["y"])], (1, 2), {}
    )
    return [listed, build(wrap, (1, 2), {}), taken, chosen]


def text() -> list[onnx.ModelProto]:
    """Text as an output, as a constant, between two nodes."""
    label = [("label", TensorProto.STRING, 0)]
    names = {"names": np.array(["a", "b"], object), "i": np.array(0)}
    gather = helper.make_node("Gather", ["names", "i"], ["label"])
    numbers: dict[str, Any] = {"domain": _ML, "keys_strings": ["a", "b"], "values_floats": [1.0, 2.0]}
    cast = helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT64)
    words = helper.make_node("LabelEncoder", ["i"], ["s"], domain=_ML, keys_int64s=[1, 2], values_strings=["a", "b"])
    constant = build(
        [helper.make_node("LabelEncoder", ["names"], ["y"], **numbers)],
        (1, 2),
        {"names": np.array([["a", "b"]], object)},
        domains=[_ML],
    )
    between = build([cast, words, helper.make_node("LabelEncoder", ["s"], ["y"], **numbers)], (1, 2), {}, domains=[_ML])
    for model in (constant, between):
        model.opset_import[1].version = 4
    return [build([gather], (1, 2), names, outputs=label), constant, between]


def inputs() -> list[onnx.ModelProto]:
    """Inputs without a shape, without an entry, with open axes, with one name for two sizes."""
    shapeless = build([relu()], (1, 2), {})
    shapeless.graph.input[0].type.tensor_type.ClearField("shape")
    sequence = build([relu()], (1, 2), {})
    sequence.graph.input[0].type.sequence_type.elem_type.tensor_type.elem_type = TensorProto.FLOAT
    return [
        shapeless,
        sequence,
        *(build([relu()], dims, {}) for dims in ((0, 2), (1, 0), ("?", "?"), ("n", "k"), ("n", "n"))),
    ]


def opsets() -> list[onnx.ModelProto]:
    """An operator set that is imported twice, in agreement (which is accepted) and not."""
    repeated = build([relu()], (1, 2), {})
    repeated.opset_import.append(helper.make_opsetid("ai.onnx", 18))
    contradicting = build([relu()], (1, 2), {})
    contradicting.opset_import.append(helper.make_opsetid("ai.onnx", 17))
    return [repeated, contradicting]


def largest(name: str, dtype: int) -> list[onnx.NodeProto]:
    """Nodes whose output, the largest input as a scalar, is known only when the model runs."""
    return [
        helper.make_node("ReduceMax", ["x"], ["largest"], keepdims=0),
        helper.make_node("Cast", ["largest"], [name], to=dtype),
    ]


def control_flow() -> list[onnx.ModelProto]:
    """A branch and a loop that data decide about."""
    row = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 2))
    branch = helper.make_graph([relu()], "branch", [], [row])
    choose = helper.make_node("If", ["q"], ["y"], then_branch=branch, else_branch=branch)
    number, go_on, again = (
        helper.make_tensor_value_info(name, dtype, [])
        for name, dtype in (("n", TensorProto.INT64), ("go", TensorProto.BOOL), ("again", TensorProto.BOOL))
    )
    state = helper.make_tensor_value_info("v", TensorProto.FLOAT, (1, 2))
    steps = [helper.make_node("Identity", ["go"], ["again"]), helper.make_node("Add", ["v", "v"], ["y"])]
    body = helper.make_graph(steps, "body", [number, go_on, state], [again, row])
    repeat = helper.make_node("Loop", ["count", "", "x"], ["y"], body=body)
    return [
        build([*largest("q", TensorProto.BOOL), choose], (1, 2), {}),
        build([*largest("count", TensorProto.INT64), repeat], (1, 2), {}),
    ]
