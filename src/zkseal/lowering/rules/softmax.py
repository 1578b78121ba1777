"""Softmax, LogSoftmax, and Softmax under masks.

What it lowers
    Softmax and LogSoftmax over one axis; Softmax of scores of which some are masked (`graph.masking`), by constants
    or by computed 0 and 1. Rows in which everything is masked get equal shares (huge masks) or ignore the mask.
Constraints
    For z (the scores, with masked ones below all others: `blocks.masked`) along the axis: m = max z
    (`blocks.axis_maximum`); E = exp(z - m) from two tables (`blocks.exponential`); S = sum E and w = 2^t / S
    (`blocks.shares`); y = E w / 2^(t-k), rounded (`blocks.rescale`). For long axes y = E / S by `blocks.quotient`.
    LogSoftmax is z - m - log S, log S from `blocks.piecewise`. The largest entry has E = 1, so S is positive.
    A computed mask is shown to be 0 or 1: keep^2 - keep = 0, if its bounds do not say so.
Range assumptions
    Scores lie in the bounds of their scale. Masks lie so far below them that masked entries are 0 in every bit.
Cost
    For each entry: the maximum's step (one range, two integers), two lookups, five committed integers, and the two
    ranges of one rounding. Scores have function_bits - 2 bits behind the point, above 16 in all where they are large.
Example
    x = (0, 0) at any scale: E = (2^27, 2^27), S = 2^28, y = (2^14, 2^14) at k = 15.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zkseal.graph import Node
from zkseal.graph.masking import MASKED_SOFTMAX
from zkseal.lowering.accumulators import Constant, Product, Scaled, Sum
from zkseal.lowering.blocks.axis_maximum import plan_axis_maximum
from zkseal.lowering.blocks.exponential import plan_exponential
from zkseal.lowering.blocks.masked import Masked
from zkseal.lowering.blocks.piecewise import Shape, define_piecewise
from zkseal.lowering.blocks.quotient import Quotient
from zkseal.lowering.blocks.rescale import Rescale
from zkseal.lowering.blocks.shares import AxisTotal, plan_reciprocal
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.values import Accumulator, Environment, Parameter, Quantized, Stored
from zkseal.quantize.integers import Integers

ABSORBING = -1e7
"""What is added to a score of single precision and leaves nothing of it."""

MAX_BITS = 59
"""The widest product of an exponential and a reciprocal."""

MAX_SHARE_BITS = 24

_Bools = npt.NDArray[np.bool_]


@precision("Softmax", "LogSoftmax", MASKED_SOFTMAX)
def softmax_precision(node: Node, plan: Plan) -> dict[str, int]:
    """An error of the scores is a relative error of the shares."""
    return {node.inputs[0]: plan.options.function_bits - 2}


@dataclass(frozen=True)
class _Exponentials:
    """E and its sum for scores z with maximum m."""

    scores: Accumulator
    maximum: Quantized
    values: Quantized
    total: Quantized


@rule("Softmax")
def lower_softmax(node: Node, plan: Plan) -> None:
    """Plans a Softmax."""
    scores = Stored.of(plan.rounded(node.inputs[0]), node.name)
    _define_shares(node, plan, _exponentials(node, plan, scores, scores))


@rule("LogSoftmax")
def lower_log_softmax(node: Node, plan: Plan) -> None:
    """Plans a LogSoftmax."""
    scores, output = Stored.of(plan.rounded(node.inputs[0]), node.name), node.outputs[0]
    found = _exponentials(node, plan, scores, scores)
    count = float(scores.shape[_axis(node, plan)])
    largest = max(math.log(count), 2.0**-10)
    shape = Shape("log", math.log, 1.0, max(count, 2.0), count, largest)
    total = Stored.of(found.total, node.name)
    exponent = plan.options.function_bits + 1
    define_piecewise(plan, node.name, f"{output}/log", total, shape, exponent)
    parts = (scores, 1), (Stored.of(found.maximum, node.name), -1), (_stored(plan, node, f"{output}/log"), -1)
    plan.define(Sum.of(output, node.name, scores.shape, parts))


@rule(MASKED_SOFTMAX)
def lower_masked_softmax(node: Node, plan: Plan) -> None:
    """Plans a Softmax under masks."""
    source = plan.rounded(node.inputs[0])
    kept, bias, computed = _masks(node, plan, source)
    scale = 2.0**-source.exponent
    spread = math.ceil(float(bias.max() - bias.min()) / scale)
    reach = math.ceil((_coarse_bits(plan, source.shape[_axis(node, plan)]) + 4) / scale)
    never = source.lo - spread - reach
    keep = _keep(node, plan, kept, computed)
    whole = kept.any(axis=_axis(node, plan)).all() and not computed
    scores = _biased(node, plan, Masked.of(f"{node.outputs[0]}/scores", node.name, source, keep, never), bias)
    # Where every row has an entry that counts, the least score stands for the masked ones in the maximum.
    compared = scores
    if whole and not bias.any():
        compared = Masked.of(f"{node.outputs[0]}/scores", node.name, source, keep, source.lo)
    _define_shares(node, plan, _exponentials(node, plan, scores, compared))


def _axis(node: Node, plan: Plan) -> int:
    return int(plan.attributes(node).get("axis", -1)) % len(plan.shape(node.inputs[0]))


def _stored(plan: Plan, node: Node, name: str) -> Accumulator:
    return Stored.of(plan.committed(name), node.name)


def _coarse_bits(plan: Plan, count: int) -> int:
    """The absolute accuracy of an exponential, such that the errors of `count` of them do not add up to much."""
    return plan.options.function_bits + max(1, (count - 1).bit_length() - 4)


def _exponentials(node: Node, plan: Plan, scores: Accumulator, compared: Accumulator) -> _Exponentials:
    """E = exp(scores - max compared); the maxima of both are the same, but where a row is masked altogether."""
    output, axis = node.outputs[0], _axis(node, plan)
    maximum = plan_axis_maximum(plan, node.name, f"{output}/maximum", compared, axis)
    bits = _coarse_bits(plan, scores.shape[axis]), plan.options.function_bits - 2
    step = plan_exponential(node.name, f"{output}/exponential", scores, maximum, *bits)
    plan.add(step, step.value)
    total = AxisTotal.of(f"{output}/sum", node.name, step.value, axis)
    committed = Quantized(total.name, total.shape, total.exponent, 0, (1 << total.hi.bit_length()) - 1)
    plan.add(Rescale(total, committed, 0))
    return _Exponentials(scores, maximum, step.value, committed)


def _define_shares(node: Node, plan: Plan, found: _Exponentials) -> None:
    """y = E / S, finer than 2^-15 where calibration saw only small shares, but never too small for a share of 1."""
    output, values, total = node.outputs[0], found.values, found.total
    # Shares are not negative: the bit of the sign is one more behind the point.
    exponent = max(min(plan.scale(output, 1.0)[0] + 1, MAX_SHARE_BITS), 1)
    value = Quantized(output, values.shape, exponent, 0, (2 << exponent) - 1)
    count = values.shape[_axis(node, plan)]
    numerator_bits = values.exponent + plan.options.function_bits + (count - 1).bit_length()
    if numerator_bits > MAX_BITS:
        parts = Stored.of(values, node.name), Stored.of(total, node.name), Stored.of(total, node.name)
        plan.add(Quotient(node.name, *parts, value), value)
        return
    step = plan_reciprocal(node.name, f"{output}/reciprocal", total, 1 << values.exponent, numerator_bits)
    plan.add(step, step.value)
    product = Product.of(output, node.name, values.shape, values, step.value)
    plan.add(Rescale(product, value, product.exponent - exponent))


# Masks ---------------------------------------------------------------------------------------------------------------


def _masks(node: Node, plan: Plan, source: Quantized) -> tuple[_Bools, npt.NDArray[np.float64], list[tuple[str, bool]]]:
    """Which entries constants keep and what they add to them; and the computed masks, with whether 1 keeps."""
    axis = _axis(node, plan)
    span = math.ldexp(source.hi - source.lo, -source.exponent)
    added: npt.NDArray[np.float64] = np.zeros(source.shape)
    kept: _Bools = np.ones(source.shape, dtype=bool)
    computed = []
    kinds = plan.attributes(node)["masks"]
    for name, kind in zip(node.inputs[1:], kinds, strict=True):
        constant = plan.constant(name)
        if kind == "add" and constant is not None:
            added = added + np.maximum(constant.astype(np.float64), -1e30)
        elif constant is not None:
            kept = kept & (constant.astype(bool) == (kind == "keep"))
        else:
            computed.append((name, kind == "keep"))
    most = added.max(axis=axis, keepdims=True, where=kept, initial=-2e30)
    far = kept & (most - added > span + 2.0 * (plan.options.function_bits + 16))
    kept = kept & ~far & ~(most <= ABSORBING)
    # Softmax does not change when a number is added to a whole row.
    return kept, np.where(kept, added - most, 0.0), computed


def _biased(node: Node, plan: Plan, scores: Masked, bias: npt.NDArray[np.float64]) -> Accumulator:
    if not bias.any():
        return scores
    name = f"{node.outputs[0]}/bias"
    parameter = plan.parameter(name, bias, scores.exponent, stated=scores.exponent)
    addend = Constant.of(parameter, scores.shape, node.name)
    return Sum.of(scores.name, node.name, scores.shape, [(scores, 1), (addend, 1)])


def _keep(node: Node, plan: Plan, kept: _Bools, computed: list[tuple[str, bool]]) -> Parameter | Quantized:
    """0 or 1 for each entry, as one constant or one committed value."""
    output = node.outputs[0]
    factor = None
    if not kept.all() or not computed:
        factor = plan.parameter(f"{output}/keep", _smallest(kept), 0, stated=0)
    if not computed:
        assert factor is not None
        return factor
    product: Quantized | None = None
    for number, (name, keeps) in enumerate(computed):
        bit = _bit(node, plan, name, keeps, f"{output}/keep_{number}")
        if product is None:
            product = bit
            continue
        shape = np.broadcast_shapes(product.shape, bit.shape)
        both = Product.of(f"{output}/keep_{number}/all", node.name, shape, product, bit)
        product = Quantized(both.name, shape, 0, 0, 1)
        plan.add(Rescale(both, product, 0))
    assert product is not None
    if factor is None:
        return product
    shape = np.broadcast_shapes(product.shape, factor.shape)
    all_of_them = Scaled.of(f"{output}/keep/all", node.name, shape, product, factor)
    keep = Quantized(all_of_them.name, shape, 0, 0, 1)
    plan.add(Rescale(all_of_them, keep, 0))
    return keep


def _smallest(kept: _Bools) -> Integers:
    """The mask with axes along which nothing changes cut down to 1."""
    for axis, size in enumerate(kept.shape):
        first = np.take(kept, [0], axis=axis)
        if size > 1 and bool((kept == first).all()):
            kept = first
    return kept.astype(np.int64)


def _bit(node: Node, plan: Plan, name: str, keeps: bool, fresh: str) -> Quantized:
    """A computed mask as 0 or 1, 1 where entries count; committed anew only where it has to be."""
    value = plan.committed(name)
    if value.exponent != 0:
        raise plan.unsupported(
            node, f"its mask '{name}' is not of integers. Compute the mask from integers or booleans"
        )
    if value.lo < 0 or value.hi > 1:
        plan.add(Binary(node.name, value))
        value = Quantized(value.name, value.shape, 0, 0, 1)
    if keeps:
        return value
    parameter = plan.parameter(f"{fresh}/one", np.ones(()), 0, stated=0)
    one = Constant.of(parameter, value.shape, node.name)
    opposite = Sum.of(fresh, node.name, value.shape, [(one, 1), (Stored.of(value, node.name), -1)])
    negated = Quantized(fresh, value.shape, 0, 0, 1)
    plan.add(Rescale(opposite, negated, 0))
    return negated


@dataclass(frozen=True)
class Binary:
    """The step that shows that a committed value is 0 or 1 everywhere; it computes nothing."""

    node: str
    value: Quantized

    def execute(self, environment: Environment) -> None:
        Quantized(self.value.name, self.value.shape, 0, 0, 1).check(environment[self.value.name])

    def constrain(self, emitter: Emitter) -> None:
        stored = Stored.of(self.value, self.node)
        index = emitter.loops(emitter.sizes_for(stored))
        bit = stored.expression(emitter, index)
        emitter.builder.zero(flat_loops(index), bit * bit - bit, origin=self.node)
