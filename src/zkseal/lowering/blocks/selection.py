"""`Selection`: x where a condition is 1, y where it is 0, as an accumulator: c (x - y) + y.

The condition is a committed bit or a constant; x and y are linear. Nothing is committed for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkseal.errors import InternalError
from zkseal.lowering.accumulators import broadcast_cuts, broadcast_index, broadcast_operands
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.values import Accumulator, Environment, Operand
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["Selection"]


@dataclass(frozen=True)
class Selection(Accumulator):
    """The three parts broadcast to `shape`; the factors bring x and y to one exponent."""

    condition: Accumulator
    chosen: Accumulator
    other: Accumulator
    factors: tuple[int, int]

    @staticmethod
    def of(
        name: str, node: str, shape: tuple[int, ...], condition: Accumulator, chosen: Accumulator, other: Accumulator
    ) -> Selection:
        """At the finer of both exponents. The bounds are those of x and y, as the condition is a bit."""
        if condition.lo < 0 or condition.hi > 1 or condition.exponent != 0:
            raise InternalError(f"The condition '{condition.name}' of node '{node}' is no bit.")
        exponent = max(chosen.exponent, other.exponent)
        factors = (1 << (exponent - chosen.exponent), 1 << (exponent - other.exponent))
        lo = min(chosen.lo * factors[0], other.lo * factors[1])
        hi = max(chosen.hi * factors[0], other.hi * factors[1])
        return Selection(name, node, shape, exponent, lo, hi, condition, chosen, other, factors)

    @staticmethod
    def broadcast(*parts: Accumulator) -> tuple[int, ...]:
        """The shape to which the parts broadcast."""
        return tuple(np.broadcast_shapes(*(part.shape for part in parts)))

    @property
    def _parts(self) -> tuple[Accumulator, ...]:
        return self.condition, self.chosen, self.other

    @property
    def is_bounded(self) -> bool:
        return all(part.is_bounded for part in self._parts)

    def operands(self) -> tuple[Operand, ...]:
        return broadcast_operands(self._parts, self.shape)

    def cuts(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        return broadcast_cuts(self._parts, self.shape)

    def compute(self, environment: Environment) -> Integers:
        c, x, y = (part.compute(environment) for part in self._parts)
        return np.broadcast_to(np.where(c != 0, x * self.factors[0], y * self.factors[1]), self.shape)

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        c, x, y = (part.expression(emitter, broadcast_index(part.shape, index)) for part in self._parts)
        x, y = x * self.factors[0], y * self.factors[1]
        return c * x - c * y + y
