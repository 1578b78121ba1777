"""Sums along an axis, and w = 2^t / S of a sum S, with which E / S = E w / 2^t needs one rounding of its own.

Constraints of the reciprocal, rounded half up: the remainder 2^(t+1) + S - 2 S w is in [0, 2 S), shown by two ranges,
of it and of 2 S - 1 less it. They leave one w for S > 0, none for S = 0.

Cost for each sum: a committed integer, two wide ranges and the range of w.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Operand, Quantized, Stored
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["AxisTotal", "ReciprocalOfSum", "plan_reciprocal"]


@dataclass(frozen=True)
class AxisTotal(Accumulator):
    """The sum of `value` along `axis`, which stays with size 1."""

    value: Quantized
    axis: int

    @staticmethod
    def of(name: str, node: str, value: Quantized, axis: int) -> AxisTotal:
        """At the exponent of `value`."""
        shape = tuple(1 if k == axis else size for k, size in enumerate(value.shape))
        count = value.shape[axis]
        return AxisTotal(name, node, shape, value.exponent, value.lo * count, value.hi * count, value, axis)

    def operands(self) -> tuple[Operand, ...]:
        own = tuple(None if k == self.axis else k for k in range(len(self.shape)))
        return (Operand(self.value.name, own),)

    def compute(self, environment: Environment) -> Integers:
        total: Integers = environment[self.value.name].sum(axis=self.axis, keepdims=True)
        return total

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        (summed,) = emitter.loops((emitter.view(self.value.name).factor_sizes(self.axis),))
        own = (*index[: self.axis], summed, *index[self.axis + 1 :])
        return emitter.read(self.value.name, own).sum(summed)


@dataclass(frozen=True)
class ReciprocalOfSum:
    """The step: `value` = 2^`numerator_bits` / `total`, rounded."""

    node: str
    total: Quantized
    value: Quantized
    numerator_bits: int

    def execute(self, environment: Environment) -> None:
        exact = environment[self.total.name].astype(object)
        quotient = ((2 << self.numerator_bits) + exact) // (2 * exact)
        environment[self.value.name] = self.value.check(np.asarray(quotient).astype(np.int64))

    def constrain(self, emitter: Emitter) -> None:
        source = Stored.of(self.total, self.node)
        sizes = emitter.sizes_for(source)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        total = source.expression(emitter, index)
        value = emitter.hint(self.value, sizes, self.node).at(emitter.builder, index)
        remainder = total - total * value * 2 + (2 << self.numerator_bits)
        bits = (2 * self.total.hi).bit_length()
        emitter.builder.range(loops, remainder, bits=bits, origin=self.node)
        emitter.builder.range(loops, total * 2 - 1 - remainder, bits=bits, origin=self.node)
        emitter.bound(loops, value, self.value.lo, self.value.hi, origin=self.node)


def plan_reciprocal(node: str, name: str, total: Quantized, least: int, numerator_bits: int) -> ReciprocalOfSum:
    """The step for a sum of at least `least`, a power of two."""
    most = (1 << numerator_bits) // least
    exponent = numerator_bits - total.exponent
    return ReciprocalOfSum(node, total, Quantized(name, total.shape, exponent, 0, 2 * most - 1), numerator_bits)
