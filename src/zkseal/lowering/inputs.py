"""Graph inputs: their scales, and how floats become integers when a program runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import RangeExceeded, WrongInput
from zkseal.graph import Value
from zkseal.lowering.blocks.rescale import proven_range
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Quantized
from zkseal.quantize.calibration import ValueStatistics
from zkseal.quantize.integers import Integers
from zkseal.quantize.scales import fitting_exponent

__all__ = ["declare_inputs", "quantize_input"]

FEATURE_SPREAD = 8.0
"""Features whose largest magnitudes differ by more than this factor get scales of their own, where that is possible."""

_ABSORBING = {"Scaler": 0, "Gemm": 0, "MatMul": 0}
"""Operators whose constants can absorb feature exponents of their first input."""


def declare_inputs(plan: Plan) -> tuple[Quantized, ...]:
    """Chooses scales for all graph inputs and defines them in the plan."""
    values = tuple(_declare(plan, value) for value in plan.graph.inputs)
    for value in values:
        plan.define(value)
    return values


def _declare(plan: Plan, value: Value) -> Quantized:
    statistics = plan.statistics(value.name)
    limit, headroom = plan.options.limit, plan.options.headroom
    if not value.dtype.startswith("float"):
        return _exact(value, statistics, 0, (1 << 31) - 1, headroom)
    if _takes_feature_scales(plan, value, statistics):
        exponents = [fitting_exponent(m * headroom, limit) for m in statistics.feature_magnitude]
        least = min(exponents)
        features = tuple(e - least for e in exponents)
        return Quantized(value.name, value.shape, least, -limit - 1, limit, features)
    exponent = fitting_exponent(statistics.magnitude * headroom, limit)
    if statistics.exact_exponent is not None and statistics.exact_exponent <= exponent:
        return _exact(value, statistics, statistics.exact_exponent, limit, headroom)
    return Quantized(value.name, value.shape, exponent, -limit - 1, limit)


def _exact(value: Value, statistics: ValueStatistics, exponent: int, limit: int, headroom: float) -> Quantized:
    """Samples that are multiples of 2^-exponent are kept exactly, with no more bits than they need."""
    most = math.ceil(math.ldexp(statistics.maximum * headroom, exponent)) if statistics.maximum > 0 else 0
    least = math.floor(math.ldexp(statistics.minimum * headroom, exponent)) if statistics.minimum < 0 else 0
    lo, hi = proven_range(least, max(most, 1), limit)
    return Quantized(value.name, value.shape, exponent, lo, hi)


def _takes_feature_scales(plan: Plan, value: Value, statistics: ValueStatistics) -> bool:
    if len(value.shape) != 2:
        return False
    seen = [m for m in statistics.feature_magnitude if m > 0]
    if not seen or max(seen) <= FEATURE_SPREAD * min(seen):
        return False
    consumers = plan.graph.consumers(value.name)
    return all(
        node.op in _ABSORBING
        and node.inputs[0] == value.name
        and value.name not in node.inputs[1:]
        and not plan.attributes(node).get("transA", 0)
        and (node.op == "Scaler" or plan.constant(node.inputs[1]) is not None)
        for node in consumers
    )


def quantize_input(value: Quantized, given: npt.ArrayLike | None) -> Integers:
    """Floats as integers, rounded half up. Raises `WrongInput`, `RangeExceeded`."""
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
    reals = array.astype(np.float64)
    if not np.isfinite(reals).all():
        raise WrongInput(
            f"Input '{value.name}' holds NaN or infinity.", name=value.name, expected="finite", got="non-finite"
        )
    exponents = value.exponent + np.asarray(value.feature_exponents or 0, dtype=np.int64)
    scaled = np.floor(np.ldexp(reals, exponents) + 0.5)
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
