"""Small ONNX models, sound and broken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

FEATURES, HIDDEN, CLASSES = 6, 5, 3

SAMPLES: npt.NDArray[np.float32] = np.random.default_rng(20).normal(size=(60, FEATURES)).astype(np.float32)


def weights(scale: float = 1.0) -> dict[str, npt.NDArray[np.float32]]:
    """Seeded weights of a perceptron."""
    random = np.random.default_rng(21)
    shapes = {"w1": (FEATURES, HIDDEN), "b1": (HIDDEN,), "w2": (HIDDEN, CLASSES), "b2": (CLASSES,)}
    return {name: (random.normal(size=shape) * scale).astype(np.float32) for name, shape in shapes.items()}


def model(
    nodes: Sequence[onnx.NodeProto],
    constants: dict[str, npt.NDArray[np.float32]],
    shape: Sequence[int | str] = ("batch", FEATURES),
    *,
    domain: str = "",
    element_type: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    """A model from `x` to `y`, not checked."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", element_type, shape)],
        [helper.make_tensor_value_info("y", element_type, ["batch", "results"])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    domains = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(graph, opset_imports=domains, ir_version=8)


def perceptron(
    constants: dict[str, npt.NDArray[np.float32]] | None = None,
    *,
    middle: str = "Relu",
    domain: str = "",
    shape: Sequence[int | str] = ("batch", FEATURES),
) -> onnx.ModelProto:
    """Gemm, an operator between (Relu, if nothing is said), Gemm."""
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], name="first"),
        helper.make_node(middle, ["h"], ["r"], name="middle", domain=domain),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["y"], name="second"),
    ]
    return model(nodes, constants or weights(), shape, domain=domain)


def two_inputs() -> onnx.ModelProto:
    """y = relu(a w1 + b1) w2 + b, with inputs a (1, 6) and b (1, 3)."""
    constants = weights()
    del constants["b2"]
    nodes = [
        helper.make_node("Gemm", ["a", "w1", "b1"], ["h"], name="first"),
        helper.make_node("Relu", ["h"], ["r"], name="middle"),
        helper.make_node("MatMul", ["r", "w2"], ["m"], name="second"),
        helper.make_node("Add", ["m", "b"], ["y"], name="sum"),
    ]
    result = model(nodes, constants)
    del result.graph.input[:]
    for name, size in (("a", FEATURES), ("b", CLASSES)):
        result.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]))
    return result
