"""Small ONNX models that go through every part of the import, and one that is compiled for the file seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Dims = Sequence[int | str | None]


def build(
    nodes: Sequence[onnx.NodeProto],
    dims: Dims,
    constants: dict[str, Any],
    *,
    opset: int = 18,
    outputs: Sequence[tuple[str, int, int]] = (("y", TensorProto.FLOAT, 2),),
    functions: Sequence[onnx.FunctionProto] = (),
    domains: Sequence[str] = (),
) -> onnx.ModelProto:
    """A model with the input `x`; outputs are given by name, type and number of axes."""
    graph = helper.make_graph(
        nodes,
        "seed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)],
        [
            helper.make_tensor_value_info(name, kind, [f"{name}{k}" for k in range(rank)])
            for name, kind, rank in outputs
        ],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=opsets, functions=list(functions), producer_name="zkseal")
    model.ir_version = 10
    return model


def ramp(*shape: int) -> Any:
    """Small distinct weights."""
    count = int(np.prod(shape))
    return (np.linspace(-1, 1, count, dtype=np.float32)).reshape(shape)


def mlp() -> onnx.ModelProto:
    """Two layers; small enough that its files are small."""
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], name="first", transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "v"], ["y"]),
    ]
    return build(nodes, ("batch", 3), {"w": ramp(4, 3), "b": ramp(4), "v": ramp(4, 2)})


def table() -> onnx.ModelProto:
    """A function that is a table, of sums."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Tanh", ["h"], ["y"])]
    return build(nodes, ("batch", 3), {"w": ramp(3, 2)})


def convolution() -> onnx.ModelProto:
    """An old opset, a constant node, an image."""
    shape = numpy_helper.from_array(np.array([0, -1]), "s")
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("BatchNormalization", ["c", "g", "o", "m", "s2"], ["n"]),
        helper.make_node("LeakyRelu", ["n"], ["l"], alpha=0.25),
        helper.make_node("MaxPool", ["l"], ["p"], kernel_shape=[2, 2]),
        helper.make_node("Constant", [], ["s"], value=shape),
        helper.make_node("Reshape", ["p", "s"], ["f"]),
        helper.make_node("Softmax", ["f"], ["y"], axis=1),
    ]
    constants = {"k": ramp(2, 1, 3, 3), "g": ramp(2), "o": ramp(2), "m": ramp(2), "s2": np.ones(2, np.float32)}
    return build(nodes, (None, 1, 4, 4), constants, opset=11)


def functions() -> onnx.ModelProto:
    """A function of the model, text constants, a second output that is left out, repeated node names."""
    body = [helper.make_node("Relu", ["a"], ["t"]), helper.make_node("Neg", ["t"], ["b"])]
    opset = [helper.make_opsetid("", 18)]
    function = helper.make_function("local", "Twice", ["a"], ["b"], body, opset)
    nodes = [
        helper.make_node("Twice", ["x"], ["t"], domain="local", name="n"),
        helper.make_node("Clip", ["t", "low", ""], ["y"], name="n"),
        helper.make_node("ArgMax", ["x"], ["i"], axis=1, keepdims=0, name="n"),
        helper.make_node("Gather", ["names", "i"], ["label"]),
    ]
    constants = {"low": np.float32(-np.inf), "names": np.array(["a", "b"], object)}
    outputs = [("y", TensorProto.FLOAT, 2), ("label", TensorProto.STRING, 1)]
    return build(nodes, ("n", 2), constants, outputs=outputs, functions=[function], domains=["local"])


def scaled() -> onnx.ModelProto:
    """Operators of ai.onnx.ml, as skl2onnx writes them."""
    nodes = [
        helper.make_node("Scaler", ["x"], ["s"], domain="ai.onnx.ml", offset=[0.5, 1.0], scale=[2.0, 0.25]),
        helper.make_node(
            "LinearClassifier",
            ["s"],
            ["label", "p"],
            domain="ai.onnx.ml",
            coefficients=[1.0, -1.0, 0.5, 2.0],
            intercepts=[0.25, -0.5],
            classlabels_ints=[0, 1],
            post_transform="SOFTMAX",
            multi_class=1,
        ),
        helper.make_node("Normalizer", ["p"], ["y"], domain="ai.onnx.ml", norm="L1"),
    ]
    outputs = [("label", TensorProto.INT64, 1), ("y", TensorProto.FLOAT, 2)]
    return build(nodes, (None, 2), {}, outputs=outputs, domains=["ai.onnx.ml"])


def constants() -> onnx.ModelProto:
    """Constants of every spelling, arithmetic that folds, attributes of every kind."""
    nodes = [
        helper.make_node("Constant", [], ["a"], value_float=2.0),
        helper.make_node("Constant", [], ["b"], value_floats=[1.0, 2.0]),
        helper.make_node("Constant", [], ["c"], value_int=1),
        helper.make_node("Constant", [], ["d"], value_ints=[2]),
        helper.make_node("ConstantOfShape", ["d"], ["e"], value=helper.make_tensor("v", TensorProto.FLOAT, [1], [3.0])),
        helper.make_node("Cast", ["c"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "a"], ["g"]),
        helper.make_node("Add", ["g", "b"], ["h"]),
        helper.make_node("Sub", ["h", "e"], ["i"]),
        helper.make_node("Div", ["i", "f"], ["j"]),
        helper.make_node("Resize", ["k", "", "z"], ["y"], mode="nearest", coordinate_transformation_mode="asymmetric"),
        helper.make_node("Unsqueeze", ["j", "u"], ["k"]),
    ]
    order = [*nodes[:-2], nodes[-1], nodes[-2]]
    fixed = {"u": np.array([0, 1]), "z": np.array([1, 1, 2, 2], np.float32)}
    return build(order, (1, 2), fixed, outputs=[("y", TensorProto.FLOAT, 4)])


def enlarged() -> onnx.ModelProto:
    """A list of sizes that is empty, which stands for none."""
    resize = helper.make_node("Resize", ["x", "", "scales", "sizes"], ["y"])
    lists = {"scales": np.array([1, 1, 2, 2], np.float32), "sizes": np.array([], np.int64)}
    return build([resize], (1, 1, 2, 2), lists, outputs=[("y", TensorProto.FLOAT, 4)])


def returned() -> onnx.ModelProto:
    """Constants that are outputs of the model, at the newest opset."""
    nodes = [
        helper.make_node("Constant", [], ["a"], value_ints=[1, 0]),
        helper.make_node("Constant", [], ["b"], value_floats=[0.5]),
        helper.make_node("Relu", ["x"], ["y"]),
    ]
    outputs = [("y", TensorProto.FLOAT, 2), ("a", TensorProto.INT64, 1), ("b", TensorProto.FLOAT, 1)]
    return build(nodes, (1, 2), {}, opset=24, outputs=outputs)


def accepted() -> list[onnx.ModelProto]:
    """Every model that is not refused."""
    return [mlp(), convolution(), functions(), scaled(), constants(), enlarged(), returned()]
