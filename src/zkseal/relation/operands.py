"""Values of accesses as numpy arrays with one axis for each loop: views where the maps are affine, copies for gathers.

`Assignment` checks and holds the values of tensors; `Assignment.operand` is the access `A[phi(loops)]` as an array.
A convolution window is a strided view of the (padded) image, so it takes no memory until somebody copies it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import as_strided

from zkseal.errors import ValueOutOfBounds, WrongInput
from zkseal.relation.relation import Relation, Values
from zkseal.relation.types import Access, AffineMap, Column, GatherMap, PublicGatherMap, map_loops

__all__ = ["Assignment", "Spans", "integer_array"]

Spans = Mapping[int, tuple[int, int]]
"""The part [start, stop) of a loop that is wanted; loops that are absent are wanted whole."""

# A map that reads far outside of its axis is followed by an index array; zero padding is limited to this factor.
_PADDING_FACTOR = 4


def integer_array(name: str, value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`value` as an array of signed integers (or Python integers, dtype object) of the given shape, or `WrongInput`."""
    array = np.asarray(value)
    if array.shape != shape:
        raise WrongInput(
            f"Tensor '{name}' has shape {list(array.shape)}; the relation needs {list(shape)}.",
            name=name,
            expected=list(shape),
            got=list(array.shape),
        )
    if array.dtype == np.uint64:
        return array.astype(object)
    if array.dtype.kind not in "iu" and not (
        array.dtype == object and all(isinstance(entry, int) for entry in array.flat)
    ):
        raise WrongInput(
            f"Tensor '{name}' has dtype {array.dtype}; the relation needs integers.",
            name=name,
            expected="integers",
            got=str(array.dtype),
        )
    return array


