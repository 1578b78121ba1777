"""Views against numpy: whatever a view says it reads must be what the same numpy operation gives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkseal.lowering.blocks.reshape import Take
from zkseal.lowering.view import View, common_refinement
from zkseal.relation import Column, RelationBuilder


def _read(view: View, builder: RelationBuilder, contents: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[int]:
    """All entries of a view, row-major, by reading the tensor at the indices that its maps give."""
    order = [f for group in view.groups for f in group]
    found = []
    for values in itertools.product(*(range(view.factors[f]) for f in order)):
        by_factor = dict(zip(order, values, strict=True))
        index = []
        for axis_map in view.maps:
            at = axis_map.offset + sum(stride * by_factor.get(f, 0) for f, stride in axis_map.strides)
            index.append(axis_map.entries[by_factor.get(axis_map.strides[0][0], 0)] if axis_map.entries else at)
        inside = all(0 <= i < size for i, size in zip(index, contents.shape, strict=True))
        found.append(int(contents[tuple(index)]) if inside else 0)
    return found


@pytest.mark.parametrize(
    ("factorizations", "expected"),
    [
        ([(2, 6), (4, 3)], (2, 2, 3)),
        ([(12,), (3, 4)], (3, 4)),
        ([(2, 3), (3, 2)], None),
        ([(1,)], ()),
        ([(2, 1, 3)], (2, 3)),
    ],
)
def test_common_refinement(factorizations: list[tuple[int, ...]], expected: tuple[int, ...] | None) -> None:
    assert common_refinement(factorizations) == expected


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_chains_of_moves_read_what_numpy_gives(data: st.DataObject) -> None:
    builder = RelationBuilder()
    shape = tuple(data.draw(st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=4)))
    tensor = builder.tensor("x", shape, Column.WITNESS, lo=0, hi=10**6)
    contents = 1 + np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    view, array = View.of(tensor, [(size,) for size in shape]), contents
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(["transpose", "reshape", "slice", "take", "tile", "pad"]))
        axis = data.draw(st.integers(0, array.ndim - 1))
        size = array.shape[axis]
        moved: View | None
        if kind == "transpose":
            permutation = tuple(data.draw(st.permutations(range(array.ndim))))
            moved, result = view.transpose(permutation), array.transpose(permutation)
        elif kind == "reshape":
            target = data.draw(st.sampled_from([(array.size,), (1, array.size), (*array.shape[:1], -1)]))
            result = array.reshape(target)
            moved = view.reshape(result.shape)
        elif kind == "slice":
            step = data.draw(st.sampled_from([1, 2, -1]))
            entries = range(size)[::step]
            moved, result = view.slice(axis, entries[0], step, len(entries)), np.take(array, list(entries), axis=axis)
        elif kind == "tile":
            moved, result = view.tile(axis, 2), np.concatenate([array, array], axis=axis)
        elif kind == "pad":
            widths = [(0, 0)] * array.ndim
            widths[axis] = (data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2)))
            moved, result = view.pad(axis, *widths[axis]), np.pad(array, widths)
        else:
            chosen = tuple(data.draw(st.lists(st.integers(-1, size - 1), min_size=1, max_size=4)))
            moved, result = view.take(axis, chosen), Take(axis, chosen).apply(array)
        if moved is None:
            continue
        view, array = moved, result
        assert view.shape == array.shape
        assert _read(view, builder, contents) == array.reshape(-1).tolist()
