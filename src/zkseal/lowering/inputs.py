"""Graph inputs: their scales, and how floats become integers when a program runs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import RangeExceeded, WrongInput
from zkseal.graph import Node, Value
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT, proven_range
from zkseal.lowering.folding import LINEAR
from zkseal.lowering.ordered_inputs import declare_ordered, encode_ordered
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Quantized
from zkseal.quantize.affine import integer_range
from zkseal.quantize.calibration import ValueStatistics
from zkseal.quantize.integers import Integers
from zkseal.quantize.scales import fitting_exponent

__all__ = ["declare_inputs", "quantize_input"]

WHOLE_RANGE = frozenset({"bool", "int8", "uint8"})
"""Element types of inputs that take every integer of their type, whatever the samples are."""

NOISE_BITS = 4
"""Features get scales of their own if one scale for all would disturb a layer by more than 2^-(bits - 4) of its largest
output: inputs of one kind (pixels) disturb it by about 2^-(bits - 2)."""

FEATURE_HEADROOM = 2.0
"""Extra headroom of features with scales of their own: one feature strays further than the largest of all does."""

MAX_SPREAD_BITS = 24
"""The finest feature is at most this many bits finer than the coarsest."""


def declare_inputs(plan: Plan) -> tuple[Quantized, ...]:
    """Chooses scales for all graph inputs and defines them in the plan."""
    values = tuple(_declare(plan, value) for value in plan.graph.inputs)
    for value in values:
        plan.define(value)
    return values


def _declare(plan: Plan, value: Value) -> Quantized:
    ordered = declare_ordered(plan.graph, value)
    if ordered is not None:
        return ordered
    statistics = plan.statistics(value.name)
    headroom = plan.options.headroom
    if value.dtype in WHOLE_RANGE:
        return Quantized(value.name, value.shape, 0, *integer_range(value.dtype))
    if not value.dtype.startswith("float"):
        exact = _exact(value, statistics, 0, INTEGER_LIMIT, headroom)
        lo, hi = integer_range(value.dtype)
        return replace(exact, lo=max(exact.lo, lo), hi=min(exact.hi, hi))
    exponent, limit = plan.scale(value.name)
    if statistics.exact_exponent is not None and statistics.exact_exponent <= exponent:
        return _exact(value, statistics, statistics.exact_exponent, limit, headroom)
    if _needs_feature_scales(plan, value, exponent):
        return Quantized(value.name, value.shape, *_feature_scales(statistics, limit, headroom * FEATURE_HEADROOM))
    return Quantized(value.name, value.shape, exponent, -limit - 1, limit)


def _exact(value: Value, statistics: ValueStatistics, exponent: int, limit: int, headroom: float) -> Quantized:
    """Samples that are multiples of 2^-exponent are kept exactly, with no more bits than they need."""
    most = math.ceil(math.ldexp(statistics.maximum * headroom, exponent)) if statistics.maximum > 0 else 0
    least = math.floor(math.ldexp(statistics.minimum * headroom, exponent)) if statistics.minimum < 0 else 0
    lo, hi = proven_range(least, max(most, 1), limit)
    return Quantized(value.name, value.shape, exponent, lo, hi)


def _feature_scales(statistics: ValueStatistics, limit: int, headroom: float) -> tuple[int, int, int, tuple[int, ...]]:
    """The coarsest exponent, the bounds, and what each feature adds; features that are always 0 get the coarsest."""
    exponents = [fitting_exponent(m * headroom, limit) if m > 0 else None for m in statistics.feature_magnitude]
    least = min(exponent for exponent in exponents if exponent is not None)
    features = tuple(0 if e is None else min(e - least, MAX_SPREAD_BITS) for e in exponents)
    return least, -limit - 1, limit, features


def _needs_feature_scales(plan: Plan, value: Value, exponent: int) -> bool:
    """Whether all consumers can absorb feature exponents, and one of them suffers from a common scale."""
    if len(value.shape) != 2 or plan.statistics(value.name).magnitude == 0:
        return False
    needed = False
    for node in plan.graph.consumers(value.name):
        weights = _feature_weights(plan, node, value.name)
        if weights is None:
            return False
        # Rounding errors of the features are independent: they add up as a 2-norm, times the step of the scale.
        noise = float(np.sqrt((weights**2).sum(axis=0)).max()) * 2.0**-exponent
        needed |= noise > plan.statistics(node.outputs[0]).magnitude * 2.0 ** (NOISE_BITS - plan.options.bits)
    return needed


def _feature_weights(plan: Plan, node: Node, name: str) -> npt.NDArray[np.float64] | None:
    """What a node multiplies each feature of value `name` by, (features, outputs); None if it absorbs no exponents."""
    if node.inputs[0] != name or name in node.inputs[1:]:
        return None
    attributes = plan.attributes(node)
    if node.op == "Scaler":
        scale = np.asarray(attributes.get("scale", (1.0,)), dtype=np.float64)
        return np.diag(np.broadcast_to(scale, plan.shape(name)[-1:]))
    weights = plan.constant(node.inputs[1]) if node.op in ("Gemm", LINEAR, "MatMul") else None
    if weights is None or weights.ndim != 2 or attributes.get("transA", 0):
        return None
    return np.asarray(weights.T if attributes.get("transB", 0) else weights, dtype=np.float64)


def quantize_input(value: Quantized, given: npt.ArrayLike | None) -> Integers:
    """Floats as integers, rounded half up; integers as they are. Raises `WrongInput`, `RangeExceeded`."""
    if given is None:
        raise WrongInput(
            f"Input '{value.name}' of shape {value.shape} is missing.", name=value.name, expected=value.shape, got=None
        )
    array: npt.NDArray[Any] = np.asarray(given)
    if array.shape != value.shape or array.dtype.kind not in "fiub":
        raise WrongInput(
            f"Input '{value.name}' has shape {array.shape} and type {array.dtype}; numbers of shape {value.shape} are "
            "needed.",
            name=value.name,
            expected=value.shape,
            got=array.shape,
        )
    if value.order is not None:
        return encode_ordered(value, array)
    reals = array.astype(np.float64)
    if not np.isfinite(reals).all():
        raise WrongInput(
            f"Input '{value.name}' holds NaN or infinity.", name=value.name, expected="finite", got="non-finite"
        )
    exponents = value.exponent + np.asarray(value.feature_exponents or 0, dtype=np.int64)
    scaled: npt.NDArray[Any] = np.floor(np.ldexp(reals, exponents) + 0.5)
    if array.dtype.kind in "iu" and not exponents.any():
        scaled = array  # as they are: a float does not hold integers above 2^53
    outside = np.argwhere((scaled < value.lo) | (scaled > value.hi))
    if outside.size:
        index = tuple(int(i) for i in outside[0])
        step = float(2.0 ** -float(np.broadcast_to(exponents, scaled.shape)[index]))
        raise RangeExceeded(
            f"Input '{value.name}' is {reals[index]:.6g} at {list(index)}; its integers hold {value.lo * step:.6g} to "
            f"{value.hi * step:.6g}. Calibrate with samples like this one, or compile with more headroom.",
            tensor=value.name,
            value=float(reals[index]),
            lo=value.lo * step,
            hi=value.hi * step,
        )
    return scaled.astype(np.int64)
