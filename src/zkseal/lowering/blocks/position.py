"""Computed indices of an axis with n entries: from -n to n - 1, negative ones counted from the end as ONNX does.

An index i stands at position i + n * negative. Hint: the bit `negative`, where i may be negative. Constraints: it is a
bit, and the position lies in [0, n), which is shown here (`Position.check`) or by whoever uses the position. There is
one multiple of n that brings i there, so the bit is fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from zkseal.errors import RangeExceeded
from zkseal.graph import Node
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Accumulator, Environment, Operand, Quantized, Stored
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["Position", "plan_position"]


@dataclass(frozen=True)
class Position(Accumulator):
    """i + n * negative for the committed index i, in [0, n) = [lo, hi]. As a step it computes and proves the bit."""

    index: Quantized
    check: bool
    """Whether the step shows that the position is in range."""

    @property
    def count(self) -> int:
        """n."""
        return self.hi + 1

    @property
    def negative(self) -> Quantized:
        """1 where the index counts from the end. It exists where the index can be negative."""
        return Quantized(f"{self.name}/negative", self.shape, 0, 0, 1)

    @property
    def is_bounded(self) -> bool:
        return True

    def operands(self) -> tuple[Operand, ...]:
        return Stored.of(self.index, self.node).operands()

    def compute(self, environment: Environment) -> Integers:
        index = environment[self.index.name]
        return np.where(index < 0, index + self.count, index)

    def execute(self, environment: Environment) -> None:
        """Step: raises `RangeExceeded` for an index outside of the axis."""
        index = environment[self.index.name]
        self.require_inside(index)
        if self.index.lo < 0:
            environment[self.negative.name] = (index < 0).astype(np.int64)

    def require_inside(self, index: Integers) -> None:
        """Raises `RangeExceeded(tensor, value, lo, hi)` for an index outside of the axis."""
        outside = index[(index < -self.count) | (index >= self.count)]
        if outside.size:
            raise RangeExceeded(
                f"Index {int(outside[0])} of '{self.index.name}' is outside of an axis with {self.count} entries "
                f"(node '{self.node}'). Give indices that exist.",
                tensor=self.index.name,
                value=float(outside[0]),
                lo=float(-self.count),
                hi=float(self.count - 1),
            )

    def constrain(self, emitter: Emitter) -> None:
        """Step: declares the bit."""
        sizes = emitter.sizes_for(self)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        if self.index.lo < 0:
            bit = emitter.hint(self.negative, sizes, self.node).at(emitter.builder, index)
            emitter.builder.zero(loops, bit * bit - bit, origin=self.node)
        if self.check and (self.index.lo < 0 or self.index.hi >= self.count):
            emitter.bound(loops, self.expression(emitter, index), 0, self.hi, origin=self.node)

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        position = emitter.read(self.index.name, index)
        if self.index.lo < 0:
            position = position + emitter.read(self.negative.name, index) * self.count
        return position


def plan_position(plan: Plan, node: Node, index: Quantized, count: int, name: str, *, check: bool) -> Position:
    """The position of a computed index in an axis of `count` entries; `name` names its hint.

    With `check` false the caller proves that the position is in [0, count).
    """
    if index.exponent != 0:
        raise plan.unsupported(node, f"its indices '{index.name}' are no integers. Cast them to int64")
    index = replace(index, feature_exponents=None)
    position = Position(name, node.name, index.shape, 0, 0, count - 1, index, check)
    plan.add(position)
    return position
