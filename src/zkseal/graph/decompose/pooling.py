"""GlobalMaxPool, LpPool, GlobalLpPool: by reductions, and by the average of powers.

A p-norm over windows of K entries is (K * mean |x|^p)^(1/p) = K^(1/p) * (mean |x|^p)^(1/p). Padding counts as zeros, so
the mean is an AveragePool that counts padding; what ceil_mode adds behind the tensor is written as padding, too.
"""

from __future__ import annotations

import math

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("GlobalMaxPool")
def write_global_max_pool(x: Expansion) -> None:
    """Writes a GlobalMaxPool."""
    shape = x.shape(x.input(0))
    axes = x.constant("axes", range(2, len(shape)))
    x.define(0, x.apply("ReduceMax", x.input(0), axes, shape=(*shape[:2], *(1 for _ in shape[2:])), keepdims=1))


@decomposition("GlobalLpPool")
def write_global_lp_pool(x: Expansion) -> None:
    """Writes a GlobalLpPool."""
    p, shape = int(x.attribute("p", 2)), x.shape(x.input(0))
    axes = x.constant("axes", range(2, len(shape)))
    reduced = (*shape[:2], *(1 for _ in shape[2:]))
    if p in (1, 2):
        x.define(0, x.apply(f"ReduceL{p}", x.input(0), axes, shape=reduced, keepdims=1))
        return
    mean = x.apply("ReduceMean", _powers(x, p), axes, shape=reduced, keepdims=1)
    x.define(0, _root(x, mean, p, math.prod(shape[2:])))


@decomposition("LpPool")
def write_lp_pool(x: Expansion) -> None:
    """Writes an LpPool."""
    p, kernel = int(x.attribute("p", 2)), tuple(int(k) for k in x.attribute("kernel_shape", ()))
    sizes, outputs = x.shape(x.input(0))[2:], x.shape(x.node.outputs[0])[2:]
    rank = len(sizes)
    strides, dilations = (tuple(x.attribute(name, (1,) * rank)) for name in ("strides", "dilations"))
    before, after = _padding(x, sizes, outputs, kernel, strides, dilations)
    mean = x.apply(
        "AveragePool",
        _powers(x, p),
        shape=x.shape(x.node.outputs[0]),
        kernel_shape=kernel,
        strides=strides,
        dilations=dilations,
        pads=(*before, *after),
        count_include_pad=1,
    )
    x.define(0, _root(x, mean, p, math.prod(kernel)))


def _padding(
    x: Expansion,
    sizes: tuple[int, ...],
    outputs: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Padding before and behind, such that the windows fit exactly as often as there are outputs."""
    rank, auto = len(sizes), str(x.attribute("auto_pad", "NOTSET"))
    reach = [s * (o - 1) + d * (k - 1) + 1 for s, o, d, k in zip(strides, outputs, dilations, kernel, strict=True)]
    totals = [max(0, r - n) for r, n in zip(reach, sizes, strict=True)]
    if auto.startswith("SAME"):
        before = tuple(t // 2 if auto == "SAME_UPPER" else t - t // 2 for t in totals)
    else:
        before = (0,) * rank if auto == "VALID" else tuple(x.attribute("pads", (0,) * (2 * rank))[:rank])
    after = tuple(max(0, r - n - b) for r, n, b in zip(reach, sizes, before, strict=True))
    return before, after


def _powers(x: Expansion, p: int) -> str:
    """|x|^p for a power of two p."""
    name = x.input(0)
    if p == 1:
        return x.apply("Abs", name)
    if p not in (2, 4, 8):
        raise x.unsupported(f"a norm of order {p}. Use order 1, 2, 4 or 8, whose roots are exact")
    for _ in range(p.bit_length() - 1):
        name = x.apply("Mul", name, name)
    return name


def _root(x: Expansion, mean: str, p: int, count: int) -> str:
    """(count * mean)^(1/p): square roots, each of which is accurate next to zero too."""
    for _ in range(p.bit_length() - 1):
        mean = x.apply("Sqrt", mean)
    return x.apply("Mul", mean, x.number(count ** (1.0 / p), mean))
