"""Bitwise functions of two integers, four bits at a time.

Both operands and the result are written in base 16, the highest digit signed ([-8, 8)) if an operand may be negative:
that is two's complement, of any width. Hints: the digits. Constraints: a = sum 16^i a_i, likewise b and y, and each
(a_i, b_i, y_i) is a row of the table of the function, of unsigned digits, or signed ones for the highest. An integer
has one such expansion, so all hints and y are fixed.
Cost: three committed digits and one lookup for each four bits of an entry; tables of 256 rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from zkseal.lowering.accumulators import broadcast_index, broadcast_operands
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Quantized
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr, TableRef

__all__ = ["FUNCTIONS", "Nibbles", "plan_nibbles"]

FUNCTIONS: Mapping[str, Callable[[Integers, Integers], Integers]] = {
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}


@dataclass(frozen=True)
class Nibbles:
    """The step; the operands are whole numbers and broadcast to the shape of `value`. `count`: digits of each."""

    node: str
    function: str
    left: Accumulator
    right: Accumulator
    value: Quantized
    count: int

    @property
    def _signed(self) -> bool:
        return self.value.lo < 0

    def _digits(self, name: str) -> Quantized:
        lo, hi = (-8, 15) if self._signed else (0, 15)
        return Quantized(f"{self.value.name}/{name}", (*self.value.shape, self.count), 0, lo, hi)

    def execute(self, environment: Environment) -> None:
        a, b = (np.broadcast_to(p.compute(environment), self.value.shape) for p in (self.left, self.right))
        y = FUNCTIONS[self.function](a, b)
        environment[self.value.name] = y
        for name, array in (("left", a), ("right", b), ("digits", y)):
            digits = (array[..., np.newaxis] >> (4 * np.arange(self.count))) & 15
            top = array >> (4 * (self.count - 1))
            digits[..., -1] = top
            environment[self._digits(name).name] = digits

    def constrain(self, emitter: Emitter) -> None:
        b, value, parts = emitter.builder, self.value, (self.left, self.right)
        sizes = emitter.refine(value.shape, broadcast_operands(parts, value.shape))
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        storage = (*sizes, (self.count,) if self.count > 1 else ())
        y = emitter.declare(value, sizes, self.node).at(b, index)
        views = [emitter.hint(self._digits(name), storage, self.node) for name in ("left", "right", "digits")]
        numbers = [*(part.expression(emitter, broadcast_index(part.shape, index)) for part in parts), y]
        for view, number in zip(views, numbers, strict=True):
            expansion = Expr()
            for position in range(self.count):
                expansion = expansion + view.at(b, (*index, position)) * (1 << (4 * position))
            b.zero(loops, expansion - number, origin=self.node)
        if self.count > 1:
            low = b.loop(self.count - 1)
            row = [view.at(b, (*index, low + 0)) for view in views]
            b.lookup(self._table(emitter, range(16)), [*loops, low], row, origin=self.node)
        top = [view.at(b, (*index, self.count - 1)) for view in views]
        digits = range(-8, 8) if self._signed else range(16)
        b.lookup(self._table(emitter, digits), loops, top, origin=self.node)

    def _table(self, emitter: Emitter, digits: range) -> TableRef:
        left, right = (grid.reshape(-1) for grid in np.meshgrid(digits, digits, indexing="ij"))
        name = f"{self.function}_4{'_signed' if digits.start < 0 else ''}"
        return emitter.builder.table(name, [left, right, FUNCTIONS[self.function](left, right)])


def plan_nibbles(name: str, node: str, function: str, left: Accumulator, right: Accumulator) -> Nibbles:
    """The step for `name`; both operands are linear whole numbers, and the result has as many bits as they."""
    signed = min(left.lo, right.lo) < 0
    bits = max(max(part.hi, -part.lo - 1).bit_length() for part in (left, right)) + signed
    count = max(-(-bits // 4), 1)
    lo, hi = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    shape = tuple(np.broadcast_shapes(left.shape, right.shape))
    return Nibbles(node, function, left, right, Quantized(name, shape, 0, lo, hi), count)
