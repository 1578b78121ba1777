"""Trees as the rows of a table: one row for each inner node, which an input's paths look up.

Row: feature, threshold, payload, and where it needs them left and jump. At a row the path takes the bit
b = [x[feature] > threshold], adds b * payload to the score, and goes on to the next row:

- **heap**: the rows of tree t are t * 2^d + 1 .. (t + 1) * 2^d - 1; those behind node i are 2 i and 2 i + 1 (counted
  from t * 2^d). All trees are complete: whoever sees the sizes learns depth and number of trees.
- **linked**: the next row is left + b * jump, the rows of the roots come first. For deep trees, which would be mostly
  padding as heaps. The number of inner nodes is rounded up to a power of two, their arrangement is hidden.

A path that has reached its leaf goes on through rows without effect: their threshold is never exceeded, their payload
is 0. So leaves need no rows: a payload is the leftmost leaf on the right less the leftmost leaf on the left, the score
starts with the leftmost leaf of every tree, and the payloads of a path add up to what its own leaf differs from that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from zkseal.graph.trees import Trees
from zkseal.quantize.integers import Integers

__all__ = ["Forest", "leaf_exponent", "plant"]

PAYLOAD_BITS = 40
"""Width of payloads, sign included: sums of leaves are as exact as the sums of floats that they stand for."""

MAX_LEAF_EXPONENT = 48

HEAP_ROWS = 1 << 15
"""Heaps of at most this many rows are always taken: they hide the most."""

HEAP_FACTOR = 4
"""Larger heaps are taken while they have at most this many times the rows of linked trees."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Rows of `trees` trees of which none is deeper than `depth`; scores are integers in [lo, hi].

    - `roots`: the first row of each tree.
    - `feature`, `threshold`: one entry for each row; `left` and `jump` too, None for heaps.
    - `payload`: (rows, columns). One column for each target, or one alone if every tree adds to one target only:
      then `trees_of[k]` lists the trees that add to target k.
    - `base`: what the score of each target starts with.
    """

    trees: int
    depth: int
    roots: Integers = field(repr=False)
    feature: Integers = field(repr=False)
    threshold: Integers = field(repr=False)
    left: Integers | None = field(repr=False)
    jump: Integers | None = field(repr=False)
    payload: Integers = field(repr=False)
    base: Integers = field(repr=False)
    trees_of: tuple[tuple[int, ...], ...] | None
    lo: int
    hi: int

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return len(self.feature)

    def next_rows(self, rows: Integers, bits: Integers) -> Integers:
        """The rows that follow, for `rows` of shape (.., trees)."""
        if self.left is None or self.jump is None:
            first = np.arange(self.trees, dtype=np.int64) << self.depth
            return 2 * rows - first + bits
        return np.asarray(self.left[rows] + bits * self.jump[rows], dtype=np.int64)


def leaf_exponent(trees: Trees) -> int:
    """The exponent at which leaves and base become integers: no finer than they need."""
    values = np.concatenate([trees.leaves.reshape(-1), trees.base])
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0:
        return 0
    widest = PAYLOAD_BITS - 2 - (int(np.frexp(largest)[1]))
    widest = min(widest, MAX_LEAF_EXPONENT)
    for exponent in range(min(widest, PAYLOAD_BITS)):
        scaled = np.ldexp(values, exponent)
        if (scaled == np.floor(scaled)).all():
            return exponent
    return widest


def plant(trees: Trees, thresholds: Integers, top: int, exponent: int) -> Forest:
    """The forest of `trees`. `thresholds` are integers that no input exceeds where they are `top`.

    Raises `InvalidModel` for trees that are none.
    """
    leaves, base = (np.floor(np.ldexp(a, exponent) + 0.5).astype(np.int64) for a in (trees.leaves, trees.base))
    levels = trees.levels()
    first, payload = _leftmost(trees, levels, leaves)
    starts = np.stack([_of(root, first, leaves) for root in trees.roots.tolist()])
    lo, hi = _bounds(trees, leaves, base)
    trees_of = _trees_of(trees)
    if trees_of is not None:
        payload = payload.sum(axis=1, keepdims=True)
    depth = max(1, len(levels))
    linked_rows = 1 << (trees.features.size + int((trees.roots < 0).sum())).bit_length()
    heap = len(trees.roots) << depth <= max(HEAP_ROWS, HEAP_FACTOR * linked_rows)
    place = _heap_places(trees, levels, depth) if heap else _linked_places(trees)
    rows = len(trees.roots) << depth if heap else linked_rows
    feature, threshold = np.zeros(rows, dtype=np.int64), np.full(rows, top, dtype=np.int64)
    payloads = np.zeros((rows, payload.shape[1]), dtype=np.int64)
    feature[place], threshold[place], payloads[place] = trees.features, thresholds, payload
    left, jump = (None, None) if heap else _links(trees, place, rows)
    roots = np.arange(len(trees.roots), dtype=np.int64)
    return Forest(
        trees=len(trees.roots),
        depth=depth,
        roots=(roots << depth) + 1 if heap else roots,
        feature=feature,
        threshold=threshold,
        left=left,
        jump=jump,
        payload=payloads,
        base=base + starts.sum(axis=0),
        trees_of=trees_of,
        lo=lo,
        hi=hi,
    )


def _of(code: int, first: Integers, leaves: Integers) -> Integers:
    """The leftmost leaf below a node or leaf."""
    return np.asarray(first[code] if code >= 0 else leaves[~code])


def _leftmost(trees: Trees, levels: list[Integers], leaves: Integers) -> tuple[Integers, Integers]:
    """For each inner node its leftmost leaf and its payload, each of shape (nodes, targets)."""
    first = np.zeros((trees.features.size, trees.targets), dtype=np.int64)
    payload = np.zeros_like(first)

    def below(children: Integers) -> Integers:
        inner = children >= 0
        found = np.zeros((children.size, trees.targets), dtype=np.int64)
        found[inner], found[~inner] = first[children[inner]], leaves[~children[~inner]]
        return found

    for level in reversed(levels):
        first[level] = below(trees.left[level])
        payload[level] = below(trees.right[level]) - first[level]
    return first, payload


def _bounds(trees: Trees, leaves: Integers, base: Integers) -> tuple[int, int]:
    """Interval of all scores: base and the extreme leaves of every tree."""
    _, owner = trees.owners()
    count = len(trees.roots)
    low = np.full((count, trees.targets), np.iinfo(np.int64).max)
    high = np.full((count, trees.targets), np.iinfo(np.int64).min)
    np.minimum.at(low, owner, leaves)
    np.maximum.at(high, owner, leaves)
    return int((base + low.sum(axis=0)).min()), int((base + high.sum(axis=0)).max())


def _trees_of(trees: Trees) -> tuple[tuple[int, ...], ...] | None:
    """The trees that add to each target, if each adds to one only."""
    if trees.targets == 1:
        return (tuple(range(len(trees.roots))),)
    _, owner = trees.owners()
    used = np.zeros((len(trees.roots), trees.targets), dtype=bool)
    np.logical_or.at(used, owner, trees.leaves != 0)
    if (used.sum(axis=1) > 1).any():
        return None
    target = used.argmax(axis=1)
    return tuple(tuple(int(tree) for tree in np.flatnonzero(target == k)) for k in range(trees.targets))


def _heap_places(trees: Trees, levels: list[Integers], depth: int) -> Integers:
    place = np.zeros(trees.features.size, dtype=np.int64)
    inside = trees.roots >= 0
    index = np.zeros_like(place)
    tree = np.zeros_like(place)
    index[trees.roots[inside]] = 1
    tree[trees.roots[inside]] = np.flatnonzero(inside)
    for level in levels:
        place[level] = (tree[level] << depth) + index[level]
        for side, children in enumerate((trees.left[level], trees.right[level])):
            inner = children >= 0
            index[children[inner]] = 2 * index[level[inner]] + side
            tree[children[inner]] = tree[level[inner]]
    return place


def _linked_places(trees: Trees) -> Integers:
    """Roots first (those that are leaves keep a row without effect), then the other inner nodes."""
    place = np.full(trees.features.size, -1, dtype=np.int64)
    inside = trees.roots >= 0
    place[trees.roots[inside]] = np.flatnonzero(inside)
    rest = place < 0
    place[rest] = len(trees.roots) + np.arange(int(rest.sum()))
    return place


def _links(trees: Trees, place: Integers, rows: int) -> tuple[Integers, Integers]:
    """Columns left and jump; the last row has no effect and leads to itself, as do all rows without a node."""
    end = rows - 1
    left, jump = np.full(rows, end, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    behind = np.append(place, end)
    sides = [behind[np.where(side >= 0, side, -1)] for side in (trees.left, trees.right)]
    left[place] = sides[0]
    jump[place] = sides[1] - sides[0]
    return left, jump
