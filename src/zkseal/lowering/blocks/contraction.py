"""`Contraction`: the accumulator of Gemm and MatMul, numpy's matmul of two operands that are committed or stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zkseal.lowering.emitter import Emitter
from zkseal.lowering.values import Accumulator, Environment, Operand, Parameter, Quantized
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers, Narrow, matmul
from zkseal.relation import Expr

__all__ = ["Contraction", "Side"]


@dataclass(frozen=True)
class Side:
    """One operand, read as (batch.., rows, K) on the left, (batch.., K, columns) on the right.

    `transposed`: its last two axes are stored the other way round.
    """

    value: Quantized | Parameter
    transposed: bool = False

    @property
    def rank(self) -> int:
        return len(self.value.shape)

    def integers(self, environment: Environment) -> Narrow:
        array = environment[self.value.name] if isinstance(self.value, Quantized) else self.value.stored
        return np.swapaxes(array, -1, -2) if self.transposed else array

    def bounds(self) -> tuple[Integers, Integers]:
        """Smallest and largest possible entries, broadcastable to the (untransposed) shape, as int64."""
        if isinstance(self.value, Parameter):
            array = np.swapaxes(self.value.integers, -1, -2) if self.transposed else self.value.integers
            return array, array
        shape = list(self.value.shape)
        if self.transposed:
            shape[-1], shape[-2] = shape[-2], shape[-1]
        ones = np.ones(shape, dtype=np.int64)
        return ones * self.value.lo, ones * self.value.hi

    def read(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        """Entry at `index` in the order in which the side is read."""
        own = tuple(index)
        if self.transposed:
            own = (*own[:-2], own[-1], own[-2])
        if isinstance(self.value, Quantized):
            return emitter.read(self.value.name, own)
        return emitter.parameter(self.value, own)


def contraction_bounds(left: Side, right: Side) -> tuple[int, int]:
    """Interval of the accumulator: for each entry the sum over K of the extreme products, then the extremes of all.

    Exact for a committed value times a parameter. At least one side of two committed ones has equal bounds everywhere.
    """
    l_lo, l_hi = left.bounds()
    r_lo, r_hi = right.bounds()
    if isinstance(left.value, Quantized) and isinstance(right.value, Quantized):
        k = left.value.shape[-2 if left.transposed else -1]
        corners = [a * b for a in (left.value.lo, left.value.hi) for b in (right.value.lo, right.value.hi)]
        return k * min(corners), k * max(corners)
    # One side is constant c, the other in [lo, hi]: min(c lo, c hi) = c+ lo - c- hi, summed per entry.
    if isinstance(right.value, Parameter):
        c, axis, lo, hi = r_lo, -2 if right.rank > 1 else -1, int(l_lo.flat[0]), int(l_hi.flat[0])
    else:
        c, axis, lo, hi = l_lo, -1, int(r_lo.flat[0]), int(r_hi.flat[0])
    up, down = np.maximum(c, 0).sum(axis=axis), np.maximum(-c, 0).sum(axis=axis)
    least = min((int(u) * lo - int(d) * hi for u, d in zip(up.flat, down.flat, strict=True)), default=0)
    most = max((int(u) * hi - int(d) * lo for u, d in zip(up.flat, down.flat, strict=True)), default=0)
    return least, most


@dataclass(frozen=True)
class Contraction(Accumulator):
    """`left @ right`, with numpy's broadcasting of batch axes and treatment of operands with one axis."""

    left: Side
    right: Side

    @staticmethod
    def of(name: str, node: str, shape: tuple[int, ...], left: Side, right: Side) -> Contraction:
        """The exact product; feature exponents of `left` have been absorbed by `right`."""
        lo, hi = contraction_bounds(left, right)
        exponent = left.value.exponent + right.value.exponent
        return Contraction(name, node, shape, exponent, lo, hi, left, right)

    # Axes: result = batch + [rows] + [columns].

    @property
    def _has_rows(self) -> bool:
        return self.left.rank > 1

    @property
    def _has_columns(self) -> bool:
        return self.right.rank > 1

    @property
    def _batch(self) -> int:
        return len(self.shape) - self._has_rows - self._has_columns

    def _operand_axes(self) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
        """For each axis of the result, then for K: the axis of the left and of the right operand."""

        def own(side: Side, axis: int) -> int:
            """Position in storage of an axis counted as the side is read."""
            last = side.rank - 1
            return {last: last - 1, last - 1: last}.get(axis, axis) if side.transposed else axis

        left: list[int | None] = []
        right: list[int | None] = []
        for k in range(self._batch):
            for side, axes, tail in ((self.left, left, 2), (self.right, right, 2)):
                position = k - self._batch + max(side.rank - tail, 0)
                axes.append(position if position >= 0 and side.rank > 2 else None)
        if self._has_rows:
            left.append(own(self.left, self.left.rank - 2))
            right.append(None)
        if self._has_columns:
            left.append(None)
            right.append(own(self.right, self.right.rank - 1))
        left.append(own(self.left, self.left.rank - 1))
        right.append(own(self.right, self.right.rank - 2 if self._has_columns else 0))
        return tuple(left), tuple(right)

    def _operands_with_k(self) -> tuple[Operand, ...]:
        pairs = zip((self.left, self.right), self._operand_axes(), strict=True)
        return tuple(Operand(side.value.name, axes) for side, axes in pairs if isinstance(side.value, Quantized))

    def operands(self) -> tuple[Operand, ...]:
        return tuple(Operand(o.name, o.axes[:-1]) for o in self._operands_with_k())

    def compute(self, environment: Environment) -> Integers:
        if isinstance(self.left.value, Quantized) and isinstance(self.right.value, Quantized):
            magnitude = self._k_shape()[0] * self.left.value.magnitude * self.right.value.magnitude
        else:
            magnitude = self._absolute_sum
        return matmul(self.left.integers(environment), self.right.integers(environment), magnitude)

    def _k_shape(self) -> tuple[int, ...]:
        return (self.left.value.shape[-2 if self.left.transposed else -1],)

    @cached_property
    def _absolute_sum(self) -> int:
        """Bound of the sum of magnitudes of the products of one entry."""
        if isinstance(self.right.value, Parameter):
            column = np.abs(self.right.bounds()[0]).sum(axis=-2 if self._has_columns else -1)
            return int(column.max(initial=0)) * self.left.value.magnitude
        return int(np.abs(self.left.bounds()[0]).sum(axis=-1).max(initial=0)) * self.right.value.magnitude

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        k_operands = [Operand(o.name, (o.axes[-1],)) for o in self._operands_with_k()]
        (k,) = emitter.loops(emitter.refine(self._k_shape(), k_operands))
        batch, rest = tuple(index[: self._batch]), list(index[self._batch :])
        rows = (rest.pop(0),) if self._has_rows else ()
        columns = (rest.pop(0),) if self._has_columns else ()
        left = (*self._batch_index(self.left, batch), *rows, k)
        right = (*self._batch_index(self.right, batch), k, *columns)
        return (self.left.read(emitter, left) * self.right.read(emitter, right)).sum(k)

    def _batch_index(self, side: Side, batch: Sequence[AxisIndex]) -> tuple[AxisIndex, ...]:
        count = max(side.rank - 2, 0)
        own = batch[len(batch) - count :] if count else ()
        sizes = side.value.shape[:count]
        return tuple(part if size > 1 else () for part, size in zip(own, sizes, strict=True))
