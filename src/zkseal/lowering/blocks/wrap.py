"""Arithmetic modulo 2^n, as integer types of a model have it: y = acc - 2^n k in the range of the type.

Hint: k, the number of turns. Constraints: acc - 2^n k - y = 0, y in the range of the type, which has 2^n integers,
and k in a range around the quotients that occur, so that nothing wraps modulo p. Two solutions would differ by a
multiple of 2^n in y, so y and k are fixed.
Cost: two committed integers and two ranges for each entry.
"""

from __future__ import annotations

from dataclasses import dataclass

from zkseal.lowering.blocks.rescale import proven_range
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Quantized

__all__ = ["Wrap"]


@dataclass(frozen=True)
class Wrap:
    """The step; `value` is y, its bounds are those of a type of 2^bits integers."""

    accumulator: Accumulator
    value: Quantized

    @property
    def _bits(self) -> int:
        return (self.value.hi - self.value.lo).bit_length()

    @property
    def turns(self) -> Quantized:
        """k."""
        lo, hi = ((bound - self.value.lo) >> self._bits for bound in (self.accumulator.lo, self.accumulator.hi))
        limit = (1 << max(abs(lo), abs(hi) + 1).bit_length()) - 1
        return Quantized(f"{self.value.name}/turns", self.value.shape, 0, *proven_range(lo, hi, limit))

    def execute(self, environment: Environment) -> None:
        acc = self.accumulator.compute(environment)
        turns = (acc - self.value.lo) >> self._bits
        environment[self.turns.name] = turns
        environment[self.value.name] = acc - (turns << self._bits)

    def constrain(self, emitter: Emitter) -> None:
        acc, b = self.accumulator, emitter.builder
        sizes = emitter.sizes_for(acc)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        y = emitter.declare(self.value, sizes, acc.node).at(b, index)
        k = emitter.hint(self.turns, sizes, acc.node).at(b, index)
        b.zero(loops, acc.expression(emitter, index) - k * (1 << self._bits) - y, origin=acc.node)
        emitter.bound(loops, k, self.turns.lo, self.turns.hi, origin=acc.node)
        if not emitter.is_public(self.value.name):
            emitter.bound(loops, y, self.value.lo, self.value.hi, origin=acc.node)
