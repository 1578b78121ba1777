"""Graphs, calibrations and options survive a file bit for bit."""

import math
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from zkseal.errors import InvalidEncoding
from zkseal.files.arrays import pack_arrays, unpack_arrays
from zkseal.files.graphs import (
    decode_calibration,
    decode_graph,
    decode_options,
    encode_calibration,
    encode_graph,
    encode_options,
)
from zkseal.graph import Graph, Node, Value
from zkseal.quantize import Calibration, QuantizationOptions
from zkseal.receipts import cbor


def example() -> Graph:
    values = [Value("x", (1, 2), "float32"), Value("w", (2, 3), "float32"), Value("y", (1, 3), "float32")]
    attributes: dict[str, Any] = {
        "alpha": 0.1,
        "transB": 0,
        "mode": "linear",
        "pads": (1, 2),
        "mixed": ("a", 1.5),
        "value": np.array([True, False]),
    }
    return Graph(
        name="one layer",
        inputs=(values[0],),
        outputs=("y",),
        values=MappingProxyType({value.name: value for value in values}),
        initializers=MappingProxyType({"w": np.array([[1, -0.0, math.pi], [1e-40, 2, 3]], np.float32)}),
        nodes=(Node("gemm", "Gemm", ("x", "w", ""), ("y",), attributes),),
        notes=("a note",),
    )


def test_a_graph_round_trips() -> None:
    graph = example()
    data, arrays = encode_graph(graph)
    directory, pieces = pack_arrays(arrays)
    stored = cbor.loads(cbor.dumps(data), max_bytes=1 << 20)
    loaded = decode_graph(stored, unpack_arrays(directory, memoryview(b"".join(pieces))))
    assert loaded.name == graph.name
    assert loaded.inputs == graph.inputs
    assert loaded.outputs == graph.outputs
    assert dict(loaded.values) == dict(graph.values)
    assert loaded.notes == graph.notes
    assert loaded.initializers["w"].tobytes() == graph.initializers["w"].tobytes()
    (node,) = loaded.nodes
    assert (node.name, node.op, node.inputs, node.outputs) == ("gemm", "Gemm", ("x", "w", ""), ("y",))
    assert node.attributes["alpha"] == 0.1
    assert node.attributes["mixed"] == ("a", 1.5)
    assert isinstance(node.attributes["value"], np.ndarray)
    assert node.attributes["value"].dtype == np.bool_
    assert node.attributes["value"].tolist() == [True, False]


def test_calibration_and_options_round_trip() -> None:
    calibration = Calibration.from_arrays({"x": np.array([[0.1, -3], [0.5, 2]]), "y": np.array([[1], [2]])})
    data, arrays = encode_calibration(calibration)
    assert decode_calibration(cbor.loads(cbor.dumps(data), max_bytes=1 << 20), arrays) == calibration
    typical = Calibration.from_runs([{"x": np.array([1.0, 2.0, 9.0])}], percentile=60.0)
    data, arrays = encode_calibration(typical)
    assert decode_calibration(data, arrays) == typical
    options = QuantizationOptions(bits=8, headroom=1.7, percentile=99.9, tensor_bits={"h": 8, "a": 12})
    assert decode_options(cbor.loads(cbor.dumps(encode_options(options)), max_bytes=1 << 20)) == options


@pytest.mark.parametrize("damage", ["values", "nodes", "constants", "inputs"])
def test_a_damaged_graph_is_refused(damage: str) -> None:
    data, arrays = encode_graph(example())
    with pytest.raises(InvalidEncoding):
        decode_graph({**data, damage: [["x"]]}, arrays)
    with pytest.raises(InvalidEncoding):
        decode_graph({key: value for key, value in data.items() if key != damage}, arrays)


def test_damaged_options_and_calibration_are_refused() -> None:
    with pytest.raises(InvalidEncoding):
        decode_options({"bits": ["int", 99]})
    with pytest.raises(InvalidEncoding):
        decode_options({"tensor_bits": ["pairs", [["h", 99]]]})
    with pytest.raises(InvalidEncoding):
        decode_options({"tensor_bits": ["pairs", [[["h"], 8]]]})
    with pytest.raises(InvalidEncoding):
        decode_options([1])
    with pytest.raises(InvalidEncoding):
        decode_calibration([["x", None]], {})
