"""MaxUnpool: entries are written to their places in a tensor of zeros."""

from __future__ import annotations

import math

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("MaxUnpool")
def write_max_unpool(x: Expansion) -> None:
    """Writes a MaxUnpool.

    Indices count through the tensor that MaxPool read. A larger `output_shape` has the same indices in a tensor of the
    default shape, which is padded behind.
    """
    shape, result = x.shape(x.input(0)), x.shape(x.node.outputs[0])
    kernel = [int(k) for k in x.attribute("kernel_shape", ())]
    rank = len(kernel)
    strides, pads = x.attribute("strides", (1,) * rank), x.attribute("pads", (0,) * (2 * rank))
    inner = (
        *shape[:2],
        *(
            (n - 1) * int(s) + k - int(pads[axis]) - int(pads[axis + rank])
            for axis, (n, s, k) in enumerate(zip(shape[2:], strides, kernel, strict=True))
        ),
    )
    if any(small > large for small, large in zip(inner, result, strict=True)):
        raise x.unsupported(f"its result {list(result)} is smaller than {list(inner)}. Leave out output_shape")
    count, total = math.prod(shape), math.prod(inner)
    zeros = x.constant("zeros", np.zeros(total), x.dtype(x.input(0)))
    places, entries = x.reshape(x.input(1), (count,)), x.reshape(x.input(0), (count,))
    placed = x.reshape(x.apply("ScatterElements", zeros, places, entries, shape=(total,), axis=0), inner)
    if inner != result:
        behind = [large - small for small, large in zip(inner, result, strict=True)]
        placed = x.apply("Pad", placed, x.constant("pads", [0] * len(inner) + behind), shape=result)
    x.define(0, placed)
