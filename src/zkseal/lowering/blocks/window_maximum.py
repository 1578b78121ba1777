"""The largest entry of each window, and where it stands in the source.

Hints: `chosen`, one-hot over the K taps of a window. With x[t] the entry at tap t, or the smallest integer of the
source less one where the tap lies in the padding, the constraints are chosen^2 = chosen, sum chosen = 1,
y = sum chosen * x, and K (y - x[t]) + t - k in [0, 2^b), k = sum t * chosen[t]: a larger entry is refused, and an equal
one in front of k too. So chosen marks the first maximum in row-major order, which is never padding, and all is fixed.
The place is the sum of chosen[t] times the position of tap t along each axis, which a progression holds.
Cost: for each tap one committed bit, one range, and a few products.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from zkseal.lowering.blocks.extremum import entry_number
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Environment, Operand, Quantized
from zkseal.lowering.view import AxisIndex
from zkseal.lowering.windows import Windows
from zkseal.quantize.integers import Integers
from zkseal.relation import Affine, Expr

__all__ = ["WindowMaximum"]


@dataclass(frozen=True)
class WindowMaximum:
    """The step: `value` and `place` have shape (batch, channels, *outputs).

    `strides[a]`: how far entries that are neighbours along axis a of the source stand apart in the numbering.
    """

    node: str
    source: Quantized
    value: Quantized
    place: Quantized
    windows: Windows
    strides: tuple[int, ...]

    @property
    def _taps(self) -> int:
        return prod(self.windows.kernel)

    @property
    def _chosen(self) -> Quantized:
        return Quantized(f"{self.value.name}/chosen", (*self.value.shape, self._taps), 0, 0, 1)

    def execute(self, environment: Environment) -> None:
        x, windows = environment[self.source.name], self.windows
        entries, places = [], []
        numbers = np.zeros(x.shape, dtype=np.int64)
        for axis, stride in enumerate(self.strides):
            numbers = (
                numbers + np.arange(x.shape[axis]).reshape([-1 if k == axis else 1 for k in range(x.ndim)]) * stride
            )
        for taps in itertools.product(*map(range, windows.kernel)):
            entry, number = x, numbers
            for axis, k in enumerate(taps):
                entry = windows.gather(entry, axis, k, self.source.lo - 1)
                number = windows.gather(number, axis, k, 0)
            entries.append(entry)
            places.append(number)
        stacked = np.stack(entries, axis=-1)
        first: Integers = stacked.argmax(axis=-1)
        environment[self._chosen.name] = (first[..., None] == np.arange(self._taps)).astype(np.int64)
        environment[self.value.name] = stacked.max(axis=-1)
        environment[self.place.name] = np.take_along_axis(np.stack(places, axis=-1), first[..., None], axis=-1)[..., 0]

    def constrain(self, emitter: Emitter) -> None:
        b, node, rank = emitter.builder, self.node, self.windows.rank
        view = emitter.view(self.source.name)
        if not all(view.reads_zero_outside(axis + 2) for axis in range(rank)):
            emitter.copy(self.source.name)
        sizes = emitter.refine(self.value.shape, [Operand(self.source.name, (0, 1, *([None] * rank)))])
        outer = emitter.loops(sizes)
        loops = flat_loops(outer)
        kernel = emitter.loops(emitter.plain(self.windows.kernel))
        taps = [loop for axis in kernel for loop in axis]
        storage = (*sizes, ((self._taps,) if self._taps > 1 else ()))
        bit = emitter.hint(self._chosen, storage, node).at(b, (*outer, tuple(taps)))
        y = emitter.declare(self.value, sizes, node).at(b, outer)
        place = emitter.declare(self.place, sizes, node).at(b, outer)
        spatial = [
            self.windows.index(axis, outer[axis + 2], kernel[axis][0] if kernel[axis] else 0) for axis in range(rank)
        ]
        x = self._entry(emitter, outer, spatial)
        number = entry_number(b, taps)
        b.zero([*loops, *taps], bit * bit - bit, origin=node)
        b.zero(loops, bit.sum(taps) - 1, origin=node)
        b.zero(loops, (bit * x).sum(taps) - y, origin=node)
        # The number of the chosen tap needs loops of its own, as the tap of the entry is an outer loop here.
        others = tuple(b.loop(loop.size) for loop in taps)
        again = emitter.view(self._chosen.name).at(b, (*outer, others))
        chosen = (again * entry_number(b, others)).sum(others)
        distance = (self.source.hi - self.source.lo + 1) * self._taps + self._taps - 1
        b.range([*loops, *taps], (y - x) * self._taps + number - chosen, bits=distance.bit_length(), origin=node)
        b.zero(
            loops, self._place(emitter, outer, spatial, bit).sum(taps) + self._base(emitter, outer) - place, origin=node
        )

    def _entry(self, emitter: Emitter, outer: Sequence[AxisIndex], spatial: Sequence[Affine]) -> Expr:
        """The entry at a tap, the smallest integer less one in the padding, as the entry less that is zero there."""
        x = emitter.read(self.source.name, (outer[0], outer[1], *spatial))
        if not any(self.windows.padded(axis) for axis in range(self.windows.rank)):
            return x
        ones = np.ones(self.windows.sizes, dtype=np.int64)
        inside = emitter.constant(f"{self.value.name}/inside", ones)[tuple(spatial)]
        return x - inside * (self.source.lo - 1) + (self.source.lo - 1)

    def _place(self, emitter: Emitter, outer: Sequence[AxisIndex], spatial: Sequence[Affine], bit: Expr) -> Expr:
        total = Expr.constant(0)
        for axis, position in enumerate(spatial):
            if self.windows.sizes[axis] > 1:
                along = emitter.builder.progression(self.windows.sizes[axis])[position]
                total = total + bit * along * self.strides[axis + 2]
        return total

    def _base(self, emitter: Emitter, outer: Sequence[AxisIndex]) -> Expr:
        """The number of the first entry of a channel."""
        total = Expr.constant(0)
        for axis in range(2):
            loops = outer[axis]
            assert isinstance(loops, tuple)
            total = total + entry_number(emitter.builder, loops) * self.strides[axis]
        return total
