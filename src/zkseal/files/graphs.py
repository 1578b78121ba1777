"""A float graph, its calibration, the options of quantization and its accuracy, as plain data and arrays for a file.

Reals travel as arrays or as their eight bytes, never as text, so that reading gives back the same bits.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidEncoding
from zkseal.graph import Graph, Node, Value
from zkseal.json_text import parse_json
from zkseal.quantize import AccuracyReport, OutputAccuracy
from zkseal.quantize.calibration import Calibration, ValueStatistics
from zkseal.quantize.options import QuantizationOptions

__all__ = [
    "decode_accuracy",
    "decode_calibration",
    "decode_graph",
    "decode_options",
    "encode_accuracy",
    "encode_calibration",
    "encode_graph",
    "encode_options",
]

_TYPES = {"bool": "int8"}
"""numpy types that the array section lacks, and what stores them."""


def encode_graph(graph: Graph) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The graph as plain data, and its constants by array name."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    data = {
        "name": graph.name,
        "inputs": [value.name for value in graph.inputs],
        "outputs": list(graph.outputs),
        "values": [[value.name, list(value.shape), value.dtype] for value in graph.values.values()],
        "constants": [[name, _store(f"constant/{name}", array, arrays)] for name, array in graph.initializers.items()],
        "nodes": [_encode_node(index, node, arrays) for index, node in enumerate(graph.nodes)],
        "notes": list(graph.notes),
    }
    return data, arrays


def _encode_node(index: int, node: Node, arrays: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    attributes = {
        name: _encode_attribute(f"node/{index}/{name}", value, arrays) for name, value in node.attributes.items()
    }
    return {
        "name": node.name,
        "op": node.op,
        "inputs": list(node.inputs),
        "outputs": list(node.outputs),
        "attributes": attributes,
    }


def _store(key: str, array: npt.NDArray[Any], arrays: dict[str, npt.NDArray[Any]]) -> str:
    """Puts an array under `key` and returns its numpy type's name."""
    array = np.asarray(array)
    arrays[key] = array.astype(_TYPES.get(array.dtype.name, array.dtype.name))
    return str(array.dtype.name)


def _encode_attribute(key: str, value: Any, arrays: dict[str, npt.NDArray[Any]]) -> list[Any]:
    match value:
        case bool() | int() | np.integer():
            return ["int", int(value)]
        case float() | np.floating():
            return ["float", struct.pack(">d", value)]
        case str():
            return ["text", value]
        case bytes():
            return ["bytes", value]
        case np.ndarray():
            return ["array", _store(key, value, arrays)]
        case tuple() | list():
            return ["list", [_encode_attribute(f"{key}/{k}", item, arrays) for k, item in enumerate(value)]]
    raise InvalidEncoding(f"An attribute of type {type(value).__name__} cannot be stored.", reason="attribute")


def decode_graph(data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Graph:
    """The inverse of `encode_graph`.

    Raises:
        InvalidEncoding: the data are not those of a graph.
    """
    try:
        values = {name: Value(name, tuple(shape), dtype) for name, shape, dtype in data["values"]}
        return Graph(
            name=data["name"],
            inputs=tuple(values[name] for name in data["inputs"]),
            outputs=tuple(data["outputs"]),
            values=values,
            initializers={name: _load(f"constant/{name}", dtype, arrays) for name, dtype in data["constants"]},
            nodes=tuple(_decode_node(index, node, arrays) for index, node in enumerate(data["nodes"])),
            notes=tuple(data["notes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise InvalidEncoding(f"The graph in the file is damaged: {error!r}.", reason="graph") from error


def _decode_node(index: int, node: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Node:
    attributes = {
        name: _decode_attribute(f"node/{index}/{name}", value, arrays) for name, value in node["attributes"].items()
    }
    return Node(node["name"], node["op"], tuple(node["inputs"]), tuple(node["outputs"]), attributes)


def _load(key: str, dtype: str, arrays: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return arrays[key].astype(dtype, copy=False)


def _decode_attribute(key: str, value: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    kind, content = value
    match kind:
        case "int" | "text" | "bytes":
            return content
        case "float":
            return struct.unpack(">d", content)[0]
        case "array":
            return _load(key, content, arrays)
        case "list":
            return tuple(_decode_attribute(f"{key}/{k}", item, arrays) for k, item in enumerate(content))
    raise ValueError(f"attribute of kind {kind!r}")


def encode_calibration(calibration: Calibration) -> tuple[list[Any], dict[str, npt.NDArray[Any]]]:
    """For each value its name and exact exponent; its extremes, what is typical (NaN where that is not known), then its
    feature magnitudes, as one array."""
    data = [[name, seen.exact_exponent] for name, seen in calibration.values.items()]
    arrays = {}
    for name, seen in calibration.values.items():
        typical = np.nan if seen.typical is None else seen.typical
        arrays[f"calibration/{name}"] = np.array([seen.minimum, seen.maximum, typical, *seen.feature_magnitude])
    return data, arrays


def decode_calibration(data: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> Calibration:
    """The inverse of `encode_calibration`. Raises `InvalidEncoding`."""
    try:
        values = {}
        for name, exact in data:
            minimum, maximum, seen, *features = arrays[f"calibration/{name}"].tolist()
            typical = None if np.isnan(seen) else seen
            values[name] = ValueStatistics(minimum, maximum, tuple(features), exact, typical)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidEncoding(f"The calibration in the file is damaged: {error!r}.", reason="calibration") from error
    return Calibration(values)


def encode_options(options: QuantizationOptions) -> dict[str, Any]:
    """The options by name; the width of single tensors as a list of pairs."""
    encoded: dict[str, Any] = {}
    for name, value in asdict(options).items():
        if isinstance(value, dict):
            encoded[name] = ["pairs", [list(pair) for pair in value.items()]]
        else:
            encoded[name] = ["float", struct.pack(">d", value)] if isinstance(value, float) else ["int", value]
    return encoded


def decode_options(data: Any) -> QuantizationOptions:
    """The inverse of `encode_options`. Raises `InvalidEncoding`."""
    try:
        decoded: dict[str, Any] = {
            name: dict(value[1]) if value[0] == "pairs" else _decode_attribute("", value, {})
            for name, value in data.items()
        }
        return QuantizationOptions(**decoded)
    except (KeyError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise InvalidEncoding(f"The options in the file are damaged: {error!r}.", reason="options") from error


def encode_accuracy(accuracy: AccuracyReport | None) -> str | None:
    """The report as JSON, if there is one."""
    return None if accuracy is None else json.dumps(accuracy.to_dict())


def decode_accuracy(text: Any) -> AccuracyReport | None:
    """The inverse of `encode_accuracy`. Raises `InvalidEncoding`."""
    if text is None:
        return None
    try:
        outputs = parse_json(text)["outputs"]
        return AccuracyReport(
            tuple(OutputAccuracy(**{**entry, "disagreements": tuple(entry["disagreements"])}) for entry in outputs)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidEncoding(f"The accuracy in the file is damaged: {error!r}.", reason="accuracy") from error
