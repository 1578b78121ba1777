"""Normalizations as LayerNormalization or RMSNormalization along the last axis with a scale of ones.

Scales and biases become products and sums, which may be folded into a layer behind; axes that are normalized are moved
to the end and merged, which costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition

__all__ = ["TINY", "standardized"]

# Added to a variance that has no epsilon of its own: rows of zeros give 0, as the operators say, all others the same.
TINY = 1e-30


def standardized(
    x: Expansion, value: str, axes: Sequence[int], epsilon: float, *, op: str = "LayerNormalization"
) -> str:
    """`value` less its mean (not for RMSNormalization), by its deviation, over `axes`."""
    shape = x.shape(value)
    rest = [axis for axis in range(len(shape)) if axis not in axes]
    order = [*rest, *axes]
    moved = x.transpose(value, order)
    rows = x.reshape(moved, (*(shape[axis] for axis in rest), prod(shape[axis] for axis in axes)))
    ones = x.constant("ones", np.ones(x.shape(rows)[-1:]), x.dtype(value))
    result = x.apply(op, rows, ones, shape=x.shape(rows), axis=-1, epsilon=epsilon)
    back = x.reshape(result, [shape[axis] for axis in order])
    return x.transpose(back, [order.index(axis) for axis in range(len(shape))])


def _channels(x: Expansion, value: str, vector: str) -> str:
    """A vector over axis 1 of `value`, in a shape that broadcasts."""
    return x.reshape(vector, (-1 if not x.shape(vector) else x.shape(vector)[0], *([1] * (len(x.shape(value)) - 2))))


def _affine(x: Expansion, value: str, scale: str, bias: str) -> str:
    """value * scale + bias; an omitted or neutral constant is left out."""
    contents = x.array(scale)
    if scale and (contents is None or not bool(np.all(contents == 1))):
        value = x.apply("Mul", value, scale)
    contents = x.array(bias)
    if bias and (contents is None or bool(np.any(contents))):
        value = x.apply("Add", value, bias)
    return value


def _is_plain(x: Expansion, axis: int) -> bool:
    scale = x.array(x.input(1))
    ones = scale is not None and bool(np.all(scale == 1))
    alone = not x.has_input(2) and not x.wants_output(1) and not x.wants_output(2)
    return ones and alone and axis == len(x.shape(x.input(0))) - 1


@decomposition("LayerNormalization", "RMSNormalization")
def write_layer_normalization(x: Expansion) -> bool | None:
    """Writes a LayerNormalization or RMSNormalization with a scale of ones and a bias behind it."""
    value, rank = x.input(0), len(x.shape(x.input(0)))
    axis = int(x.attribute("axis", -1)) % rank
    if _is_plain(x, axis):
        return False
    epsilon, axes = float(x.attribute("epsilon", 1e-5)), tuple(range(axis, rank))
    normal = standardized(x, value, axes, epsilon, op=x.node.op)
    x.define(0, _affine(x, normal, x.input(1), x.input(2)))
    if x.wants_output(1) or x.wants_output(2):
        mean, variance = _moments(x, value, axes)
        x.define(1, mean)
        if x.wants_output(2):
            shifted = x.apply("Add", variance, x.number(epsilon, value))
            x.define(2, x.apply("Reciprocal", x.apply("Sqrt", shifted)))
    return None


def _mean(x: Expansion, value: str, axes: Sequence[int]) -> str:
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape(value))]
    return x.apply("ReduceMean", value, x.constant("axes", list(axes)), shape=shape, keepdims=1)


def _moments(x: Expansion, value: str, axes: Sequence[int]) -> tuple[str, str]:
    """Mean and variance over `axes`, which stay with size 1."""
    mean = _mean(x, value, axes)
    centred = x.apply("Sub", value, mean)
    return mean, _mean(x, x.apply("Mul", centred, centred), axes)


@decomposition("InstanceNormalization")
def write_instance_normalization(x: Expansion) -> None:
    """Writes an InstanceNormalization: each channel of each sample by itself."""
    value = x.input(0)
    axes = tuple(range(2, len(x.shape(value))))
    normal = standardized(x, value, axes, float(x.attribute("epsilon", 1e-5)))
    x.define(0, _affine(x, normal, *(_channels(x, value, x.input(k)) for k in (1, 2))))


@decomposition("GroupNormalization")
def write_group_normalization(x: Expansion) -> None:
    """Writes a GroupNormalization: groups of channels of each sample."""
    value, groups = x.input(0), int(x.attribute("num_groups", 1))
    shape = x.shape(value)
    grouped = x.reshape(value, (shape[0], groups, prod(shape[1:]) // groups))
    normal = x.reshape(standardized(x, grouped, (2,), float(x.attribute("epsilon", 1e-5))), shape)
    x.define(0, _affine(x, normal, *(_channels(x, value, x.input(k)) for k in (1, 2))))


@decomposition("MeanVarianceNormalization")
def write_mean_variance_normalization(x: Expansion) -> None:
    """Writes a MeanVarianceNormalization."""
    axes = tuple(int(axis) % len(x.shape(x.input(0))) for axis in x.attribute("axes", (0, 2, 3)))
    x.define(0, standardized(x, x.input(0), axes, TINY))


@decomposition("LpNormalization")
def write_lp_normalization(x: Expansion) -> None:
    """Writes an LpNormalization: x by its L1 norm, or by its L2 norm (the root-mean-square times a constant)."""
    value = x.input(0)
    axis = int(x.attribute("axis", -1)) % len(x.shape(value))
    if int(x.attribute("p", 2)) == 2:
        normal = standardized(x, value, (axis,), TINY, op="RMSNormalization")
        x.define(0, x.apply("Mul", normal, x.number(1.0 / sqrt(x.shape(value)[axis]), value)))
        return
    shape = [1 if k == axis else size for k, size in enumerate(x.shape(value))]
    norm = x.apply("ReduceSum", x.apply("Abs", value), x.constant("axes", [axis]), shape=shape, keepdims=1)
    x.define(0, x.apply("Div", value, norm))


@decomposition("BatchNormalization")
def write_batch_normalization(x: Expansion) -> bool | None:
    """Writes a BatchNormalization whose parameters are computed, or one that uses the statistics of its batch."""
    value, epsilon = x.input(0), float(x.attribute("epsilon", 1e-5))
    scale, bias, mean, variance = (x.input(k) for k in (1, 2, 3, 4))
    if x.attribute("training_mode", 0):
        axes = tuple(axis for axis in range(len(x.shape(value))) if axis != 1)
        normal = standardized(x, value, axes, epsilon)
        x.define(0, _affine(x, normal, _channels(x, value, scale), _channels(x, value, bias)))
        if x.wants_output(1) or x.wants_output(2):
            momentum = float(x.attribute("momentum", 0.9))
            for position, (old, new) in enumerate(zip((mean, variance), _moments(x, value, axes), strict=True), 1):
                x.define(position, _running(x, old, x.reshape(new, x.shape(old)), momentum))
        return None
    if all(x.array(name) is not None for name in (scale, bias, mean, variance)):
        return False
    root = x.apply("Sqrt", x.apply("Add", variance, x.number(epsilon, variance)))
    factor = x.apply("Div", scale, root)
    addend = x.apply("Sub", bias, x.apply("Mul", mean, factor))
    product = x.apply("Mul", value, _channels(x, value, factor))
    x.define(0, x.apply("Add", product, _channels(x, value, addend)))
    return None


def _running(x: Expansion, old: str, new: str, momentum: float) -> str:
    kept = x.apply("Mul", old, x.number(momentum, old))
    return x.apply("Add", kept, x.apply("Mul", new, x.number(1.0 - momentum, old)))
