"""`Times`: the product of two accumulators that are linear in committed values, entry by entry with broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkseal.lowering.accumulators import broadcast_cuts, broadcast_index, broadcast_operands
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.values import Accumulator, Environment, Operand
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["Times"]


@dataclass(frozen=True)
class Times(Accumulator):
    """Both operands broadcast to `shape`. Nothing is committed for it."""

    left: Accumulator
    right: Accumulator

    @staticmethod
    def of(name: str, node: str, left: Accumulator, right: Accumulator) -> Times:
        """The exact product; a square is not negative."""
        corners = [a * b for a in (left.lo, left.hi) for b in (right.lo, right.hi)]
        lo = max(min(corners), 0) if left is right else min(corners)
        shape = tuple(np.broadcast_shapes(left.shape, right.shape))
        return Times(name, node, shape, left.exponent + right.exponent, lo, max(corners), left, right)

    @property
    def is_bounded(self) -> bool:
        return self.left.is_bounded and self.right.is_bounded

    def operands(self) -> tuple[Operand, ...]:
        return broadcast_operands((self.left, self.right), self.shape)

    def cuts(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        return broadcast_cuts((self.left, self.right), self.shape)

    def compute(self, environment: Environment) -> Integers:
        product: Integers = self.left.compute(environment) * self.right.compute(environment)
        return product

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        left, right = (part.expression(emitter, broadcast_index(part.shape, index)) for part in (self.left, self.right))
        return left * right
