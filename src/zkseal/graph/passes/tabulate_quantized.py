"""Functions of one 8-bit integer become tables: QuantizeLinear(f(DequantizeLinear(q))) = Gather(table, q).

f is made of functions of one number, and of sums, products .. of such functions of the same q and constants; tables on
the way (a hard swish is x times a quantized function of x) are read here, so that one table is left.

All 256 results are computed in double precision, rounded to single precision after each operator as a float runtime has
them, then quantized: ties to even, saturated. Negative integers follow behind the others: Gather counts them from the
end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zkseal.graph.edit import Editor
from zkseal.graph.qdq import Quantization, dequantized, quantized_to_8_bits
from zkseal.graph.scalar_functions import scalar_function
from zkseal.graph.types import Graph, Node

_INT32 = 6
"""TensorProto.INT32."""

_MAX_DEPTH = 12

_ARITHMETIC = {
    "Add": np.add,
    "Div": np.divide,
    "Max": np.maximum,
    "Min": np.minimum,
    "Mul": np.multiply,
    "Sub": np.subtract,
}

Reals = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Tabulated:
    """A value as a function of the 8-bit integers `root`: `reals` for all of them in ascending order.

    A constant number has no root, and one entry.
    """

    root: str
    reals: Reals


def tabulate_quantized(graph: Graph) -> Graph:
    """`graph` with functions between 8-bit integers as tables, QuantizeLinear of another scale among them."""
    if not any(node.op == "QuantizeLinear" for node in graph.nodes):
        return graph
    edit = Editor(graph)
    for node, result in quantized_to_8_bits(edit):
        found = _value(edit, node.inputs[0], _MAX_DEPTH)
        if found is not None and found.root and edit.values[found.root].shape == edit.values[node.outputs[0]].shape:
            _tabulate(edit, node, found, result)
    return edit.build()


def _tabulate(edit: Editor, node: Node, found: _Tabulated, result: Quantization) -> None:
    limits = np.iinfo(result.dtype)
    with np.errstate(all="ignore"):
        steps = np.rint(found.reals / result.scale.astype(np.float32).reshape(())).astype(np.float64)
    values = np.clip(steps + int(result.zero_point.reshape(-1)[0]), limits.min, limits.max)
    root = edit.values[found.root]
    counted = np.roll(values, int(np.iinfo(root.dtype).min)).astype(np.dtype(result.dtype))
    table = edit.add_initializer(f"{node.name}/table", counted)
    index = edit.add_value(f"{node.name}/integer", root.shape, "int32")
    cast = edit.make_node(f"{node.name}/cast", "Cast", (root.name,), (index,), {"to": _INT32})
    read = edit.make_node(f"{node.name}/read", "Gather", (table, index), node.outputs, {"axis": 0})
    edit.substitute(node, cast, read)


def _value(edit: Editor, name: str, depth: int) -> _Tabulated | None:
    """A float value as a function of some 8-bit integers; None if it is more than that."""
    number = _constant(edit, name)
    if number is not None:
        return _Tabulated("", np.asarray([number], np.float32))
    integers = dequantized(edit, name)
    if integers is not None:
        return _dequantized(edit, integers)
    node = edit.producer(name)
    if node is None or depth == 0:
        return None
    if node.op in _ARITHMETIC and len(node.inputs) == 2:
        return _arithmetic(edit, node, depth)
    if node.op == "Clip":
        return _clipped(edit, node, depth)
    function = scalar_function(node.op, node.attributes)
    inner = _value(edit, node.inputs[0], depth - 1) if function is not None else None
    if function is None or inner is None:
        return None
    return _Tabulated(inner.root, np.asarray([function(float(x)) for x in inner.reals], dtype=np.float32))


def _dequantized(edit: Editor, integers: Quantization) -> _Tabulated | None:
    """Dequantized integers, which may be read from a table that was made here."""
    if not integers.is_uniform or not integers.is_8_bit:
        return None
    root, steps = _read(edit, integers)
    centered = (steps - int(integers.zero_point.reshape(-1)[0])).astype(np.float32)
    return _Tabulated(root, centered * integers.scale.astype(np.float32).reshape(()))


def _read(edit: Editor, integers: Quantization) -> tuple[str, npt.NDArray[np.int64]]:
    info = np.iinfo(integers.dtype)
    read = edit.producer(integers.name)
    table = edit.constant(read.inputs[0]) if read is not None and read.op == "Gather" else None
    cast = edit.producer(read.inputs[1]) if read is not None and table is not None else None
    if table is not None and table.shape == (256,) and cast is not None and cast.op == "Cast":
        root = edit.values[cast.inputs[0]]
        if root.dtype in ("int8", "uint8"):
            return root.name, np.roll(table.astype(np.int64), -int(np.iinfo(root.dtype).min))
    return integers.name, np.arange(info.min, info.max + 1)


def _arithmetic(edit: Editor, node: Node, depth: int) -> _Tabulated | None:
    """A sum, product .. of two functions of the same integers, or of one and a number."""
    sides = [_value(edit, name, depth - 1) for name in node.inputs]
    left, right = sides
    if left is None or right is None or (left.root and right.root and left.root != right.root):
        return None
    if node.op == "Div" and (right.reals == 0).any():
        return None
    with np.errstate(all="ignore"):
        reals = _ARITHMETIC[node.op](left.reals, right.reals)
    return _Tabulated(left.root or right.root, np.asarray(reals, np.float32))


def _clipped(edit: Editor, node: Node, depth: int) -> _Tabulated | None:
    inner = _value(edit, node.inputs[0], depth - 1)
    limits = [_constant(edit, name) if name else None for name in (*node.inputs[1:], "", "")[:2]]
    if inner is None or any(name and limit is None for name, limit in zip(node.inputs[1:], limits, strict=False)):
        return None
    low, high = (end if limit is None else limit for limit, end in zip(limits, (-math.inf, math.inf), strict=True))
    return _Tabulated(inner.root, np.clip(inner.reals, np.float32(low), np.float32(high)))


def _constant(edit: Editor, name: str) -> float | None:
    """The only entry of a constant, which may be dequantized."""
    array = edit.constant(name)
    if array is None:
        integers = dequantized(edit, name)
        stored = edit.constant(integers.name) if integers is not None else None
        if integers is None or stored is None or not integers.is_uniform:
            return None
        centered = (stored.astype(np.int64) - integers.zero_point.reshape(-1)[0]).astype(np.float32)
        array = centered * integers.scale.astype(np.float32).reshape(())
    return float(array.reshape(-1)[0]) if array.size == 1 else None
