"""Cast between types of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from zkseal.errors import RangeExceeded
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify

TYPES = ("bool", "int8", "uint8", "int32", "int64", "float32", "float64")


def type_of(dtype: str) -> int:
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


@pytest.mark.parametrize(("before", "after"), [(a, b) for a in TYPES for b in TYPES if a != b])
def test_cast(before: str, after: str) -> None:
    rng = rng_of(1)
    low = 0 if before.startswith("u") or (before.startswith("f") and after.startswith("u")) else -9
    samples = [{"x": rng.integers(low, 10, size=(2, 5)).astype(before)} for _ in range(3)]
    graph = graph_of(
        [("Cast", ["x"], ["c"], {"to": type_of(after)}), ("Identity", ["c"], ["y"])], {"x": (before, (2, 5))}, ["y"]
    )
    verify(graph, samples=samples)


def test_toward_zero() -> None:
    samples = [{"x": f32([-2.75, -1.0, -0.5, 0.0, 0.5, 1.0, 2.75])}]
    verify(graph_of([("Cast", ["x"], ["y"], {"to": TensorProto.INT64})], {"x": (7,)}, ["y"]), samples=samples)


def test_of_a_product_to_bool() -> None:
    nodes = [("Mul", ["a", "b"], ["p"]), ("Cast", ["p"], ["y"], {"to": TensorProto.BOOL})]
    samples = [{"a": f32([0, 1, -2]), "b": f32([3, 0, 0.5])}]
    verify(graph_of(nodes, {"a": (3,), "b": (3,)}, ["y"]), samples=samples)


@pytest.mark.parametrize("after", ["int8", "uint8", "uint16"])
def test_modulo_the_size_of_the_type(after: str) -> None:
    samples = [{"x": np.asarray([-70000, -129, -128, -1, 0, 127, 128, 255, 256, 70000], dtype=np.int32)}]
    graph = graph_of([("Cast", ["x"], ["y"], {"to": type_of(after)})], {"x": ("int32", (10,))}, ["y"])
    verify(graph, samples=samples, outputs="private")


def test_a_float_beyond_the_type_is_out_of_range() -> None:
    graph = graph_of([("Cast", ["x"], ["y"], {"to": TensorProto.UINT8})], {"x": (1,)}, ["y"])
    program = calibrated(graph, [{"x": f32([200])}])
    with pytest.raises(RangeExceeded):
        program.run({"x": f32([300])})


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Neg"])
def test_integer_arithmetic_wraps_as_the_model_does(op: str) -> None:
    rng = rng_of(5)
    names = ["a"] if op == "Neg" else ["a", "b"]
    dtype = "int8" if op == "Neg" else "int32"
    low, high = (-128, 128) if op == "Neg" else (-(2**31), 2**31)
    samples = [{n: rng.integers(low, high, size=5).astype(dtype) for n in names} for _ in range(3)]
    samples[0]["a"][0] = low
    if op == "Mul":
        samples = [{n: x % 100_000 for n, x in sample.items()} for sample in samples]
    graph = graph_of([(op, names, ["y"])], dict.fromkeys(names, (dtype, (5,))), ["y"])
    verify(graph, samples=samples, outputs="private")
