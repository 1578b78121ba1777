"""E = exp(-d) for d = m - z >= 0, exact to a relative and an absolute error, by two small tables.

d, an integer of exponent e, is cell * 2^t + low; E = coarse * fine with

    coarse = round(2^p exp(-cell * 2^(t - e)))      fine = round(2^q exp(-low * 2^-e))

from tables of one row for each cell and one for each low part. Constraints: (cell, coarse) and (d - cell * 2^t, fine)
are rows of these tables, E = coarse * fine. The second table holds 0 .. 2^t - 1, so cell and low are the one
decomposition of d, and no d below zero or beyond the last cell has a proof. E(0) = 2^(p+q).

Cost: two lookups and four committed integers for each entry, some hundred rows that all nodes share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from zkseal.lowering.accumulators import broadcast_cuts, broadcast_index, broadcast_operands
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Quantized, Stored
from zkseal.quantize.integers import Integers

__all__ = ["Exponential", "plan_exponential"]

LEAST_LOW_BITS = 6


@dataclass(frozen=True)
class Exponential:
    """The step: `value` = exp(argument - maximum); `cells` rows of the coarse table, 2^`low_bits` of the fine one."""

    node: str
    argument: Accumulator
    maximum: Quantized
    value: Quantized
    cells: int
    low_bits: int
    coarse_bits: int
    fine_bits: int

    def _table(self, count: int, step: int, bits: int) -> Integers:
        unit = math.ldexp(1.0, -self.argument.exponent)
        return np.asarray(
            [math.floor(math.ldexp(math.exp(-k * step * unit), bits) + 0.5) for k in range(count)], dtype=np.int64
        )

    def _coarse(self) -> Integers:
        return self._table(self.cells, 1 << self.low_bits, self.coarse_bits)

    def _fine(self) -> Integers:
        return self._table(1 << self.low_bits, 1, self.fine_bits)

    def _hints(self) -> tuple[Quantized, Quantized, Quantized]:
        name, shape = self.value.name, self.value.shape
        return (
            Quantized(f"{name}/cell", shape, 0, 0, self.cells - 1),
            Quantized(f"{name}/coarse", shape, self.coarse_bits, 0, 1 << self.coarse_bits),
            Quantized(f"{name}/fine", shape, self.fine_bits, 0, 1 << self.fine_bits),
        )

    def execute(self, environment: Environment) -> None:
        distance = environment[self.maximum.name] - self.argument.compute(environment)
        cell, coarse, fine = self._hints()
        cells = distance >> self.low_bits
        environment[cell.name] = cell.check(cells)
        environment[coarse.name] = self._coarse()[cells]
        environment[fine.name] = self._fine()[distance - (cells << self.low_bits)]
        environment[self.value.name] = environment[coarse.name] * environment[fine.name]

    def constrain(self, emitter: Emitter) -> None:
        b, shape = emitter.builder, self.value.shape
        parts = (self.argument, Stored.of(self.maximum, self.node))
        sizes = emitter.refine(shape, broadcast_operands(parts, shape), broadcast_cuts(parts, shape))
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        argument, maximum = (part.expression(emitter, broadcast_index(part.shape, index)) for part in parts)
        cell, coarse, fine = (emitter.hint(hint, sizes, self.node).at(b, index) for hint in self._hints())
        value = emitter.declare(self.value, sizes, self.node).at(b, index)
        name = f"exp_{self.argument.exponent}_{self.low_bits}"
        coarse_table = b.table(f"{name}_{self.cells}_{self.coarse_bits}", [range(self.cells), self._coarse()])
        fine_table = b.table(f"{name}_low_{self.fine_bits}", [range(1 << self.low_bits), self._fine()])
        low = maximum - argument - cell * (1 << self.low_bits)
        b.lookup(coarse_table, loops, [cell, coarse], origin=self.node)
        b.lookup(fine_table, loops, [low, fine], origin=self.node)
        b.zero(loops, coarse * fine - value, origin=self.node)


def plan_exponential(
    node: str, name: str, argument: Accumulator, maximum: Quantized, coarse_bits: int, fine_bits: int
) -> Exponential:
    """The step for `name` = exp(argument - maximum), for the maximum of the argument along some axis (kept)."""
    widest = (argument.hi - argument.lo).bit_length()
    low_bits = max(min(LEAST_LOW_BITS, widest), widest // 2)
    cells = 1 << max(widest - low_bits, 0)
    value = Quantized(name, argument.shape, coarse_bits + fine_bits, 0, 1 << (coarse_bits + fine_bits))
    return Exponential(node, argument, maximum, value, cells, low_bits, coarse_bits, fine_bits)
