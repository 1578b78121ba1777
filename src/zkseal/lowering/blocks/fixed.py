"""`Fixed`: a constant that belongs to the structure of a model (the value of a Pad, a mask): public in every case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkseal.lowering.accumulators import broadcast_index
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.values import Accumulator, Environment, Operand, Parameter
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["Fixed"]


@dataclass(frozen=True)
class Fixed(Accumulator):
    """Public integers, broadcast to `shape`. Everybody knows them, so their bounds are proven."""

    parameter: Parameter

    @staticmethod
    def of(name: str, node: str, shape: tuple[int, ...], exponent: int, integers: Integers) -> Fixed:
        """The integers as real numbers of this exponent; `name` is that of the tensor."""
        lo, hi = int(integers.min()), int(integers.max())
        return Fixed(name, node, shape, exponent, lo, hi, Parameter(name, integers, exponent))

    @property
    def is_bounded(self) -> bool:
        return True

    def operands(self) -> tuple[Operand, ...]:
        return ()

    def compute(self, environment: Environment) -> Integers:
        return np.broadcast_to(self.parameter.integers, self.shape)

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        if self.lo == self.hi:
            return Expr.constant(self.lo)
        return emitter.parameter(self.parameter, broadcast_index(self.parameter.shape, index), public=True)
