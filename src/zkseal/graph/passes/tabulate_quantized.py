"""Functions of one 8-bit integer become tables: QuantizeLinear(f(DequantizeLinear(q))) = Gather(table, q).

f is a chain of functions of one number, and of sums and products with constants.

All 256 results are computed here, in double precision, rounded once to single precision as a float runtime would have
them, then quantized: ties to even, saturated. Negative integers follow behind the others: Gather counts them from the
end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from zkseal.graph.edit import Editor
from zkseal.graph.qdq import Quantization, dequantized, quantization
from zkseal.graph.types import Graph, Node

_INT32 = 6
"""TensorProto.INT32."""


def tabulate_quantized(graph: Graph) -> Graph:
    """`graph` with functions between 8-bit integers as tables, QuantizeLinear of another scale among them."""
    if not any(node.op == "QuantizeLinear" for node in graph.nodes):
        return graph
    edit = Editor(graph)
    for node in list(edit.nodes):
        result = quantization(edit, node)
        if result is None or not result.is_uniform or not result.is_8_bit:
            continue
        functions: list[Callable[[float], float]] = []
        name = node.inputs[0]
        while (maker := edit.producer(name)) is not None and edit.only_used_by(name, edit.consumers(name)[0]):
            found = _arithmetic(edit, maker) or _function(edit, maker)
            if found is None:
                break
            function, name = found
            functions.insert(0, function)
        source = dequantized(edit, name)
        if source is not None and source.is_uniform and source.is_8_bit:
            _tabulate(edit, node, source, result, functions)
    return edit.build()


def _tabulate(
    edit: Editor, node: Node, source: Quantization, result: Quantization, functions: list[Callable[[float], float]]
) -> None:
    info, limits = np.iinfo(source.dtype), np.iinfo(result.dtype)
    integers = np.arange(info.min, info.max + 1)
    scale, zero = source.scale.astype(np.float32).reshape(()), int(source.zero_point.reshape(-1)[0])
    reals = (integers - zero).astype(np.float32) * scale
    for function in functions:
        reals = np.asarray([function(float(x)) for x in reals], dtype=np.float32)
    steps = np.rint(reals / result.scale.astype(np.float32).reshape(())).astype(np.float64)
    values = np.clip(steps + int(result.zero_point.reshape(-1)[0]), limits.min, limits.max)
    counted = np.roll(values, int(info.min)).astype(np.dtype(result.dtype))
    table = edit.add_initializer(f"{node.name}/table", counted)
    shape = edit.values[source.name].shape
    index = edit.add_value(f"{node.name}/integer", shape, "int32")
    cast = edit.make_node(f"{node.name}/cast", "Cast", (source.name,), (index,), {"to": _INT32})
    read = edit.make_node(f"{node.name}/read", "Gather", (table, index), node.outputs, {"axis": 0})
    edit.substitute(node, cast, read)


_Found = tuple[Callable[[float], float], str] | None
"""A function of one number, and the value that it is applied to."""


def _arithmetic(edit: Editor, node: Node) -> _Found:
    """A sum, product .. of a value and a constant number."""
    if node.op not in ("Add", "Div", "Mul", "Sub"):
        return None
    numbers = [_constant(edit, name) for name in node.inputs]
    if (numbers[0] is None) == (numbers[1] is None):
        return None
    side = 0 if numbers[1] is None else 1
    source, c = node.inputs[1 - side], np.float32(numbers[side])
    if edit.values[source].shape != edit.values[node.outputs[0]].shape or (node.op == "Div" and side == 0):
        return None
    apply = {"Add": np.add, "Div": np.divide, "Mul": np.multiply, "Sub": np.subtract}[node.op]
    if side == 0:
        return lambda x: float(apply(c, np.float32(x))), source
    return (lambda x: float(apply(np.float32(x), c)), source) if node.op != "Div" or c != 0 else None


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


def _function(edit: Editor, node: Node) -> _Found:
    """The function of its first operand that a node is, with its attributes; None for any other operator."""
    if node.op == "Clip":
        limits = [_constant(edit, name) if name else None for name in (*node.inputs[1:], "", "")[:2]]
        if any(name and limit is None for name, limit in zip(node.inputs[1:], limits, strict=False)):
            return None
        low, high = (end if limit is None else limit for limit, end in zip(limits, (-math.inf, math.inf), strict=True))
        return lambda x: min(max(x, low), high), node.inputs[0]
    make = _FUNCTIONS.get(node.op)
    return None if make is None else (make(node.attributes), node.inputs[0])


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _gelu(tanh: bool, x: float) -> float:
    if tanh:
        return 0.5 * x * (1.0 + math.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1.0 + math.erf(x / math.sqrt(2.0)))


def _number(attributes: Mapping[str, object], name: str, default: float) -> float:
    return float(str(attributes.get(name, default)))


_Maker = Callable[[Mapping[str, object]], Callable[[float], float]]


def _leaky_relu(attributes: Mapping[str, object]) -> Callable[[float], float]:
    alpha = _number(attributes, "alpha", 0.01)
    return lambda x: x if x >= 0 else alpha * x


def _elu(attributes: Mapping[str, object]) -> Callable[[float], float]:
    alpha = _number(attributes, "alpha", 1.0)
    return lambda x: x if x >= 0 else alpha * math.expm1(x)


def _hard_sigmoid(attributes: Mapping[str, object]) -> Callable[[float], float]:
    alpha, beta = _number(attributes, "alpha", 0.2), _number(attributes, "beta", 0.5)
    return lambda x: min(max(alpha * x + beta, 0.0), 1.0)


def _plain(function: Callable[[float], float]) -> _Maker:
    return lambda _attributes: function


_FUNCTIONS: dict[str, _Maker] = {
    "Abs": _plain(abs),
    "Elu": _elu,
    "Erf": _plain(math.erf),
    "Gelu": lambda attributes: lambda x: _gelu(attributes.get("approximate", "none") == "tanh", x),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _plain(lambda x: x * min(max(x / 6.0 + 0.5, 0.0), 1.0)),
    "LeakyRelu": _leaky_relu,
    "Mish": _plain(lambda x: x * math.tanh(_softplus(x))),
    "Neg": _plain(lambda x: -x),
    "Relu": _plain(lambda x: max(x, 0.0)),
    "Sigmoid": _plain(_sigmoid),
    "Softplus": _plain(_softplus),
    "Tanh": _plain(math.tanh),
}
