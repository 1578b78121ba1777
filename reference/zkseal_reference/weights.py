"""Chapter 5.2: weights of loops, and of the axes that they reach through an access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .claims import AxisVector, Part
from .errors import ReferenceLimit
from .field import P, bits, eq_vector
from .layout import Layout
from .relation import Access, Affine, Gather, Map, Relation, accesses_of

MAX_INDICES = 1 << 20
"""This implementation holds the weights of a loop in a list: larger loops are refused, see `check_affordable`."""

Weights = Mapping[int, Sequence[int]]
"""For each loop the weights of its in-range indices."""


def check_affordable(layout: Layout) -> None:
    """Bounds memory: raises ReferenceLimit for loops, tables, affine maps or lanes of more than MAX_INDICES indices."""
    relation = layout.relation
    sizes = list(relation.loops)
    if layout.has_helper:
        sizes += layout.tensors[layout.helper].axes
    sizes += [size for table in relation.tables for size in relation.tensors[table.columns[0]].axes]
    for constraint in relation.constraints:
        for access in accesses_of(constraint):
            sizes += [affine_indices(relation, m) for m in access.maps if isinstance(m, Affine)]
    if max(sizes, default=0) > MAX_INDICES:
        raise ReferenceLimit(f"a loop, table, affine map or lane has {max(sizes)} indices, the limit is {MAX_INDICES}")


def affine_indices(relation: Relation, axis_map: Affine) -> int:
    count = 1
    for loop in axis_map.loops:
        count *= relation.loops[loop]
    return count


# Weights of loops and axes


def deal(sizes: Sequence[int], point: Sequence[int]) -> list[list[int]]:
    """The coordinates, bits(size) to each loop in order, as truncated eq vectors."""
    vectors, at = [], 0
    for size in sizes:
        vectors.append(truncated(eq_vector(point[at : at + bits(size)]), size))
        at += bits(size)
    return vectors


def truncated(vector: list[int], size: int) -> list[int]:
    """Zero outside the unpadded range: padding positions are never read."""
    return vector[:size]


def outer_weights(layout: Layout, loops: Sequence[int], point: Sequence[int]) -> dict[int, Sequence[int]]:
    """The weights of outer loops at their part of a point."""
    return dict(zip(loops, deal(layout.loop_sizes(loops), point), strict=True))


def term_weights(layout: Layout, outer: Weights, sum_loops: Sequence[int]) -> dict[int, Sequence[int]]:
    """Outer loops have their own weights, a sum loop has weight 1."""
    return {**outer, **{loop: [1] * layout.relation.loops[loop] for loop in sum_loops}}


def axis_vector(
    layout: Layout, axis_map: Map, size: int, weights: Weights, public: Mapping[int, Sequence[int]]
) -> AxisVector:
    """w[k]: the sum over values of the map's loops with index k of the product of their weights, 0 <= k < size."""
    vector: dict[int, int] = {}
    if isinstance(axis_map, Affine):
        vector[axis_map.offset] = 1
        for stride, loop in axis_map.strides:
            extended: dict[int, int] = {}
            for index, weight in vector.items():
                for i, factor in enumerate(weights[loop]):
                    k = index + stride * i
                    extended[k] = (extended.get(k, 0) + weight * factor) % P
            vector = extended
    else:
        entries = layout.relation.lists[axis_map.list] if isinstance(axis_map, Gather) else public[axis_map.tensor]
        for index, factor in zip(entries, weights[axis_map.loop], strict=True):
            vector[index] = (vector.get(index, 0) + factor) % P
    return {index: weight for index, weight in vector.items() if 0 <= index < size}


def access_part(
    layout: Layout, access: Access, coefficient: int, weights: Weights, public: Mapping[int, Sequence[int]]
) -> Part:
    """An access, summed over its loops with their weights."""
    sizes = layout.tensors[access.tensor].axes
    axes = [axis_vector(layout, m, size, weights, public) for m, size in zip(access.maps, sizes, strict=True)]
    return Part(coefficient % P, access.tensor, tuple(axes))
