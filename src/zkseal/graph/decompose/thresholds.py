"""ThresholdedRelu and Shrink, which jump: comparisons with constants and Where."""

from __future__ import annotations

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("ThresholdedRelu")
def thresholded_relu(x: Expansion) -> None:
    """x where it is above alpha, else 0."""
    value = x.input(0)
    above = x.apply("Greater", value, x.number(float(x.attribute("alpha", 1.0)), value), shape=x.shape(value))
    x.define(0, x.apply("Where", above, value, x.number(0.0, value), shape=x.shape(value), dtype=x.dtype(value)))


@decomposition("Shrink")
def shrink(x: Expansion) -> None:
    """x - bias above lambd, x + bias below -lambd, 0 between."""
    value, shape = x.input(0), x.shape(x.input(0))
    dtype = x.dtype(value)
    bias, limit = float(x.attribute("bias", 0.0)), float(x.attribute("lambd", 0.5))
    above = x.apply("Greater", value, x.number(limit, value), shape=shape)
    below = x.apply("Less", value, x.number(-limit, value), shape=shape)
    lowered = x.apply("Sub", value, x.number(bias, value), shape=shape)
    raised = x.apply("Add", value, x.number(bias, value), shape=shape)
    otherwise = x.apply("Where", below, raised, x.number(0.0, value), shape=shape, dtype=dtype)
    x.define(0, x.apply("Where", above, lowered, otherwise, shape=shape, dtype=dtype))
