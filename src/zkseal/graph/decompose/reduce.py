"""ReduceL1, ReduceL2, ReduceLogSum, ReduceLogSumExp, ReduceSumSquare, ReduceProd: sums, maxima and products.

Sums of squares stay accumulators until the last operator rounds them. ReduceLogSumExp subtracts the maximum first, so
that its exponentials lie in (0, 1]. A product is a tree of products of halves.
"""

from __future__ import annotations

from math import prod

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition

SINGLE_FACTORS = 32
"""So few factors are multiplied one by one, each product on a scale of its own; halves of a tensor share one."""


def _axes(x: Expansion) -> tuple[int, ...]:
    """The axes, ascending; they may be constant only."""
    rank = len(x.shape(x.input(0)))
    given = x.attribute("axes", ())
    if x.has_input(1):
        array = x.array(x.input(1))
        if array is None:
            raise x.unsupported("its list of axes is not constant. Make it an initializer")
        given = array.reshape(-1).tolist()
    axes = tuple(sorted({int(axis) % rank for axis in given}))
    return axes if axes or x.attribute("noop_with_empty_axes", 0) else tuple(range(rank))


def _reduced(x: Expansion, op: str, value: str, axes: tuple[int, ...], *, keep: bool) -> str:
    shape = x.shape(value)
    if not axes:
        return value
    result = [1 if k in axes else size for k, size in enumerate(shape) if keep or k not in axes]
    return x.apply(op, value, x.constant("axes", list(axes)), shape=result, keepdims=int(keep))


@decomposition("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceSumSquare")
def reduce_sum_of_function(x: Expansion) -> None:
    """f(sum g(x))."""
    value, op, axes = x.input(0), x.node.op, _axes(x)
    if op == "ReduceL1":
        value = x.apply("Abs", value)
    elif op in ("ReduceL2", "ReduceSumSquare"):
        value = x.apply("Mul", value, value)
    total = _reduced(x, "ReduceSum", value, axes, keep=bool(x.attribute("keepdims", 1)))
    if op == "ReduceL2":
        total = x.apply("Sqrt", total)
    x.define(0, x.apply("Log", total) if op == "ReduceLogSum" else total)


@decomposition("ReduceLogSumExp")
def reduce_log_sum_exp(x: Expansion) -> None:
    """m + log(sum exp(x - m)), m the maximum."""
    value, axes, keep = x.input(0), _axes(x), bool(x.attribute("keepdims", 1))
    if not axes:
        x.define(0, value)
        return
    maximum = _reduced(x, "ReduceMax", value, axes, keep=True)
    exponentials = x.apply("Exp", x.apply("Sub", value, maximum))
    logarithm = x.apply("Log", _reduced(x, "ReduceSum", exponentials, axes, keep=keep))
    x.define(0, x.apply("Add", logarithm, x.reshape(maximum, x.shape(logarithm))))


@decomposition("ReduceProd")
def reduce_prod(x: Expansion) -> None:
    """The product of the halves of the axes, until one entry is left; halves of odd length leave one for the end.

    A few factors are paired one by one.
    """
    value, axes = x.input(0), _axes(x)
    shape, keep = x.shape(value), bool(x.attribute("keepdims", 1))
    rest = [k for k in range(len(shape)) if k not in axes]
    count, row = prod(shape[k] for k in axes), [shape[k] for k in rest]
    left = x.reshape(x.transpose(value, [*axes, *rest]), [count, *row])
    over: list[str] = []
    if 1 < count <= SINGLE_FACTORS:
        over = [x.slice(left, 0, k, k + 1) for k in range(count)]
        while len(over) > 2:
            over = [*over[2:], x.apply("Mul", over[0], over[1])]
        left, count = over.pop(0), 1
    while count > 1:
        half = count // 2
        if count % 2:
            over.append(x.slice(left, 0, 2 * half, count))
        left = x.apply("Mul", x.slice(left, 0, 0, half), x.slice(left, 0, half, 2 * half))
        count = half
    for factor in over:
        left = x.apply("Mul", left, factor)
    result = [1 if k in axes else size for k, size in enumerate(shape) if keep or k not in axes]
    x.define(0, x.reshape(left, result))
