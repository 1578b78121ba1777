"""Gemm of computed operands with factors: alpha and beta are multiplied in by nodes of their own.

With a constant weight alpha goes into the weight (`passes.fuse_linear`), and beta into a constant bias.
"""

from __future__ import annotations

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("Gemm")
def write_gemm(x: Expansion) -> bool | None:
    """alpha A' B' + beta C."""
    alpha, beta = float(x.attribute("alpha", 1.0)), float(x.attribute("beta", 1.0))
    bias = x.input(2)
    folds = x.array(x.input(1)) is not None
    if (folds or alpha == 1.0) and (beta == 1.0 or not bias or (folds and x.array(bias) is not None)):
        return False
    transposes = {name: x.attribute(name, 0) for name in ("transA", "transB") if x.attribute(name, 0)}
    product = x.apply("Gemm", x.input(0), x.input(1), **transposes)
    if alpha != 1.0:
        product = x.apply("Mul", product, x.number(alpha, product))
    if bias:
        scaled = bias if beta == 1.0 else x.apply("Mul", bias, x.number(beta, bias))
        product = x.apply("Add", product, scaled)
    x.define(0, product)
    return None
