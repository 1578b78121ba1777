"""Models in QDQ format become operators on integers that compute exactly what onnxruntime computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from zkseal.errors import UnsupportedOp
from zkseal.frontends.onnx import FloatSession, load
from zkseal.graph import Graph


class Quantized:
    """Writes a model of dequantized values; every value x has the parameters x_s and x_z."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: dict[str, tuple[str, tuple[int, ...]]] = {}

    def const(self, name: str, array: npt.ArrayLike, dtype: str = "float32") -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(array, np.dtype(dtype)), name))
        return name

    def parameters(self, name: str, scale: npt.ArrayLike, zero: npt.ArrayLike, dtype: str) -> list[str]:
        return [self.const(f"{name}_s", scale), self.const(f"{name}_z", zero, dtype)]

    def data(self, name: str, shape: tuple[int, ...], scale: float = 0.05, zero: int = 7, dtype: str = "uint8") -> str:
        """A graph input of 8 bits; returns the dequantized value."""
        self.inputs[name] = (dtype, shape)
        return self.dequantize(name, self.parameters(name, scale, zero, dtype))

    def weights(self, name: str, shape: tuple[int, ...], scale: npt.ArrayLike = 0.01, **attributes: int) -> str:
        """Constant integers; returns the dequantized value."""
        self.const(name, self.rng.integers(-127, 128, size=shape), "int8")
        zero = np.zeros(np.shape(scale))
        return self.dequantize(name, self.parameters(name, scale, zero, "int8"), **attributes)

    def bias(self, size: int, scale: npt.ArrayLike) -> str:
        self.const("b", self.rng.integers(-900, 900, size=size), "int32")
        return self.dequantize("b", [self.const("b_s", np.asarray(scale, np.float32))], axis=0)

    def dequantize(self, name: str, parameters: list[str], **attributes: int) -> str:
        return self.add("DequantizeLinear", [name, *parameters], f"{name}_real", **attributes)

    def quantize(self, name: str, scale: float, zero: int = 9, dtype: str = "uint8", result: str = "y") -> str:
        return self.add("QuantizeLinear", [name, *self.parameters(result, scale, zero, dtype)], result)

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def model(self, dtype: str = "uint8") -> onnx.ModelProto:
        def info(name: str, kind: str, shape: tuple[int, ...] | None) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape)

        inputs = [info(name, *typed) for name, typed in self.inputs.items()]
        graph = helper.make_graph(self.nodes, "net", inputs, [info("y", dtype, None)], self.constants)
        opsets = [helper.make_opsetid("", 17)]
        return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=opsets, ir_version=9))

    def check(self, operators: Mapping[str, int], dtype: str = "uint8") -> Graph:
        """The loaded graph, which has these operators and computes what onnxruntime does with the model."""
        model = self.model(dtype)
        graph = load(model)
        assert graph.ops() == dict(operators)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        own = FloatSession(graph, threads=1)
        for _ in range(5):
            feeds = {}
            for name, (kind, shape) in self.inputs.items():
                limits = np.iinfo(kind)
                feeds[name] = self.rng.integers(limits.min, limits.max + 1, size=shape).astype(kind)
            expected, actual = session.run(None, feeds)[0], own.run(feeds)["y"]
            assert len(np.unique(expected)) > 2
            np.testing.assert_array_equal(actual, expected)
        return graph


@pytest.mark.parametrize("scale", [0.01, [0.01, 0.02, 0.03]])
@pytest.mark.parametrize("bias", ["none", "integers", "floats"])
@pytest.mark.parametrize("activation", ["none", "relu", "relu6"])
def test_convolution(scale: npt.ArrayLike, bias: str, activation: str) -> None:
    q = Quantized()
    inputs = [q.data("x", (1, 2, 5, 5)), q.weights("w", (3, 2, 3, 3), scale, axis=0)]
    if bias == "integers":
        inputs.append(q.bias(3, np.float32(0.05) * np.asarray(scale, np.float32)))
    elif bias == "floats":
        inputs.append(q.const("b", np.asarray([0.3, -0.2, 0.7])))
    value = q.add("Conv", inputs, "c", pads=[1, 1, 1, 1])
    if activation != "none":
        limits = ["", ""] if activation == "relu" else [q.const("lo", 0.0), q.const("hi", 6.0)]
        value = q.add("Relu" if activation == "relu" else "Clip", [value, *filter(None, limits)], "r")
    q.quantize(value, 0.05 if activation == "none" else 6.0 / 255, 100 if activation == "none" else 0)
    q.check({"QLinearConv": 1})


@pytest.mark.parametrize("transposed", [0, 1])
@pytest.mark.parametrize("channels", [False, True])
def test_gemm(transposed: int, channels: bool) -> None:
    q = Quantized()
    scale: npt.ArrayLike = [0.01, 0.02, 0.03] if channels else 0.01
    weights = q.weights("w", (3, 8) if transposed else (8, 3), scale, axis=1 - transposed)
    bias = q.bias(3, np.float32(0.05) * np.asarray(scale, np.float32))
    q.quantize(q.add("Gemm", [q.data("x", (2, 8)), weights, bias], "g", transB=transposed), 0.13, 128)
    q.check({"QLinearConv": 1, "Reshape": 2})


