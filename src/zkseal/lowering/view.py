"""Views: how a value of the graph is read from a committed tensor, so that Flatten, Reshape, Transpose.. cost nothing.

A `View` has **factors** (sizes of independent index variables), a **map** from factors to each axis of the tensor, and
**groups**: for each logical axis of the graph value the factors that make it up, outermost first. A (1, 8, 4, 4)
tensor that is flattened to (1, 128) keeps its tensor; axis 1 becomes the group of the factors 8, 4, 4, and whoever
reads it uses three loops in place of one. A factor that no map reads repeats entries (Expand, Tile); an index outside
of the tensor reads zero (Pad). `None` from a method means: not expressible, copy first (`Emitter.copy`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from zkseal.errors import InternalError
from zkseal.relation import Affine, Expr, Gather, Loop, RelationBuilder, TensorRef

__all__ = ["AxisIndex", "AxisMap", "View", "common_refinement", "mixed_radix"]

AxisIndex = tuple[Loop, ...] | Loop | Affine | int
"""Index of a logical axis: loops, outermost first, whose sizes multiply to it; or an affine index; or a constant."""

MAX_AFFINE_LOOPS = 4


@dataclass(frozen=True)
class AxisMap:
    """Index of one tensor axis: `offset + sum of stride * factor`, or `entries[factor]` when `entries` is given."""

    offset: int
    strides: tuple[tuple[int, int], ...]
    """(factor, stride)"""
    entries: tuple[int, ...] | None = None


def common_refinement(factorizations: Sequence[tuple[int, ...]]) -> tuple[int, ...] | None:
    """The coarsest sizes into which all `factorizations` of one axis can be cut; None if there are none.

    Sizes are outermost first and multiply to the same number. (2, 6) and (4, 3) give (2, 2, 3); (2, 3), (3, 2) none.
    """
    boundaries = {1}
    for sizes in factorizations:
        inner = 1
        for size in reversed(sizes):
            inner *= size
            boundaries.add(inner)
    chain = sorted(boundaries)
    if any(high % low for low, high in itertools.pairwise(chain)):
        return None
    return tuple(high // low for low, high in reversed(list(itertools.pairwise(chain))))


def mixed_radix(loops: Sequence[Loop]) -> Affine:
    """The index that `loops` (outermost first) count through."""
    index, stride = Affine((), 0), 1
    for loop in reversed(loops):
        index, stride = index + loop * stride, stride * loop.size
    return index


@dataclass(frozen=True)
class View:
    """See the module. Every factor occurs in at most one group; in none if it is pinned to 0 (size 1)."""

    tensor: TensorRef
    factors: tuple[int, ...]
    maps: tuple[AxisMap, ...]
    groups: tuple[tuple[int, ...], ...]

    @staticmethod
    def of(tensor: TensorRef, axis_sizes: Sequence[Sequence[int]]) -> View:
        """The view of a tensor whose axes are, in order, the factors of each logical axis."""
        factors = tuple(size for sizes in axis_sizes for size in sizes)
        if factors != tensor.shape and not (prod(factors) == 1 and tensor.shape == (1,)):
            raise InternalError(f"Tensor '{tensor.name}' of shape {tensor.shape} is viewed as {axis_sizes}.")
        maps = tuple(AxisMap(0, ((factor, 1),)) for factor in range(len(factors))) or (AxisMap(0, ()),)
        groups, start = [], 0
        for sizes in axis_sizes:
            groups.append(tuple(range(start, start + len(sizes))))
            start += len(sizes)
        return View(tensor, factors, maps, tuple(groups))

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the logical axes."""
        return tuple(prod(self.factors[f] for f in group) for group in self.groups)

    @property
    def bounds(self) -> tuple[int, int]:
        """Bounds of what is read: those of the tensor, and zero, which is read outside of it."""
        return min(self.tensor.lo, 0), max(self.tensor.hi, 0)

    def factor_sizes(self, axis: int) -> tuple[int, ...]:
        """Sizes > 1 of the factors of a logical axis, outermost first."""
        return tuple(self.factors[f] for f in self.groups[axis] if self.factors[f] > 1)

    # Changes of shape ----------------------------------------------------------------------------------------------

    def transpose(self, permutation: Sequence[int]) -> View:
        """Logical axis k of the result is axis `permutation[k]` of this view."""
        return replace(self, groups=tuple(self.groups[axis] for axis in permutation))

    def reshape(self, shape: Sequence[int]) -> View | None:
        """The same values in row-major order with another shape."""
        refined = common_refinement(
            [tuple(s for axis in range(len(self.groups)) for s in self.factor_sizes(axis)), tuple(shape)]
        )
        if refined is None:
            return None
        view = self._refined(refined)
        if view is None:
            return None
        order = [f for group in view.groups for f in group if view.factors[f] > 1]
        groups, position = [], 0
        for size in shape:
            start, product = position, 1
            while product < size:
                product *= view.factors[order[position]]
                position += 1
            groups.append(tuple(order[start:position]))
        return replace(view, groups=tuple(groups))

    def _refined(self, sizes: Sequence[int]) -> View | None:
        """This view with its factors cut so that their sizes, in logical order, are `sizes`."""
        view, pending = self, list(sizes)
        for factor in [f for group in self.groups for f in group if self.factors[f] > 1]:
            parts = [pending.pop(0)]
            while prod(parts) < self.factors[factor]:
                parts.append(pending.pop(0))
            if len(parts) > 1:
                cut = view._cut(factor, parts)
                if cut is None:
                    return None
                view = cut
        return view

    def _cut(self, factor: int, parts: Sequence[int]) -> View | None:
        """Replaces a factor by several, outermost first."""
        fresh = range(len(self.factors), len(self.factors) + len(parts))
        maps = []
        for axis_map in self.maps:
            stride = dict(axis_map.strides).get(factor)
            if stride is None:
                maps.append(axis_map)
                continue
            if axis_map.entries is not None or len(axis_map.strides) - 1 + len(parts) > MAX_AFFINE_LOOPS:
                return None
            others = tuple(pair for pair in axis_map.strides if pair[0] != factor)
            new = tuple((f, stride * prod(parts[k + 1 :])) for k, f in enumerate(fresh))
            maps.append(AxisMap(axis_map.offset, others + new))
        groups = tuple(
            tuple(part for f in group for part in (tuple(fresh) if f == factor else (f,))) for group in self.groups
        )
        return View(self.tensor, (*self.factors, *parts), tuple(maps), groups)

    def slice(self, axis: int, start: int, step: int, count: int) -> View | None:
        """Entries start, start + step, .. of a logical axis."""
        if not self.groups[axis]:
            return self if (start, count) == (0, 1) else None
        return self.take(axis, tuple(start + step * k for k in range(count)), step=step)

    def take(self, axis: int, entries: tuple[int, ...], *, step: int | None = None) -> View | None:
        """The entries of a logical axis with these indices, in this order; -1 reads zero.

        `step` if they are evenly spaced and all inside.
        """
        group = self.groups[axis]
        varying = [f for f in group if self.factors[f] > 1]
        if len(varying) > 1 or not group:
            return None
        factor = varying[0] if varying else group[0]
        position = next((p for p, m in enumerate(self.maps) if factor in dict(m.strides)), None)
        if position is None:  # all entries of the axis are the same one
            return self._with_axis(axis, factor, len(entries)) if min(entries) >= 0 else None
        old = self.maps[position]
        stride = dict(old.strides)[factor]
        if old.entries is None and step is not None:
            moved = tuple((f, s * step if f == factor else s) for f, s in old.strides)
            new = AxisMap(old.offset + stride * entries[0], moved)
        elif old.entries is not None or len(old.strides) == 1:
            listed = old.entries or tuple(old.offset + stride * k for k in range(self.factors[factor]))
            inside = range(self.tensor.shape[position])  # beyond it, an affine map reads zero
            new = AxisMap(
                0, ((factor, 1),), tuple(listed[k] if k >= 0 and listed[k] in inside else -1 for k in entries)
            )
        else:
            return None
        return self._with_axis(axis, factor, len(entries), position, new)

    def _with_axis(
        self, axis: int, factor: int, size: int, position: int | None = None, new: AxisMap | None = None
    ) -> View:
        """This view with `axis` made of `factor` alone, of another size, and another map at `position`."""
        factors = tuple(size if f == factor else old for f, old in enumerate(self.factors))
        groups = tuple((factor,) if k == axis else g for k, g in enumerate(self.groups))
        maps = tuple(new if new is not None and p == position else m for p, m in enumerate(self.maps))
        return View(self.tensor, factors, maps, groups)

    def tile(self, axis: int, count: int) -> View:
        """A logical axis `count` times behind itself: one more factor, which no map reads."""
        fresh, group = len(self.factors), self.groups[axis]
        read = {factor for axis_map in self.maps for factor, _ in axis_map.strides}
        if group and group[0] not in read:  # entries that are repeated already
            factors = tuple(size * count if f == group[0] else size for f, size in enumerate(self.factors))
            return replace(self, factors=factors)
        groups = tuple((fresh, *g) if k == axis else g for k, g in enumerate(self.groups))
        return replace(self, factors=(*self.factors, count), groups=groups)

    def pad(self, axis: int, before: int, after: int) -> View | None:
        """A logical axis with zeros before and after it."""
        size, position = self.shape[axis], self._whole_axis(axis)
        if position is None:
            return self.take(axis, (*([-1] * before), *range(size), *([-1] * after)))
        old = self.maps[position]
        padded = replace(old, offset=old.offset - before)
        return self._with_axis(axis, self.groups[axis][0], before + size + after, position, padded)

    def is_flat(self) -> bool:
        """Whether the tensor has one axis, which is read whole and in order."""
        order = [f for group in self.groups for f in group if self.factors[f] > 1]
        if len(self.tensor.shape) != 1 or len(order) > 1:
            return False
        whole = tuple((factor, 1) for factor in order)
        strides = tuple((f, s) for f, s in self.maps[0].strides if self.factors[f] > 1)
        return (self.maps[0].offset, strides, self.maps[0].entries) == (0, whole, None) and prod(
            self.factors[f] for f in order
        ) == self.tensor.shape[0]

    def reads_zero_outside(self, axis: int) -> bool:
        """Whether an affine index beyond this logical axis reads zero: it is a whole tensor axis, perhaps padded."""
        return self._whole_axis(axis) is not None

    def _whole_axis(self, axis: int) -> int | None:
        """The tensor axis that a logical axis holds whole and in order, perhaps with zeros around; None without one."""
        group = self.groups[axis]
        if len(group) != 1:
            return None
        size = self.factors[group[0]]
        for position, axis_map in enumerate(self.maps):
            if axis_map.entries is None and axis_map.strides == ((group[0], 1),):
                end = self.tensor.shape[position]
                return position if axis_map.offset <= 0 and axis_map.offset + size >= end else None
        return None

    # Access --------------------------------------------------------------------------------------------------------

    def at(self, builder: RelationBuilder, indices: Sequence[AxisIndex]) -> Expr:
        """The entry at `indices`, one for each logical axis. An axis of size 1 is broadcast under loops.

        Loops must be at least as fine as the factors of the axis (`common_refinement`).
        """
        by_factor: dict[int, Loop | Affine | int] = {}
        for axis, index in enumerate(indices):
            by_factor.update(self._deal(axis, index))
        return self.tensor[tuple(self._axis(builder, axis_map, by_factor) for axis_map in self.maps)]

    def admits(self, indices: Sequence[AxisIndex]) -> bool:
        """Whether the loops of `indices` are at least as fine as the factors of every axis."""
        for axis, index in enumerate(indices):
            factors = [size for size in self.factor_sizes(axis) if size > 1]
            if not isinstance(index, tuple):
                if len(factors) > 1 and index != 0:
                    return False
                continue
            if factors and common_refinement([tuple(factors), tuple(loop.size for loop in index)]) != tuple(
                loop.size for loop in index if loop.size > 1
            ):
                return False
        return True

    def _deal(self, axis: int, index: AxisIndex) -> dict[int, Loop | Affine | int]:
        group = self.groups[axis]
        if (isinstance(index, int) and index == 0) or (isinstance(index, Affine) and index == Affine((), 0)):
            return {}
        varying = [f for f in group if self.factors[f] > 1]
        if not isinstance(index, tuple):
            if len(group) != 1 and len(varying) != 1:
                raise InternalError(f"Axis {axis} of a view of '{self.tensor.name}' takes loops, not an affine index.")
            return {varying[0] if varying else group[0]: index}
        if not varying:
            return {}
        dealt: dict[int, Loop | Affine | int] = {}
        pending = list(index)
        for factor in varying:
            taken: list[Loop] = []
            while prod(loop.size for loop in taken) < self.factors[factor] and pending:
                taken.append(pending.pop(0))
            if prod(loop.size for loop in taken) != self.factors[factor]:
                raise InternalError(f"Loops do not fit axis {axis} of a view of '{self.tensor.name}'.")
            dealt[factor] = taken[0] if len(taken) == 1 else mixed_radix(taken)
        return dealt

    def _axis(
        self, builder: RelationBuilder, axis_map: AxisMap, by_factor: dict[int, Loop | Affine | int]
    ) -> Loop | Affine | Gather | int:
        if axis_map.entries is not None:
            loop = by_factor.get(axis_map.strides[0][0], 0)
            if isinstance(loop, int):
                return axis_map.entries[loop]
            if not isinstance(loop, Loop):
                raise InternalError(f"A gathered axis of '{self.tensor.name}' takes one loop.")
            return builder.gather(axis_map.entries, loop)
        index = Affine((), axis_map.offset)
        for factor, stride in axis_map.strides:
            index = index + by_factor.get(factor, 0) * stride
        return index

    def gathers(self, axis: int) -> bool:
        """Whether this logical axis is read through a list, which takes exactly one loop."""
        return any(m.entries is not None and m.strides[0][0] in self.groups[axis] for m in self.maps)
