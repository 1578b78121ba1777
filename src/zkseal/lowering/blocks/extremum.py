"""The largest (or smallest) entry along the last axis, and which entry it is.

Hints: `chosen`, a one-hot vector for each row, and the extreme. Constraints, for sign s = 1 (largest) or -1 (smallest)
and n entries x[j]: chosen^2 = chosen, sum chosen = 1, extreme = sum chosen * x, and

    value only:          s * (extreme - x[j])               in [0, 2^b)
    with an index k:     n * s * (extreme - x[j]) + j - k   in [0, 2^b), k = sum j * chosen[j]

So the extreme is an entry that no other exceeds. With an index, an equal entry must not stand before k, and a larger
one is refused whatever its place (n > |j - k|): chosen marks the first of equal extremes, or with k - j the last one.
Without, chosen marks any of equal extremes, and nothing depends on which.
Cost: for each entry one committed bit, one range check and two products; nothing grows with the square of n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Environment, Operand, Quantized
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr, Loop, RelationBuilder

__all__ = ["Extremum", "Ties", "entry_number"]

Ties: TypeAlias = Literal["any", "first", "last"]


def entry_number(builder: RelationBuilder, loops: Sequence[Loop]) -> Expr:
    """0, 1, 2, .. as `loops`, outermost first, count through an axis."""
    number, stride = Expr.constant(0), 1
    for loop in reversed(loops):
        number, stride = number + builder.progression(loop.size)[loop] * stride, stride * loop.size
    return number


@dataclass(frozen=True)
class Extremum:
    """The step. `name` names what it defines; `ties` "any" defines no index."""

    node: str
    source: Quantized
    name: str
    sign: int
    ties: Ties

    @property
    def count(self) -> int:
        """Entries of a row."""
        return self.source.shape[-1]

    @property
    def chosen(self) -> Quantized:
        """1 at the extreme, else 0; of the shape of the source."""
        return Quantized(f"{self.name}/chosen", self.source.shape, 0, 0, 1)

    @property
    def extreme(self) -> Quantized:
        """The largest or smallest entry of each row."""
        return replace(self.source, name=f"{self.name}/extreme", shape=self.source.shape[:-1], feature_exponents=None)

    @property
    def index(self) -> Quantized:
        """Where it stands."""
        return Quantized(f"{self.name}/index", self.source.shape[:-1], 0, 0, self.count - 1)

    def execute(self, environment: Environment) -> None:
        x = environment[self.source.name] * self.sign
        index: Integers = x.argmax(axis=-1)
        if self.ties == "last":
            index = self.count - 1 - np.flip(x, -1).argmax(axis=-1)
        column = index[..., np.newaxis]
        environment[self.chosen.name] = (column == np.arange(self.count)).astype(np.int64)
        environment[self.extreme.name] = np.take_along_axis(x, column, axis=-1)[..., 0] * self.sign
        if self.ties != "any":
            environment[self.index.name] = np.asarray(index, dtype=np.int64)

    def constrain(self, emitter: Emitter) -> None:
        b, source = emitter.builder, self.source
        sizes = emitter.refine(source.shape, [Operand(source.name, tuple(range(len(source.shape))))])
        index = emitter.loops(sizes)
        outer, along = index[:-1], index[-1]
        loops = flat_loops(outer)
        bit = emitter.hint(self.chosen, sizes, self.node).at(b, index)
        extreme = emitter.declare(self.extreme, sizes[:-1], self.node).at(b, outer)
        x = emitter.read(source.name, index)
        b.zero([*loops, *along], bit * bit - bit, origin=self.node)
        b.zero(loops, bit.sum(along) - 1, origin=self.node)
        b.zero(loops, (bit * x).sum(along) - extreme, origin=self.node)
        distance, largest = (extreme - x) * self.sign, source.hi - source.lo
        if self.ties != "any":
            number = entry_number(b, along)
            place = emitter.declare(self.index, sizes[:-1], self.node).at(b, outer)
            order = number - place if self.ties == "first" else place - number
            distance, largest = distance * self.count + order, (largest + 1) * self.count - 1
            b.zero(loops, (bit * number).sum(along) - place, origin=self.node)
        b.range([*loops, *along], distance, bits=largest.bit_length(), origin=self.node)
