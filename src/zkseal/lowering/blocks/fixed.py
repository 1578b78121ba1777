"""Constants that belong to the structure of a model (the value of a Pad, a mask): public in every case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkseal.lowering.accumulators import broadcast_axes, broadcast_index
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.values import Accumulator, Environment, Operand, Parameter, Quantized
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["Fixed", "Masked"]


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


@dataclass(frozen=True)
class Masked(Accumulator):
    """A committed value times public integers (0 and 1, in a mask), entry by entry with broadcasting."""

    value: Quantized
    mask: Parameter

    @staticmethod
    def of(name: str, node: str, shape: tuple[int, ...], value: Quantized, mask: Integers) -> Masked:
        """The exact product; `name` is that of the value, and with `/mask` that of the public tensor."""
        corners = [bound * m for bound in (value.lo, value.hi) for m in (int(mask.min()), int(mask.max()))]
        parameter = Parameter(f"{name}/mask", mask, 0)
        return Masked(name, node, shape, value.exponent, min(corners), max(corners), value, parameter)

    @property
    def is_bounded(self) -> bool:
        return True

    def operands(self) -> tuple[Operand, ...]:
        return (Operand(self.value.name, broadcast_axes(self.value.shape, self.shape)),)

    def compute(self, environment: Environment) -> Integers:
        product: Integers = environment[self.value.name] * self.mask.integers
        return np.broadcast_to(product, self.shape)

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        value = emitter.read(self.value.name, broadcast_index(self.value.shape, index))
        return value * emitter.parameter(self.mask, broadcast_index(self.mask.shape, index), public=True)
