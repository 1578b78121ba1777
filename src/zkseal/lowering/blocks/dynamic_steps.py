"""Quantization by a scale that is computed: RHE(RN(x / s)) for s = RN(w / 255), as single precision has it.

RN rounds to 24 bits, RHE to the nearest integer; both send ties to even. Integers x and w have the exponent e.

    scale     s = sigma / (P 2^e): P = 2^h the power of two with 2^23 * 255 <= w P < 2^24 * 255, a row of a table, and
              sigma the integer nearest to w P / 255 (never a tie): 0 <= 2 w P + 255 - 510 sigma <= 510
    steps     d = RHE(RN(x / s)): with q = 2 P x - 2 sigma d, q + sigma + lower >= 0 and sigma - q + upper >= 0

Near a tie t = d - 1/2 (or d + 1/2 for `upper`) RN moves a quotient by up to half of the gap between floats there, which
in units of q is z = sigma / 2^(23 - floor(log2 |t|)), and nothing for |t| = 1/2. An even d owns its ties and what is
rounded to them, lower = floor(z); an odd d does not, lower = -floor(z) - 1. All floor(z) are eight integers
`gap` = floor(sigma / 2^j), j = 16 .. 23, each with a remainder in [0, 2^j) and a range of its own. Both together make
sigma an integer; remainders alone would leave fractions modulo p, as m / 3 where all d are multiples of 3. lower and
upper, for all 511 values of d, are combinations of gaps with public coefficients: a table in the witness, in which
(d, lower, upper) of each entry is a row.
So d is fixed: the intervals of different d meet nowhere. Everything about the scale is one entry for each node.
Cost: one lookup, two ranges of 26 bits and three committed integers for each entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkseal.lowering.emitter import Emitter
from zkseal.lowering.values import Environment, Quantized
from zkseal.lowering.view import View
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr, Loop, TableRef

__all__ = ["TOP", "DynamicScale"]

TOP = 255
FIRST_GAP, GAPS = 16, 8
MAX_POWER = 31
STEP_BITS = 26
GAP_BITS = 9


def _gap_index(tie: Integers) -> Integers:
    """For ties t, given as 2 t, the index of the gap that belongs to them; -1 for |t| = 1/2."""
    return np.floor(np.log2(np.abs(tie))).astype(np.int64) - 1


@dataclass(frozen=True)
class DynamicScale:
    """The scale of width `width` (no axes), and what is quantized by it; hints are named `<name>/..`."""

    node: str
    name: str
    width: Quantized

    # The scale -----------------------------------------------------------------------------------------------------

    def _scalar(self, what: str, lo: int, hi: int, *shape: int) -> Quantized:
        return Quantized(f"{self.name}/{what}", shape, 0, lo, hi)

    @property
    def _power(self) -> Quantized:
        return self._scalar("power", 1, 1 << MAX_POWER)

    @property
    def _sigma(self) -> Quantized:
        return self._scalar("sigma", 1 << 23, 1 << 24)

    @property
    def _gap(self) -> Quantized:
        return self._scalar("gap", 0, 1 << (24 - FIRST_GAP), GAPS)

    def _bounds(self, what: str) -> Quantized:
        return self._scalar(what, -(1 << 9), 1 << 9, 2 * TOP + 1)

    @staticmethod
    def _combination(side: int) -> tuple[Integers, Integers]:
        """(coefficients (gap, d), addends (d)) of `lower` (side -1) or `upper` (side 1)."""
        d = np.arange(-TOP, TOP + 1, dtype=np.int64)
        index = _gap_index(2 * d + side)
        sign = np.where(d & 1, -1, 1)
        # Gap number k is sigma >> (16 + k), that of ties from 2^(7 - k) on.
        rows = np.arange(GAPS)[:, None] == (GAPS - 1 - index)[None, :]
        return np.where(rows & (index >= 0)[None, :], sign[None, :], 0), np.where(d & 1, -1, 0)

    def execute_scale(self, environment: Environment) -> None:
        """Everything that has one entry for the node."""
        width = int(environment[self.width.name])
        power = 1
        while width * power < (TOP << 23):
            power *= 2
        environment[self._power.name] = np.asarray(power, dtype=np.int64)
        power = int(environment[self._power.name])
        environment[self._sigma.name] = np.asarray((2 * width * power + TOP) // (2 * TOP), dtype=np.int64)
        sigma = int(environment[self._sigma.name])
        gap = np.asarray([sigma >> (FIRST_GAP + k) for k in range(GAPS)], dtype=np.int64)
        environment[self._gap.name] = gap
        for what, side in (("lower", -1), ("upper", 1)):
            coefficients, addends = self._combination(side)
            environment[self._bounds(what).name] = gap @ coefficients + addends

    def constrain_scale(self, emitter: Emitter) -> tuple[Expr, Expr, TableRef]:
        """(sigma, P, the table of steps)."""
        b, node = emitter.builder, self.node
        width = emitter.read(self.width.name, ())
        power = emitter.hint(self._power, (), node).at(b, ())
        sigma = emitter.hint(self._sigma, (), node).at(b, ())
        b.lookup(
            b.table("powers_of_two", [np.asarray([1 << h for h in range(MAX_POWER + 1)])]), [], [power], origin=node
        )
        b.range([], width * power - (TOP << 23), bits=32, origin=node)
        b.range([], width * power * -1 + ((TOP << 24) - 1), bits=32, origin=node)
        remainder = width * power * 2 - sigma * (2 * TOP) + TOP
        b.range([], remainder, bits=10, origin=node)
        b.range([], remainder * -1 + 2 * TOP, bits=10, origin=node)
        gap = emitter.hint(self._gap, ((GAPS,),), node)
        for k in range(GAPS):
            low = sigma - gap.at(b, (k,)) * (1 << (FIRST_GAP + k))
            b.range([], low, bits=FIRST_GAP + k, origin=node)
        each = b.loop(GAPS)
        b.range([each], gap.at(b, ((each,),)), bits=GAP_BITS, origin=node)
        columns = [self._constrain_bounds(emitter, gap, what, side) for what, side in (("lower", -1), ("upper", 1))]
        table = b.table(f"{self.name}/steps", [range(-TOP, TOP + 1), *(column.tensor for column in columns)])
        return sigma, power, table

    def _constrain_bounds(self, emitter: Emitter, gap: View, what: str, side: int) -> View:
        b = emitter.builder
        column = emitter.hint(self._bounds(what), ((2 * TOP + 1,),), self.node)
        coefficients, addends = self._combination(side)
        factor = emitter.constant(f"{self.name}/{what}_gaps", coefficients)
        addend = emitter.constant(f"{self.name}/{what}_addends", addends)
        d, k = b.loop(2 * TOP + 1), b.loop(GAPS)
        total = (gap.at(b, ((k,),)) * factor[k, d]).sum([k]) + addend[d]
        b.zero([d], total - column.at(b, ((d,),)), origin=self.node)
        return column

    # Entries -------------------------------------------------------------------------------------------------------

    def _of(self, what: str, shape: Sequence[int], bound: int) -> Quantized:
        return Quantized(f"{self.name}/{what}", tuple(shape), 0, -bound, bound)

    def quantize(self, environment: Environment, x: Integers, what: str) -> Integers:
        """d for integers x with |x| <= w; `what` names the hints."""
        power, sigma = int(environment[self._power.name]), int(environment[self._sigma.name])
        lower, upper = (environment[self._bounds(name).name] for name in ("lower", "upper"))
        d = np.clip((x * power + sigma // 2) // sigma, -TOP, TOP)
        for _ in range(2):
            q = (x * power - sigma * d) * 2
            d = d - (q + sigma + lower[d + TOP] < 0) + (sigma - q + upper[d + TOP] < 0)
            d = np.clip(d, -TOP, TOP)
        environment[f"{self.name}/{what}_lower"] = lower[d + TOP]
        environment[f"{self.name}/{what}_upper"] = upper[d + TOP]
        steps: Integers = np.asarray(d, dtype=np.int64)
        return steps

    def constrain_steps(
        self,
        emitter: Emitter,
        scale: tuple[Expr, Expr, TableRef],
        x: Expr,
        steps: Expr,
        what: str,
        shape: Sequence[int],
        sizes: tuple[tuple[int, ...], ...],
        index: Sequence[tuple[Loop, ...]],
    ) -> None:
        """Demands that `steps` is d of `x`, both at `index`."""
        b, (sigma, power, table) = emitter.builder, scale
        loops = [loop for axis in index for loop in axis]
        lower, upper = (
            emitter.hint(self._of(f"{what}_{side}", shape, 1 << 9), sizes, self.node).at(b, index)
            for side in ("lower", "upper")
        )
        b.lookup(table, loops, [steps, lower, upper], origin=self.node)
        q = power * x * 2 - sigma * steps * 2
        b.range(loops, q + sigma + lower, bits=STEP_BITS, origin=self.node)
        b.range(loops, sigma - q + upper, bits=STEP_BITS, origin=self.node)
