"""The spread of each row of x (its last axis, N entries), and x divided by it, as layer normalization needs.

Notation: integers x of exponent e; A = sum x, or 0 if the mean is not taken off; V = 4^s (N sum x^2 - A^2) + c, with
c = eps N^2 4^(e+s), at least 1. So sqrt(V) / (N 2^(e+s)) is the standard deviation (with eps) and

    y = (x - mean) / deviation = 2^s (N x - A) / sqrt(V).

Hints for each row: A (`blocks.shares`), r = floor(sqrt(V)) and w = 2^t / r, rounded (`blocks.shares`).
Constraints of r: V - r^2 in [0, 2 r], by two ranges, and r >= 0: the intervals [r^2, (r + 1)^2) do not meet, so r
is fixed. (N x - A) w is an accumulator; it equals y 2^(t - s) up to the accuracy of r and w, and since
4^s (N x - A)^2 <= N V, it is never above sqrt(N) 2^(t - s + 1), whatever w may reach alone.

Cost: for each row some wide ranges; for each entry nothing but the rounding of the accumulator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np

from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Operand, Quantized
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["Deviation", "Standardized"]


@dataclass(frozen=True)
class Deviation:
    """The step: `value` = r, of one entry a row. `total` is A, None if it is 0; `constant` c; 4^s = 2^`scale_bits`."""

    node: str
    source: Quantized
    total: Quantized | None
    value: Quantized
    constant: int
    scale_bits: int

    def _spread(self, environment: Environment) -> Integers:
        """V, as Python integers."""
        x = environment[self.source.name]
        squares = np.square(x.astype(object) if self._is_wide() else x).sum(axis=-1, keepdims=True)
        spread = squares.astype(object) * self.source.shape[-1]
        if self.total is not None:
            spread = spread - np.square(environment[self.total.name].astype(object))
        return np.asarray(spread * (1 << self.scale_bits) + self.constant)

    def _is_wide(self) -> bool:
        return (self.source.shape[-1] * self.source.magnitude**2).bit_length() > 62

    def execute(self, environment: Environment) -> None:
        roots = [isqrt(int(v)) for v in self._spread(environment).reshape(-1)]
        integers = np.asarray(roots, dtype=np.int64).reshape(self.value.shape)
        environment[self.value.name] = self.value.check(integers)

    def constrain(self, emitter: Emitter) -> None:
        b, name, rest = emitter.builder, self.source.name, len(self.source.shape) - 1
        operands = [Operand(name, tuple(range(rest)))]
        if self.total is not None:
            operands.append(Operand(self.total.name, tuple(range(rest))))
        sizes = emitter.refine(self.source.shape[:-1], operands)
        outer = emitter.loops(sizes)
        (row,) = emitter.loops((emitter.view(name).factor_sizes(rest),))
        loops = flat_loops(outer)
        root = emitter.hint(self.value, (*sizes, ()), self.node).at(b, (*outer, ()))
        x = emitter.read(name, (*outer, row))
        spread = (x * x).sum(row) * self.source.shape[-1]
        if self.total is not None:
            total = emitter.read(self.total.name, (*outer, ()))
            spread = spread - total * total
        remainder = spread * (1 << self.scale_bits) + self.constant - root * root
        bits = (2 * self.value.hi).bit_length()
        b.range(loops, remainder, bits=bits, origin=self.node)
        b.range(loops, root * 2 - remainder, bits=bits, origin=self.node)
        emitter.bound(loops, root, self.value.lo, self.value.hi, origin=self.node)


@dataclass(frozen=True)
class Standardized(Accumulator):
    """(N x - A) w: `source` is x, `total` A (None: 0), `reciprocal` w, both with one entry a row."""

    source: Quantized
    total: Quantized | None
    reciprocal: Quantized

    @staticmethod
    def of(
        name: str, node: str, source: Quantized, total: Quantized | None, reciprocal: Quantized, exponent: int
    ) -> Standardized:
        """At `exponent` = t - s."""
        most = (isqrt(source.shape[-1]) + 1) << (exponent + 1)
        return Standardized(name, node, source.shape, exponent, -most, most, source, total, reciprocal)

    def operands(self) -> tuple[Operand, ...]:
        every = tuple(range(len(self.shape)))
        rows = (self.reciprocal,) if self.total is None else (self.reciprocal, self.total)
        return (Operand(self.source.name, every), *(Operand(row.name, every) for row in rows))

    def compute(self, environment: Environment) -> Integers:
        x = environment[self.source.name] * self.source.shape[-1]
        centred = x if self.total is None else x - environment[self.total.name]
        product: Integers = centred * environment[self.reciprocal.name]
        return product

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        row = (*index[:-1], ())
        w = emitter.read(self.reciprocal.name, row)
        product = emitter.read(self.source.name, index) * w * self.source.shape[-1]
        return product if self.total is None else product - emitter.read(self.total.name, row) * w