def test_product_of_two_matrices_and_of_two_values() -> None:
    q = Quantized()
    product = q.quantize(q.add("MatMul", [q.data("x", (2, 3, 4)), q.data("v", (4, 3))], "m"), 0.8, result="p")
    real = q.dequantize(product, ["p_s", "p_z"])
    q.quantize(q.add("Mul", [real, q.data("u", (3,), scale=0.02)], "f"), 1.7)
    q.check({"QLinearMatMul": 2, "Reshape": 3})


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("GlobalAveragePool", {}),
        ("AveragePool", {"kernel_shape": [2, 3], "pads": [1, 0, 0, 1], "count_include_pad": 1}),
    ],
)
def test_average(op: str, attributes: dict[str, Any]) -> None:
    q = Quantized()
    q.quantize(q.add(op, [q.data("x", (1, 6, 4, 4))], "a", **attributes), 0.0437)
    q.check({"QLinearConv": 1})


def test_average_without_padding_in_the_count_stays_a_float_operator() -> None:
    q = Quantized()
    pool = q.add("AveragePool", [q.data("x", (1, 1, 4, 4))], "a", kernel_shape=[2, 2], pads=[1, 1, 1, 1])
    q.quantize(pool, 0.033)
    q.check({"DequantizeLinear": 1, "AveragePool": 1, "QuantizeLinear": 1})


def test_moves_are_done_on_integers() -> None:
    q = Quantized()
    pool = q.add("MaxPool", [q.data("x", (1, 2, 4, 4))], "p", kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 1, 1])
    flat = q.add(
        "Reshape", [q.add("Transpose", [pool], "t", perm=[0, 2, 3, 1]), q.const("shape", [1, -1], "int64")], "f"
    )
    q.add("QuantizeLinear", [flat, "x_s", "x_z"], "y")
    q.check({"MaxPool": 1, "Transpose": 1, "Reshape": 1})


@pytest.mark.parametrize("op", ["Mul", "Div"])
def test_positive_factors_belong_to_scales(op: str) -> None:
    q = Quantized()
    scaled = q.add(op, [q.data("x", (1, 6, 4, 4)), q.const("c", 3.3)], "m")
    q.quantize(q.add("GlobalAveragePool", [scaled], "a"), 0.1437 if op == "Mul" else 0.0131)
    q.check({"QLinearConv": 1})


def test_concat_of_other_scales() -> None:
    q = Quantized()
    parts = [q.data("x", (2, 3)), q.data("v", (2, 2), scale=0.03)]
    q.add("QuantizeLinear", [q.add("Concat", parts, "c", axis=1), "x_s", "x_z"], "y")
    q.check({"Cast": 1, "Gather": 1, "Concat": 1})


@pytest.mark.parametrize(
    ("op", "attributes"),
    [("Sigmoid", {}), ("Tanh", {}), ("LeakyRelu", {"alpha": 0.1}), ("Elu", {}), ("HardSwish", {}), ("Erf", {})],
)
@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_functions_are_tables(op: str, attributes: dict[str, Any], dtype: str) -> None:
    q = Quantized()
    value = q.add(op, [q.data("x", (20, 20), scale=0.03, zero=20, dtype=dtype)], "f", **attributes)
    q.quantize(value, 0.02, 3, dtype)
    q.check({"Cast": 1, "Gather": 1}, dtype)


def test_a_chain_of_functions_is_one_table() -> None:
    q = Quantized()
    inner = q.add("Sigmoid", [q.data("x", (20, 20))], "s")
    clipped = q.add("Clip", [inner, q.const("lo", 0.2), q.const("hi", 0.9)], "c")
    q.quantize(q.add("Neg", [clipped], "n"), 0.01, 200)
    q.check({"Cast": 1, "Gather": 1})


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_hard_swish_in_four_quantized_steps_is_one_table(dtype: str) -> None:
    q = Quantized(3)
    x = q.data("x", (20, 20), zero=20, dtype=dtype)
    plus = q.quantize(q.add("Add", [x, q.const("three", 3.0)], "a"), 0.06, 30, dtype, "p")
    clip = q.add("Clip", [q.dequantize(plus, ["p_s", "p_z"]), q.const("lo", 0.0), q.const("hi", 6.0)], "c")
    six = q.quantize(
        q.add("Div", [clip, q.const("six", 6.0)], "d"), 1 / 255, 0 if dtype == "uint8" else -128, dtype, "v"
    )
    q.quantize(q.add("Mul", [x, q.dequantize(six, ["v_s", "v_z"])], "m"), 0.05, 9, dtype)
    q.check({"Cast": 1, "Gather": 1}, dtype)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("integers", [False, True])
def test_arithmetic_with_a_constant_is_a_table(op: str, first: bool, integers: bool) -> None:
    q = Quantized(2)
    value = q.data("x", (20, 20), zero=-128, dtype="int8")
    constant = q.weights("c", (), 0.03) if integers else q.const("c", 2.7)
    result = q.add(op, [constant, value] if first and op != "Div" else [value, constant], "f")
    q.quantize(result, 0.071, 5, "int8")
    q.check({"Cast": 1, "Gather": 1}, "int8")


def test_constants_that_stay_dequantized_are_folded() -> None:
    q = Quantized()
    q.inputs["x"] = ("float32", (2, 4))
    q.add("MatMul", ["x", q.weights("w", (4, 3), [0.1, 0.2, 0.3], axis=1)], "y")
    graph = load(q.model("float32"))
    assert graph.ops() == {"Gemm": 1}
    integers = numpy_helper.to_array(q.constants[0])
    np.testing.assert_array_equal(graph.initializers["w_real"], integers * np.asarray([0.1, 0.2, 0.3], np.float32))


def test_other_operators_of_onnxruntime_are_refused_by_name() -> None:
    nodes = [helper.make_node("FusedGelu", ["x"], ["y"], name="f", domain="com.microsoft")]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "net", values[:1], values[1:])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    with pytest.raises(UnsupportedOp, match="FusedGelu"):
        load(helper.make_model(graph, opset_imports=opsets))
