"""Output shapes of common operators from their input shapes, written from the ONNX operator documents.

Frontends take shapes from onnx's own inference; these few rules are a second opinion for the graph spec and tell
passes the shape of a node that they make. An operator without a rule is not checked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidModel
from zkseal.graph.types import Node

Shape: TypeAlias = tuple[int, ...]
Constants: TypeAlias = Sequence[npt.NDArray[Any] | None]
Rule: TypeAlias = Callable[[Node, Sequence[Shape | None], Constants], list[Shape] | None]

_SAME = """
    Abs BatchNormalization Cast Ceil Celu Clip Cos CumSum Dropout Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity
    LayerNormalization LeakyRelu Log LogSoftmax LpNormalization Neg Not Reciprocal Relu Round Scaler Selu Sigmoid Sign
    Sin Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu
"""
_BROADCAST = "Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum Where Xor"


def expected_shapes(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape] | None:
    """Shapes of the first outputs of `node`; None when its operator has no rule.

    `shapes` and `constants` are given per input (None: omitted, or not constant). Raises InvalidModel when the
    inputs do not fit each other.
    """
    rule = _RULES.get(node.op)
    if rule is None:
        return None
    try:
        return rule(node, shapes, constants)
    except (ValueError, IndexError, TypeError, AssertionError) as error:
        raise InvalidModel(
            f"The inputs of node {node.name!r} ({node.op}) have shapes {list(shapes)}, which do not fit.",
            node=node.name,
        ) from error


def axes_of(node: Node, constant: npt.NDArray[Any] | None, rank: int) -> list[int] | None:
    """Axes of a node as non-negative numbers, from its axes input; None when that is computed or omitted."""
    return None if constant is None else [int(axis) % rank for axis in np.asarray(constant).reshape(-1)]


def ints(node: Node, name: str, default: Sequence[int]) -> list[int]:
    """Integer list attribute `name` of `node`."""
    value = node.attributes.get(name, default)
    assert isinstance(value, Sequence)
    return [int(item) for item in value]


def number(node: Node, name: str, default: int) -> int:
    """Integer attribute `name` of `node`."""
    value = node.attributes.get(name, default)
    assert isinstance(value, int)
    return value


def _known(shape: Shape | None) -> Shape:
    if shape is None:
        raise ValueError("a required input is omitted")
    return shape


def _same(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape]:
    return [_known(shapes[0])]


def _broadcast(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape]:
    return [tuple(np.broadcast_shapes(*[_known(shape) for shape in shapes]))]


def _gemm(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape]:
    (m, k), (k2, n) = _known(shapes[0]), _known(shapes[1])
    if number(node, "transA", 0):
        m, k = k, m
    if number(node, "transB", 0):
        k2, n = n, k2
    assert k == k2
    if len(shapes) > 2 and shapes[2] is not None:
        assert np.broadcast_shapes((m, n), shapes[2]) == (m, n)
    return [(m, n)]


def _matmul(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape]:
    a, b = _known(shapes[0]), _known(shapes[1])
    left = (1, *a) if len(a) == 1 else a
    right = (*b, 1) if len(b) == 1 else b
    assert left[-1] == right[-2]
    shape = [*np.broadcast_shapes(left[:-2], right[:-2]), left[-2], right[-1]]
    if len(b) == 1:
        del shape[-1]
    if len(a) == 1:
        del shape[-1 if len(b) == 1 else -2]
    return [tuple(shape)]


def window_shape(node: Node, spatial: Sequence[int], kernel: Sequence[int]) -> list[int] | None:
    """Spatial output sizes of a convolution or pooling window with explicit padding; None with `auto_pad`."""
    if node.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        return None
    rank = len(spatial)
    strides, dilations = ints(node, "strides", [1] * rank), ints(node, "dilations", [1] * rank)
    pads = ints(node, "pads", [0] * (2 * rank))
    sizes = []
    for axis, size in enumerate(spatial):
        room = size + pads[axis] + pads[axis + rank] - dilations[axis] * (kernel[axis] - 1) - 1
        assert room >= 0
        steps = -(-room // strides[axis]) if number(node, "ceil_mode", 0) else room // strides[axis]
        if number(node, "ceil_mode", 0) and steps * strides[axis] >= size + pads[axis]:
            steps -= 1  # A window may not start in the padding behind the tensor.
        sizes.append(steps + 1)
    return sizes


def _conv(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape] | None:
    x, w = _known(shapes[0]), _known(shapes[1])
    assert x[1] == w[1] * number(node, "group", 1)
    assert w[0] % number(node, "group", 1) == 0
    if len(shapes) > 2 and shapes[2] is not None:
        assert shapes[2] == (w[0],)
    sizes = window_shape(node, x[2:], w[2:])
    return None if sizes is None else [(x[0], w[0], *sizes)]


def _pool(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape] | None:
    x = _known(shapes[0])
    sizes = window_shape(node, x[2:], ints(node, "kernel_shape", []))
    return None if sizes is None else [(*x[:2], *sizes)]


def _global_pool(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape]:
    x = _known(shapes[0])
    return [(*x[:2], *(1 for _ in x[2:]))]


def _flatten(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape]:
    x = _known(shapes[0])
    axis = number(node, "axis", 1)
    axis = axis + len(x) if axis < 0 else axis
    return [(math.prod(x[:axis]), math.prod(x[axis:]))]


def _reshape(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape] | None:
    x, target = _known(shapes[0]), constants[1]
    if target is None or (number(node, "allowzero", 0) and 0 in target):
        return None
    sizes = [x[axis] if size == 0 else int(size) for axis, size in enumerate(target.tolist())]
    if -1 in sizes:
        sizes[sizes.index(-1)] = math.prod(x) // math.prod(size for size in sizes if size != -1)
    assert math.prod(sizes) == math.prod(x)
    return [tuple(sizes)]


def _transpose(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape]:
    x = _known(shapes[0])
    order = ints(node, "perm", range(len(x))[::-1])
    assert sorted(order) == list(range(len(x)))
    return [tuple(x[axis] for axis in order)]


def _concat(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape]:
    parts = [_known(shape) for shape in shapes]
    axis = number(node, "axis", 0) % len(parts[0])
    rest = {(*part[:axis], *part[axis + 1 :]) for part in parts}
    assert len(rest) == 1
    return [(*parts[0][:axis], sum(part[axis] for part in parts), *parts[0][axis + 1 :])]


def _squeeze(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape] | None:
    x = _known(shapes[0])
    if len(shapes) < 2 or shapes[1] is None:
        return [tuple(size for size in x if size != 1)]
    axes = axes_of(node, constants[1], len(x))
    if axes is None:
        return None
    assert all(x[axis] == 1 for axis in axes)
    return [tuple(size for axis, size in enumerate(x) if axis not in axes)]


def _unsqueeze(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape] | None:
    x = _known(shapes[0])
    if constants[1] is None:
        return None
    rank = len(x) + constants[1].size
    axes = axes_of(node, constants[1], rank) or []
    rest = iter(x)
    return [tuple(1 if axis in axes else next(rest) for axis in range(rank))]


def _gather(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape]:
    x, index = _known(shapes[0]), _known(shapes[1])
    axis = number(node, "axis", 0) % len(x)
    return [(*x[:axis], *index, *x[axis + 1 :])]


def _arg(node: Node, shapes: Sequence[Shape | None], constants: Constants) -> list[Shape]:
    x = _known(shapes[0])
    axis = number(node, "axis", 0) % len(x)
    kept = (1,) if number(node, "keepdims", 1) else ()
    return [(*x[:axis], *kept, *x[axis + 1 :])]


_RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME.split(), _same),
    **dict.fromkeys(_BROADCAST.split(), _broadcast),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), _pool),
    **dict.fromkeys(("GlobalMaxPool", "GlobalAveragePool"), _global_pool),
    **dict.fromkeys(("ArgMax", "ArgMin"), _arg),
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Conv": _conv,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Concat": _concat,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Gather": _gather,
}
