"""Graph inputs that only trees read: codes of floats, so that every comparison of a tree is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import RangeExceeded, WrongInput
from zkseal.graph import Graph, Value
from zkseal.graph.trees import compared_inputs
from zkseal.lowering.values import Quantized
from zkseal.quantize.integers import Integers
from zkseal.quantize.ordered import ORDERS

__all__ = ["declare_ordered", "encode_ordered"]


def declare_ordered(graph: Graph, value: Value) -> Quantized | None:
    """The input as codes of the floats that the trees compare; None if something else reads it too."""
    compared = compared_inputs(graph).get(value.name)
    if compared is None:
        return None
    order = ORDERS[compared.dtype]
    return Quantized(value.name, value.shape, 0, order.lo, order.hi, order=order.name, missing=compared.missing)


def encode_ordered(value: Quantized, array: npt.NDArray[Any]) -> Integers:
    """Floats as codes. Raises `WrongInput` for NaN where no model knows missing values, `RangeExceeded`."""
    assert value.order is not None
    order = ORDERS[value.order]
    with np.errstate(over="ignore"):
        floats = array.astype(order.name)
    if np.isnan(floats).any() and not value.missing:
        index = [int(i) for i in np.argwhere(np.isnan(floats))[0]]
        raise WrongInput(
            f"Input '{value.name}' is NaN at {index}; the model was trained without missing values. Fill them in.",
            name=value.name,
            expected="numbers",
            got="NaN",
        )
    outside = np.argwhere(~order.representable(floats))
    if outside.size:
        index = [int(i) for i in outside[0]]
        largest = float(order.decode(order.infinity - 1))
        least = "" if order.name == "float32" else f" Other numbers than 0 must reach {order.decode(1):.6g}."
        number = float(array[tuple(index)])
        raise RangeExceeded(
            f"Input '{value.name}' is {number:.6g} at {index}; it may reach {largest:.6g}.{least}",
            tensor=value.name,
            value=number,
            lo=-largest,
            hi=largest,
        )
    return order.encode(floats)
