"""Infinite constants that have a finite meaning.

Max with minus infinity and Min with infinity change nothing. A mask adds minus infinity to scores, or puts it in their
place, so that Softmax makes them 0: a large negative number does the same (`MASKED`, what exporters of fixed-point
models write), and integers can hold it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from zkseal.frontends.onnx.fold import drop_unused_constants

MASKED = -10_000.0

_NEUTRAL = {"Max": -np.inf, "Min": np.inf}
_MASKING = frozenset({"Add", "Equal", "Pad", "Where"})


def drop_infinite_operands(model: onnx.ModelProto) -> None:
    """Drops operands of Max and Min that change nothing, and makes masks finite, in place."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    infinite = {name: array for name, tensor in constants.items() if (array := _infinite(tensor)) is not None}
    if not infinite:
        return
    readers: dict[str, set[str]] = {name: set() for name in infinite}
    for node in model.graph.node:
        if node.op_type in _NEUTRAL:
            _drop_neutral(node, infinite, _NEUTRAL[node.op_type])
        for name in readers.keys() & set(node.input):
            readers[name].add(node.op_type)
    tests = [node for node in model.graph.node if node.op_type == "Equal"]
    for name, ops in readers.items():
        if ops and ops <= _MASKING and not np.isposinf(infinite[name]).any():
            finite = np.maximum(infinite[name], infinite[name].dtype.type(MASKED))
            constants[name].CopyFrom(numpy_helper.from_array(finite, constants[name].name))
            for node in tests:
                _test_masked(model, node, name, finite)
    drop_unused_constants(model.graph)


def _infinite(tensor: onnx.TensorProto) -> npt.NDArray[Any] | None:
    """The array of a float constant that holds infinities but no NaN."""
    if tensor.data_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16):
        return None
    array = numpy_helper.to_array(tensor)
    return array if np.isinf(array).any() and not np.isnan(array).any() else None


def _test_masked(model: onnx.ModelProto, node: onnx.NodeProto, name: str, finite: npt.NDArray[Any]) -> None:
    """`Equal(x, minus infinity)` becomes `LessOrEqual(x, MASKED / 2)`: masks may have been added up."""
    if name in node.input:
        other = node.input[0] if node.input[1] == name else node.input[1]
        limit = f"{name}_limit"
        if not any(tensor.name == limit for tensor in model.graph.initializer):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(finite / 2, finite.dtype), limit))
        node.op_type = "LessOrEqual"
        del node.input[:]
        node.input.extend([other, limit])


def _drop_neutral(node: onnx.NodeProto, infinite: dict[str, npt.NDArray[Any]], neutral: float) -> None:
    kept = [
        name
        for name in node.input
        if not (name in infinite and infinite[name].size == 1 and infinite[name].reshape(-1)[0] == neutral)
    ]
    if 0 < len(kept) < len(node.input):
        del node.input[:]
        node.input.extend(kept)
        if len(kept) == 1:
            node.op_type = "Identity"
