"""`AxisSum`: the sum of an accumulator over axes, and the coefficient that makes it a mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Operand
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["COEFFICIENT_BITS", "AxisSum", "reciprocal"]

COEFFICIENT_BITS = 15


def reciprocal(count: int) -> tuple[int, int]:
    """(c, t) with c / 2^t = 1 / count, rounded half up to 15 bits; c = 1 for powers of two."""
    if count & (count - 1) == 0:
        return 1, count.bit_length() - 1
    t = COEFFICIENT_BITS + count.bit_length() - 1
    return math.floor((1 << t) / count + 0.5), t


@dataclass(frozen=True)
class AxisSum(Accumulator):
    """`coefficient` times the sum of `inner` over `axes`; kept axes have size 1 in the result if `keep`."""

    inner: Accumulator
    axes: tuple[int, ...]
    keep: bool
    coefficient: int

    @staticmethod
    def of(
        name: str, node: str, shape: tuple[int, ...], inner: Accumulator, axes: Sequence[int], *, keep: bool, mean: bool
    ) -> AxisSum:
        """The sum or the mean."""
        count = prod(inner.shape[axis] for axis in axes)
        coefficient, shift = reciprocal(count) if mean else (1, 0)
        lo, hi = inner.lo * count * coefficient, inner.hi * count * coefficient
        return AxisSum(name, node, shape, inner.exponent + shift, lo, hi, inner, tuple(axes), keep, coefficient)

    @property
    def is_bounded(self) -> bool:
        return self.inner.is_bounded

    @property
    def _positions(self) -> dict[int, int]:
        """Axis of the inner accumulator -> axis of the result, for axes that are not summed."""
        rest = [axis for axis in range(len(self.inner.shape)) if axis not in self.axes]
        return {axis: axis if self.keep else k for k, axis in enumerate(rest)}

    def operands(self) -> tuple[Operand, ...]:
        own = {k: axis for axis, k in self._positions.items()}

        def along(operand: Operand, k: int) -> int | None:
            return operand.axes[own[k]] if k in own else None

        ranks = range(len(self.shape))
        return tuple(Operand(o.name, tuple(along(o, k) for k in ranks)) for o in self.inner.operands())

    def cuts(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        positions = self._positions
        return tuple((positions[axis], cut) for axis, cut in self.inner.cuts() if axis in positions)

    def compute(self, environment: Environment) -> Integers:
        total: Integers = self.inner.compute(environment).sum(axis=self.axes, keepdims=self.keep) * self.coefficient
        return total.reshape(self.shape)

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        inner = self.inner
        operands = [Operand(o.name, tuple(o.axes[axis] for axis in self.axes)) for o in inner.operands()]
        cuts = [(self.axes.index(axis), cut) for axis, cut in inner.cuts() if axis in self.axes]
        summed = emitter.loops(emitter.refine([inner.shape[axis] for axis in self.axes], operands, cuts))
        by_axis = dict(zip(self.axes, summed, strict=True))
        positions = self._positions
        own = [by_axis[a] if a in by_axis else index[positions[a]] for a in range(len(inner.shape))]
        return inner.expression(emitter, own).sum(flat_loops(summed)) * self.coefficient
