"""LRN: x / (bias + alpha / size * sum of squares of `size` neighbouring channels)^beta."""

from __future__ import annotations

from math import prod

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("LRN")
def write_lrn(x: Expansion) -> None:
    """Writes an LRN; the sums are a product with a matrix of bands."""
    value, size = x.input(0), int(x.attribute("size", 1))
    shape = x.shape(value)
    channels = np.arange(shape[1])
    distance = channels - channels[:, np.newaxis]
    near = (distance >= -((size - 1) // 2)) & (distance <= size // 2)
    bands = x.constant("bands", near * (float(x.attribute("alpha", 1e-4)) / size), x.dtype(value))
    columns = x.reshape(value, (shape[0], shape[1], prod(shape[2:])))
    sums = x.reshape(x.apply("MatMul", bands, x.apply("Mul", columns, columns)), shape)
    base = x.apply("Add", sums, x.number(float(x.attribute("bias", 1.0)), value))
    factor = x.apply("Pow", base, x.number(-float(x.attribute("beta", 0.75)), value))
    x.define(0, x.apply("Mul", value, factor))
