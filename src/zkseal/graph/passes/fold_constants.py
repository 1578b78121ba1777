"""Evaluates operators whose inputs are all constant.

The ONNX frontend folds with onnxscript first; this pass takes what later passes or other frontends leave over, so
it knows the operators of shape arithmetic and of folded parameters only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from zkseal.graph.edit import Editor
from zkseal.graph.shapes import ints, number
from zkseal.graph.types import Graph, Node, Value

Array: TypeAlias = npt.NDArray[Any]

# A folded constant may not be larger than this: a small file must not unfold into much memory.
MAX_ENTRIES = 1 << 24


def fold_constants(graph: Graph) -> Graph:
    """`graph` with known operators on constants, and Shape and Size of anything, replaced by initializers."""
    edit = Editor(graph)
    for node in graph.nodes:
        result = edit.values[node.outputs[0]] if node.outputs[0] else None
        if result is None or len(node.outputs) != 1 or int(np.prod(result.shape)) > MAX_ENTRIES:
            continue
        array = _evaluate(edit, node, result)
        if array is not None and (array.shape, array.dtype.name) == (result.shape, result.dtype):
            edit.remove(node)
            edit.initializers[result.name] = array
    return edit.build()


def _evaluate(edit: Editor, node: Node, result: Value) -> Array | None:
    if node.op == "Shape" and not node.attributes:
        return np.array(edit.values[node.inputs[0]].shape, np.int64)
    arrays = [edit.constant(name) for name in node.inputs]
    known = [array for array in arrays if array is not None]
    if node.op not in _EVALUATORS or len(known) != len(arrays):
        return None
    return np.asarray(_EVALUATORS[node.op](node, known, result))


def _cast(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    return arrays[0].astype(result.dtype)


def _reshape(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    return arrays[0].reshape(result.shape)


def _div(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    """ONNX divides integers toward zero; floats as usual. Division by zero is left to the runtime."""
    top, bottom = arrays
    if np.any(bottom == 0):
        return np.zeros((0,))
    if np.issubdtype(top.dtype, np.integer):
        return np.asarray(np.sign(top) * np.sign(bottom) * (np.abs(top) // np.abs(bottom)), top.dtype)
    return np.asarray(top / bottom)


def _transpose(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    return np.ascontiguousarray(arrays[0].transpose(ints(node, "perm", range(arrays[0].ndim)[::-1])))


def _concat(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    return np.concatenate(arrays, axis=number(node, "axis", 0))


def _gather(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    return np.take(arrays[0], arrays[1], axis=number(node, "axis", 0))


def _slice(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    """Inputs: data, starts, ends, axes, steps; the last two may be left out. Ends are cut off as Python does."""
    data, starts, ends = arrays[:3]
    axes = arrays[3].tolist() if len(arrays) > 3 else list(range(len(starts)))
    steps = arrays[4].tolist() if len(arrays) > 4 else [1] * len(starts)
    picked = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), axes, steps, strict=True):
        # Backwards, an end before the first entry cannot be written as a number.
        beyond = step < 0 and end < -data.shape[axis]
        picked[axis] = slice(start, None if beyond else end, step)
    return data[tuple(picked)].copy()


def _expand(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    return np.broadcast_to(arrays[0], result.shape).copy()


def _constant_of_shape(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    fill = np.asarray(node.attributes.get("value", np.zeros(1, np.float32))).reshape(-1)
    return np.full(result.shape, fill[0], result.dtype)


def _ufunc(function: Callable[..., Any]) -> Callable[[Node, Sequence[Array], Value], Array]:
    def evaluate(node: Node, arrays: Sequence[Array], result: Value) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(*arrays))

    return evaluate


def _spread(node: Node, entries: Array, shape: tuple[int, ...]) -> Array:
    """Scales or zero points, for the tensor, each index of an axis or each block of it, to broadcast to `shape`."""
    if entries.size == 1:
        return entries.reshape(())
    axis, block = number(node, "axis", 1) % len(shape), number(node, "block_size", 0)
    if block:
        return np.take(np.repeat(entries, block, axis=axis), range(shape[axis]), axis=axis)
    return entries.reshape([-1 if k == axis else 1 for k in range(len(shape))])


def _dequantize(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    """Constants that are still dequantized when nothing can use their integers."""
    scale = _spread(node, arrays[1].astype(np.float32), result.shape)
    zero = _spread(node, arrays[2].astype(np.float32), result.shape) if len(arrays) > 2 else np.float32(0)
    return np.asarray((arrays[0].astype(np.float32) - zero) * scale, np.dtype(result.dtype))


def _quantize(node: Node, arrays: Sequence[Array], result: Value) -> Array:
    if result.dtype not in ("int8", "int16", "uint8", "uint16"):
        return np.zeros((0,))
    if not (arrays[1] > 0).all():
        return np.zeros((0,))
    info = np.iinfo(np.dtype(result.dtype))
    steps = np.rint(arrays[0].astype(np.float32) / _spread(node, arrays[1].astype(np.float32), result.shape))
    zero = _spread(node, arrays[2].astype(np.float64), result.shape) if len(arrays) > 2 else 0.0
    return np.clip(steps.astype(np.float64) + zero, info.min, info.max).astype(info.dtype)


_EVALUATORS: dict[str, Callable[[Node, Sequence[Array], Value], Array]] = {
    "Cast": _cast,
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshape),
    "Identity": _reshape,
    "Transpose": _transpose,
    "Concat": _concat,
    "Gather": _gather,
    "Slice": _slice,
    "Expand": _expand,
    "ConstantOfShape": _constant_of_shape,
    "Add": _ufunc(np.add),
    "Sub": _ufunc(np.subtract),
    "Mul": _ufunc(np.multiply),
    "Div": _div,
    "DequantizeLinear": _dequantize,
    "QuantizeLinear": _quantize,
    "Neg": _ufunc(np.negative),
    "Sqrt": _ufunc(np.sqrt),
    "Reciprocal": _ufunc(np.reciprocal),
}
