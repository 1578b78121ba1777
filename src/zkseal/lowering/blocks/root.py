"""Square root of a value that is not negative: y = floor(sqrt(2^s n)) for an integer n >= 0.

Constraints: 2^s n - y^2 in [0, 2 y + 1), by two ranges, of the remainder r and of 2 y - r, both of one bit more than y
has, and y >= 0. They cannot hold for n < 0, and fix y: the intervals [y^2, (y + 1)^2) do not meet. For s < 0 the same
with y^2 times 2^-s: n - 2^-s y^2 in [0, 2^-s (2 y + 1)).

The width of n costs nothing: an accumulator of 60 bits has a root of 30. y is at most one step too small, so callers
give it a bit more than they need.
Cost: two ranges of one bit more than y, the range of y, one product, for each entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt

import numpy as np

from zkseal.errors import RangeExceeded
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Accumulator, Environment, Quantized
from zkseal.quantize.integers import Integers

__all__ = ["Root", "plan_root"]

MAX_UP_BITS = 56
"""An argument with a coarse scale is not multiplied by more than 2^56: it has no finer root."""

INT64_BITS = 62
"""Below this width the square of a root plus one fits int64."""

_isqrt: Callable[[Integers], Integers] = np.frompyfunc(isqrt, 1, 1)


def _int64_root(n: Integers) -> Integers:
    """isqrt of int64 below 2^62: that of floats, off by one at most."""
    root = np.sqrt(n.astype(np.float64)).astype(np.int64)
    root -= root * root > n
    root += (root + 1) * (root + 1) <= n
    return root


@dataclass(frozen=True)
class Root:
    """The step; `value` is y, with lo = 0. 2 * value.exponent = accumulator.exponent + s."""

    accumulator: Accumulator
    value: Quantized

    @property
    def _bits(self) -> int:
        """s."""
        return 2 * self.value.exponent - self.accumulator.exponent

    def execute(self, environment: Environment) -> None:
        acc, up, down = self.accumulator, max(self._bits, 0), max(-self._bits, 0)
        n = np.asarray(acc.compute(environment))
        least = int(n.min())
        if least < 0:
            scale = 2.0**-acc.exponent
            raise RangeExceeded(
                f"Node '{acc.node}' takes the square root of {least * scale:.6g} ('{acc.name}'). Keep the argument of "
                "the root from getting negative, for example with Relu or Clip before it.",
                tensor=acc.name,
                value=least * scale,
                lo=0.0,
                hi=acc.hi * scale,
            )
        fits = (acc.hi << up).bit_length() < INT64_BITS
        roots = _int64_root((n << up) >> down) if fits else _isqrt((n.astype(object) << up) >> down)
        environment[self.value.name] = self.value.check(np.asarray(roots).astype(np.int64))

    def constrain(self, emitter: Emitter) -> None:
        b, acc, value = emitter.builder, self.accumulator, self.value
        sizes = emitter.sizes_for(acc)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        y = emitter.declare(value, sizes, acc.node).at(b, index)
        up, down = max(self._bits, 0), max(-self._bits, 0)
        remainder = acc.expression(emitter, index) * (1 << up) - y * y * (1 << down)
        width = ((2 * value.hi + 1) << down) - 1
        b.range(loops, remainder, bits=width.bit_length(), origin=acc.node)
        top = (y * 2 + 1) * (1 << down) - 1
        b.range(loops, top - remainder, bits=width.bit_length(), origin=acc.node)
        if not emitter.is_public(value.name):
            emitter.bound(loops, y, value.lo, value.hi, origin=acc.node)


def plan_root(plan: Plan, name: str, accumulator: Accumulator, exponent: int, limit: int) -> Quantized:
    """Adds the step for `name` = sqrt(accumulator) at `exponent` at most, no integer above `limit` = 2^k - 1.

    A negative argument, or a root above the limit, raises `RangeExceeded` when the program runs.
    """
    exponent = min(exponent, (accumulator.exponent + MAX_UP_BITS) // 2)
    bits = 2 * exponent - accumulator.exponent
    most = isqrt((max(accumulator.hi, 0) << max(bits, 0)) >> max(-bits, 0))
    hi = min((1 << most.bit_length()) - 1, limit)
    value = Quantized(name, accumulator.shape, exponent, 0, hi)
    plan.add(Root(accumulator, value), value)
    return value
