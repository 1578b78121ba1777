"""CumProd: products with ever farther neighbours, log2 n of them."""

from __future__ import annotations

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("CumProd")
def cum_prod(x: Expansion) -> None:
    """Cumulative products along one constant axis, exclusive or not, forward or reverse."""
    value, given = x.input(0), x.array(x.input(1))
    if given is None:
        raise x.unsupported("its axis is not constant. Make it an initializer")
    axis = int(given.reshape(-1)[0]) % len(x.shape(value))
    count, reverse = x.shape(value)[axis], bool(x.attribute("reverse", 0))
    if reverse:
        value = _flipped(x, value, axis)
    if x.attribute("exclusive", 0):
        value = _shifted(x, value, axis, 1)
    distance = 1
    while distance < count:
        value = x.apply("Mul", value, _shifted(x, value, axis, distance))
        distance *= 2
    x.define(0, _flipped(x, value, axis) if reverse else value)


def _flipped(x: Expansion, value: str, axis: int) -> str:
    order = np.arange(x.shape(value)[axis])[::-1]
    return x.apply("Gather", value, x.constant("backwards", order), axis=axis)


def _shifted(x: Expansion, value: str, axis: int, distance: int) -> str:
    """Entry i - distance at place i, one where there is none."""
    shape = x.shape(value)
    ones = x.constant("ones", np.ones([distance if k == axis else s for k, s in enumerate(shape)]), x.dtype(value))
    if distance >= shape[axis]:
        return x.slice(ones, axis, 0, shape[axis])
    return x.concat([ones, x.slice(value, axis, 0, shape[axis] - distance)], axis)