class Assignment:
    """The values of a relation's tensors, by index. Values given by the caller come before fixed contents.

    Args:
        held: an assignment of the same relation. What it has looked at is not looked at again, and comes before all
            else: weights that stay the same from run to run.
    """

    def __init__(self, relation: Relation, values: Values, held: Assignment | None = None) -> None:
        self._relation = relation
        self._values = values
        self._arrays: dict[int, np.ndarray] = {} if held is None else dict(held._arrays)
        self._extremes: dict[int, tuple[int, int]] = {} if held is None else dict(held._extremes)

    def array(self, index: int) -> np.ndarray:
        """The values of a tensor. Raises `WrongInput` if they are missing, of another shape, or no integers."""
        if index not in self._arrays:
            self._arrays[index] = self._load(index)
        return self._arrays[index]

    def _load(self, index: int) -> np.ndarray:
        tensor, name = self._relation.tensors[index], self._relation.names.tensors[index]
        if tensor.column == Column.PROGRESSION:
            return np.arange(tensor.lo, tensor.hi + 1, dtype=np.int64)
        value = self._values.get(name, self._relation.fixed.get(name))
        if value is None:
            raise WrongInput(
                f"Tensor '{name}' ({tensor.column.name.lower()}) has no values.",
                name=name,
                expected=list(tensor.shape),
                got=None,
            )
        return integer_array(name, value, tensor.shape)

    def extremes(self, index: int) -> tuple[int, int]:
        """The least and the greatest value that the tensor really has."""
        if index not in self._extremes:
            array = self.array(index)
            self._extremes[index] = int(array.min()), int(array.max())
        return self._extremes[index]

    def magnitude(self, index: int) -> int:
        """The largest absolute value that the tensor really has."""
        least, most = self.extremes(index)
        return max(-least, most)

    def operand(self, access: Access, spans: Spans) -> np.ndarray:
        """The access over its loops: axis k belongs to `access.loops[k]`, restricted to its span. Often a view."""
        array = self.array(access.tensor)
        for axis, axis_map in enumerate(access.maps):
            if isinstance(axis_map, AffineMap) and not axis_map.terms:
                if not 0 <= axis_map.offset < array.shape[axis]:
                    return np.zeros([self._size(loop, spans) for loop in access.loops], dtype=np.int64)
                array = array[(slice(None),) * axis + (slice(axis_map.offset, axis_map.offset + 1),)]
        # From the last axis to the first: an axis becomes as many axes as its map has loops.
        for axis in reversed(range(len(access.maps))):
            axis_map = access.maps[axis]
            if not map_loops(axis_map):
                # Not an index: that would make a numpy scalar of an array of no axes, and scalars overflow silently.
                array = array.squeeze(axis)
            elif isinstance(axis_map, AffineMap):
                array = self._affine_axis(array, axis, axis_map, spans)
            else:
                array = _take(array, axis, self._gather_indices(axis_map, array.shape[axis], spans))
        return array

    def _span(self, loop: int, spans: Spans) -> tuple[int, int]:
        return spans.get(loop, (0, self._relation.loops[loop]))

    def _size(self, loop: int, spans: Spans) -> int:
        start, stop = self._span(loop, spans)
        return stop - start

    def _gather_indices(self, axis_map: GatherMap | PublicGatherMap, axis_size: int, spans: Spans) -> np.ndarray:
        start, stop = self._span(axis_map.loop, spans)
        if isinstance(axis_map, GatherMap):
            return np.asarray(self._relation.lists[axis_map.list_index][start:stop], dtype=np.int64)
        indices = self.array(axis_map.tensor)[start:stop]
        bad = np.flatnonzero((indices < 0) | (indices >= axis_size))
        if bad.size:
            name, index = self._relation.names.tensors[axis_map.tensor], start + int(bad[0])
            raise ValueOutOfBounds(
                f"Entry {index} of public tensor '{name}' is not an index of the axis that it selects from "
                f"(0 to {axis_size - 1}).",
                tensor=name,
                index=(index,),
                lo=0,
                hi=axis_size - 1,
            )
        return indices.astype(np.int64)

    def _affine_axis(self, array: np.ndarray, axis: int, axis_map: AffineMap, spans: Spans) -> np.ndarray:
        size, offset = array.shape[axis], axis_map.offset
        if offset == 0 and len(axis_map.terms) == 1:
            ((stride, loop),) = axis_map.terms
            if stride == 1 and self._span(loop, spans) == (0, size):
                return array
        ranges = [(stride, *self._span(loop, spans)) for stride, loop in axis_map.terms]
        lowest = offset + sum(min(s * start, s * (stop - 1)) for s, start, stop in ranges)
        highest = offset + sum(max(s * start, s * (stop - 1)) for s, start, stop in ranges)
        if highest - lowest >= _PADDING_FACTOR * size:
            return _take(array, axis, _affine_indices(offset, ranges))
        if lowest < 0 or highest >= size:
            array = _padded(array, axis, lowest, highest)
            offset -= lowest
        base = offset + sum(s * start for s, start, _ in ranges)
        begin = array[(slice(None),) * axis + (slice(base, None),)]
        step = array.strides[axis]
        return as_strided(
            begin,
            shape=(*array.shape[:axis], *(stop - start for _, start, stop in ranges), *array.shape[axis + 1 :]),
            strides=(*array.strides[:axis], *(s * step for s, _, _ in ranges), *array.strides[axis + 1 :]),
            writeable=False,
        )


def _affine_indices(offset: int, ranges: list[tuple[int, int, int]]) -> np.ndarray:
    indices = np.full((), offset, dtype=np.int64)
    for stride, start, stop in ranges:
        indices = indices[..., np.newaxis] + stride * np.arange(start, stop, dtype=np.int64)
    return indices


def _take(array: np.ndarray, axis: int, indices: np.ndarray) -> np.ndarray:
    """Entries at `indices` of an axis, zero where an index is out of bounds. The axis becomes `indices.ndim` axes."""
    size = array.shape[axis]
    outside = (indices < 0) | (indices >= size)
    taken: np.ndarray = np.take(array, np.clip(indices, 0, size - 1), axis=axis)
    if outside.any():
        taken[(slice(None),) * axis + (outside,)] = 0
    return taken


def _padded(array: np.ndarray, axis: int, lowest: int, highest: int) -> np.ndarray:
    """The entries lowest .. highest of an axis, zero where there are none."""
    shape = (*array.shape[:axis], highest - lowest + 1, *array.shape[axis + 1 :])
    padded = np.zeros(shape, dtype=array.dtype)
    start, stop = max(lowest, 0), min(highest + 1, array.shape[axis])
    if start < stop:
        before = (slice(None),) * axis
        padded[(*before, slice(start - lowest, stop - lowest))] = array[(*before, slice(start, stop))]
    return padded
