"""A small convolutional network that onnxruntime quantized, in every format that it has, compiled, proved and verified.

The outputs of the integer program are those of onnxruntime with all its optimizations, integer for integer: one step of
the last scale would show.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from tests.e2e.key_files import through_a_file

import zkseal

SHAPE = (1, 1, 12, 12)

FORMATS: dict[str, dict[str, Any]] = {
    "qdq": {"quant_format": QuantFormat.QDQ},
    "qdq-int8": {"quant_format": QuantFormat.QDQ, "activation_type": QuantType.QInt8},
    "qdq-channels": {"quant_format": QuantFormat.QDQ, "per_channel": True},
    "qoperator": {"quant_format": QuantFormat.QOperator},
    "qoperator-channels": {"quant_format": QuantFormat.QOperator, "per_channel": True},
}


def images(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, *SHAPE[1:])).astype(np.float32)


class Images(CalibrationDataReader):  # type: ignore[misc]
    """What onnxruntime calibrates on."""

    def __init__(self) -> None:
        self.rows: Iterator[np.ndarray] = iter(images(20, 1))

    def get_next(self) -> dict[str, np.ndarray] | None:
        row = next(self.rows, None)
        return None if row is None else {"x": row[np.newaxis]}


def float_network() -> onnx.ModelProto:
    """Convolutions with padding, groups, strides; a residual; a gate; average, maximum and a linear layer."""
    rng = np.random.default_rng(0)
    shapes = {"w1": (8, 1, 3, 3), "b1": (8,), "w2": (8, 4, 3, 3), "w3": (6, 8, 2, 2), "w4": (5, 6), "b4": (5,)}
    weights = [
        numpy_helper.from_array((rng.normal(size=s) / np.sqrt(np.prod(s[1:]))).astype(np.float32), name)
        for name, s in shapes.items()
    ]
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], ["r1"]),
        node("MaxPool", ["r1"], ["p1"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["p1", "w2"], ["c2"], pads=[1, 1, 1, 1], group=2),
        node("Add", ["c2", "p1"], ["a2"]),
        node("Relu", ["a2"], ["r2"]),
        node("Conv", ["r2", "w3"], ["c3"], strides=[2, 2]),
        node("Sigmoid", ["c3"], ["s3"]),
        node("Mul", ["c3", "s3"], ["m3"]),
        node("GlobalAveragePool", ["m3"], ["g"]),
        node("Flatten", ["g"], ["f"]),
        node("Gemm", ["f", "w4", "b4"], ["y"], transB=1),
    ]
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", SHAPE), ("y", [1, 5]))]
    graph = helper.make_graph(nodes, "cnn", values[:1], values[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.fixture(scope="module")
def float_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("quantized") / "float.onnx"
    onnx.save(float_network(), path)
    return path


def onnxruntime_outputs(path: Path, rows: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"x": row[np.newaxis]})[0] for row in rows])


def last_scale(path: Path) -> float:
    """The scale of the integers that the output is made of."""
    model = onnx.load(path)
    node = next(node for node in model.graph.node if "y" in node.output)
    return float(numpy_helper.to_array(next(t for t in model.graph.initializer if t.name == node.input[1])))


@pytest.mark.parametrize("name", FORMATS)
def test_integers_are_those_of_onnxruntime(name: str, float_path: Path) -> None:
    path = float_path.with_name(f"{name}.onnx")
    quantize_static(float_path, path, Images(), **FORMATS[name])
    compiled = zkseal.compile(path, images(30, 2))
    rows = images(40, 3)
    expected, scale = onnxruntime_outputs(path, rows), last_scale(path)
    actual = np.concatenate([compiled.program.predict({"x": row[np.newaxis]})["y"] for row in rows])
    np.testing.assert_array_equal(np.rint(actual / scale), np.rint(expected / scale))
    assert len(np.unique(np.rint(expected / scale))) > 40
    assert {"QLinearConv": 5, "Gather": 1, "QuantizeLinear": 2}.items() <= compiled.graph.ops().items()


@pytest.mark.native
def test_a_quantized_network_is_proved(float_path: Path) -> None:
    path = float_path.with_name("proved.onnx")
    quantize_static(float_path, path, Images(), **FORMATS["qdq"])
    compiled = zkseal.compile(path, images(30, 2))
    proving_key, verifying_key = zkseal.setup(compiled)
    row = images(1, 4)
    result = zkseal.prove(through_a_file(proving_key, row), row)
    proved = zkseal.verify(result.receipt, verifying_key)
    np.testing.assert_allclose(proved.outputs["y"], onnxruntime_outputs(path, row), atol=last_scale(path) / 2)


def test_dynamically_quantized_networks_stay_close(float_path: Path) -> None:
    path = float_path.with_name("dynamic.onnx")
    quantize_dynamic(float_path, path)
    compiled = zkseal.compile(path, images(30, 2))
    assert compiled.graph.ops()["MatMulInteger"] == 1
    rows = images(10, 3)
    expected = onnxruntime_outputs(path, rows)
    actual = np.concatenate([compiled.program.predict({"x": row[np.newaxis]})["y"] for row in rows])
    assert np.abs(actual - expected).max() <= 0.02 * np.abs(expected).max()
