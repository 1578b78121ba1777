"""Scores of which some entries never count: z = x where keep is 1, else a number below every x.

keep is 0 or 1, constant or committed: z = keep (x - never) + never, so nothing is committed for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zkseal.lowering.accumulators import broadcast_axes, broadcast_index
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.values import Accumulator, Environment, Operand, Parameter, Quantized
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["Masked"]


@dataclass(frozen=True)
class Masked(Accumulator):
    """z, of `shape`; `keep` broadcasts to it."""

    value: Quantized
    keep: Parameter | Quantized
    never: int

    @staticmethod
    def of(name: str, node: str, value: Quantized, keep: Parameter | Quantized, never: int) -> Masked:
        """`never` is an integer of the value's exponent, below `value.lo`."""
        return Masked(name, node, value.shape, value.exponent, never, value.hi, value, keep, never)

    def operands(self) -> tuple[Operand, ...]:
        found = [Operand(self.value.name, tuple(range(len(self.shape))))]
        if isinstance(self.keep, Quantized):
            found.append(Operand(self.keep.name, broadcast_axes(self.keep.shape, self.shape)))
        return tuple(found)

    def compute(self, environment: Environment) -> Integers:
        keep = self.keep.integers if isinstance(self.keep, Parameter) else environment[self.keep.name]
        masked: Integers = keep * (environment[self.value.name] - self.never) + self.never
        return masked

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        own = broadcast_index(self.keep.shape, index)
        if isinstance(self.keep, Parameter):
            keep = emitter.parameter(self.keep, own)
        else:
            keep = emitter.read(self.keep.name, own)
        return keep * emitter.read(self.value.name, index) - keep * self.never + self.never
