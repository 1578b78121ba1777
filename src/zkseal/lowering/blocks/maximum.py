"""Maximum over taps: y = max(x_0, .., x_{K-1}), as a chain m_t = max(m_{t-1}, x_t) of splits.

Hints: up_t = m_t - m_{t-1} and down_t = m_t - x_t for t = 1 .. K-1. Constraints: m_{t-1} + up_t = x_t + down_t,
up_t * down_t = 0, up_t + down_t in [0, 2^b), y = x_0 + sum of up. One of up_t, down_t is zero, so the sum is the other
one and not negative: m_t is the maximum, and every hint is fixed. m is virtual: m_t = x_0 + up_1 + .. + up_t.
One range check, one product and two committed integers for each comparison, one committed integer for y.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zkseal.lowering.emitter import Emitter, Sizes, flat_loops
from zkseal.lowering.values import Environment, Quantized
from zkseal.lowering.view import AxisIndex, mixed_radix
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr, Loop

__all__ = ["MaximumChain"]


@dataclass(frozen=True)
class MaximumChain:
    """`value` is y; `taps` the sizes of the kernel (K = their product); entries lie in [value.lo, value.hi]."""

    node: str
    value: Quantized
    taps: tuple[int, ...]

    @property
    def _count(self) -> int:
        return int(np.prod(self.taps))

    def _hint(self, name: str) -> Quantized:
        span = (1 << (self.value.hi - self.value.lo).bit_length()) - 1
        return Quantized(
            f"{self.value.name}/{name}", (*self.value.shape, self._count - 1), self.value.exponent, 0, span
        )

    def execute(self, environment: Environment, entries: Sequence[Integers]) -> None:
        """`entries[t]`, of the shape of `value`, for every tap, the last size of `taps` running fastest."""
        maximum, up, down = entries[0], [], []
        for entry in entries[1:]:
            larger = np.maximum(maximum, entry)
            up.append(larger - maximum)
            down.append(larger - entry)
            maximum = larger
        if up:
            environment[self._hint("up").name] = np.stack(up, axis=-1)
            environment[self._hint("down").name] = np.stack(down, axis=-1)
        environment[self.value.name] = maximum

    def constrain(
        self, emitter: Emitter, sizes: Sizes, outer: Sequence[AxisIndex], entry: Callable[[Sequence[Loop | int]], Expr]
    ) -> None:
        """`outer` are loops of `sizes` over the axes of `value`; `entry(k)` is x at tap indices k (loops or zeros)."""
        b, loops = emitter.builder, flat_loops(outer)
        zeros = [0] * len(self.taps)
        y = emitter.declare(self.value, sizes, self.node).at(b, outer)
        first = entry(zeros)
        if self._count == 1:
            b.zero(loops, first - y, origin=self.node)
            return
        storage = (*sizes, ((self._count - 1,) if self._count > 2 else ()))
        up, down = (emitter.hint(self._hint(name), storage, self.node) for name in ("up", "down"))
        # Tap t (as an affine index of the kernel loops) belongs to hint t - 1; tap 0 reads the hints outside, as zero,
        # so that the chain holds there by itself.
        kernel = [b.loop(size) if size > 1 else 0 for size in self.taps]
        tap_loops = [loop for loop in kernel if isinstance(loop, Loop)]
        tap = mixed_radix(tap_loops)
        earlier = b.loop(self._count - 1)
        rising = up.at(b, (*outer, tap - 1 - earlier)).sum([earlier])
        chain = first + rising - entry(kernel) - down.at(b, (*outer, tap - 1))
        b.zero([*loops, *tap_loops], chain, origin=self.node)
        step = b.loop(self._count - 1) if self._count > 2 else None
        last: AxisIndex = (step,) if step else ()
        inner = [step] if step else []
        u, d = up.at(b, (*outer, last)), down.at(b, (*outer, last))
        b.zero([*loops, *inner], u * d, origin=self.node)
        bits = self._hint("up").hi.bit_length()
        emitter.magnitude([*loops, *inner], u + d, bits, origin=self.node)
        b.zero(loops, first + u.sum(inner) - y, origin=self.node)
