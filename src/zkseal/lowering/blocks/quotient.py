"""Division of two values: y = n / d, rounded to the nearest integer or down.

Notation: integers n, d and y; A and B are powers of two that bring them to one scale, |d| the magnitude of d.

    nearest   r = 2 A n + B |d| - 2 B d y,   0 <= r < 2 B |d|
    down      r = A n - B d y,               0 <= r < B |d|

Both bounds are shown by ranges, of r and of the distance to the upper bound less one. They cannot both hold unless
|d| >= 1, so a divisor of zero has no proof, and neither has a negative one where |d| is d itself. Given d they leave
one y: two of them would make r differ by the length of its interval. Nearest is half up for d > 0, half down for
d < 0. |d| is d where d is positive, else the sum of the parts of a split (`blocks.split`), which fixes it.

Cost: two ranges of about the width of B |d| and the range of y, for each entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkseal.errors import AccumulatorTooWide, RangeExceeded
from zkseal.lowering.accumulators import broadcast_cuts, broadcast_index, broadcast_operands
from zkseal.lowering.blocks.rescale import proven_range
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Accumulator, Environment, Quantized
from zkseal.quantize.integers import Integers

__all__ = ["Quotient", "plan_quotient", "refuse_divisor"]

MAX_UP_BITS = 56
"""A numerator is not multiplied by more than 2^56: a quotient of such scales is zero or of few bits."""

MAX_RANGE_BITS = 62

INT64_BITS = 62
"""Below this width sums of two terms are computed in int64, above it in Python's integers."""


@dataclass(frozen=True)
class Quotient:
    """The step; operands broadcast to the shape of `value`.

    `divisor` must be linear in committed values (it is multiplied by y); so must `magnitude`, which is |divisor|.
    """

    node: str
    numerator: Accumulator
    divisor: Accumulator
    magnitude: Accumulator
    value: Quantized
    nearest: bool = True

    def _factors(self) -> tuple[int, int]:
        """A and B, with the factor 2 that rounding to the nearest needs."""
        bits = self.value.exponent - self.numerator.exponent + self.divisor.exponent
        twice = 2 if self.nearest else 1
        return twice << max(bits, 0), twice << max(-bits, 0)

    def execute(self, environment: Environment) -> None:
        up, down = self._factors()
        n, d = self.numerator.compute(environment), self.divisor.compute(environment)
        m = self.magnitude.compute(environment)
        if int(m.min()) < 1:
            raise refuse_divisor(self.node, self.divisor, int(m.min()))
        wide = max(abs(self.numerator.lo), self.numerator.hi) * up + self.magnitude.hi * down
        if wide.bit_length() >= INT64_BITS:
            n, m = n.astype(object), m.astype(object)
        half = m * (down // 2) if self.nearest else 0
        quotient = (n * up + half) // (m * down)
        signed = np.where(d < 0, -quotient, quotient)
        _check_wide(self.value, signed)
        environment[self.value.name] = self.value.check(np.broadcast_to(signed, self.value.shape).astype(np.int64))

    def constrain(self, emitter: Emitter) -> None:
        b, value, parts = emitter.builder, self.value, (self.numerator, self.divisor, self.magnitude)
        operands, cuts = broadcast_operands(parts, value.shape), broadcast_cuts(parts, value.shape)
        sizes = emitter.refine(value.shape, operands, cuts)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        n, d, m = (part.expression(emitter, broadcast_index(part.shape, index)) for part in parts)
        y = emitter.declare(value, sizes, self.node).at(b, index)
        up, down = self._factors()
        remainder = n * up - d * y * down
        if self.nearest:
            remainder = remainder + m * (down // 2)
        bits = (self.magnitude.hi * down - 1).bit_length()
        b.range(loops, remainder, bits=bits, origin=self.node)
        b.range(loops, m * down - 1 - remainder, bits=bits, origin=self.node)
        if not emitter.is_public(value.name):
            emitter.bound(loops, y, value.lo, value.hi, origin=self.node)


def _check_wide(value: Quantized, integers: Integers) -> None:
    """`RangeExceeded` for quotients beyond int64, which `Quantized.check` cannot hold."""
    if integers.dtype == object:
        value.check(np.asarray([np.clip(x, -(1 << 62), 1 << 62) for x in integers.reshape(-1)], dtype=np.int64))


def refuse_divisor(node: str, divisor: Accumulator, integer: int) -> RangeExceeded:
    """The error for a divisor that is zero, or negative where it was positive on all samples."""
    scale = 2.0**-divisor.exponent
    return RangeExceeded(
        f"The divisor '{divisor.name}' of node '{node}' reaches {integer * scale:.6g}; it must be positive. "
        "Keep the divisor of the model away from zero, or calibrate with samples like this one.",
        tensor=divisor.name,
        value=integer * scale,
        lo=scale,
        hi=divisor.hi * scale,
    )


def plan_quotient(
    plan: Plan,
    node: str,
    name: str,
    shape: Sequence[int],
    numerator: Accumulator,
    divisor: Accumulator,
    *,
    exponent: int,
    limit: int,
    magnitude: Accumulator | None = None,
    nearest: bool = True,
) -> Quantized:
    """Adds the step for `name` = numerator / divisor at `exponent` at most.

    `limit` is the largest integer that y may reach.
    `divisor` is positive, or `magnitude` its absolute value; both linear in committed values. A quotient above the
    limit raises `RangeExceeded` when the program runs, and so does a divisor that is not positive.
    """
    m = divisor if magnitude is None else magnitude
    exponent = min(exponent, numerator.exponent - divisor.exponent + MAX_UP_BITS)
    bits = exponent - numerator.exponent + divisor.exponent
    least = max(m.lo, 1) << max(-bits, 0)
    lo, hi = numerator.lo << max(bits, 0), numerator.hi << max(bits, 0)
    if divisor.lo < 0:
        lo, hi = -max(abs(lo), abs(hi)), max(abs(lo), abs(hi))
    lo, hi = proven_range(min(-(-lo // least) - 1, 0) if lo < 0 else 0, max(hi // least + 1, 0), limit)
    value = Quantized(name, tuple(shape), exponent, lo, hi)
    width = (m.hi << (max(-bits, 0) + nearest)).bit_length()
    if width > MAX_RANGE_BITS:
        raise AccumulatorTooWide(
            f"The remainder of the division in node '{node}' takes {width} bits, more than {MAX_RANGE_BITS}. "
            "Scale the divisor of the model, so that the quotient is neither huge nor tiny.",
            node=node,
            bits=width,
        )
    plan.add(Quotient(node, numerator, divisor, m, value, nearest), value)
    return value
