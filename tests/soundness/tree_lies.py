"""Two small trees, lowered in each of their forms, and lies about the paths through them.

    0: x0 <= 0.5 ? (x1 <= 0 ? 1 : 2) : (x2 <= 1 ? 4 : 8)        1: x2 <= 0.25 ? 16 : (x0 <= 2 ? 32 : 64)

For x = (0.75, -1, 0.5, 3) the turns are right, left in both; the score is 4 + 32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from unittest import mock

import numpy as np

from zkseal.graph import Graph, Node, Value
from zkseal.graph.trees import TREES, Trees
from zkseal.lowering.blocks import forest as forests
from zkseal.lowering.harness_test import calibrated
from zkseal.lowering.rules.tree_ensemble import TreePaths
from zkseal.quantize.ordered import ORDERS

from .programs import OPTIONS, PROGRAMS, Arrays, Lowered

Forge = Callable[[Lowered, Arrays], Mapping[str, object]]


def trees(*, missing: bool) -> Trees:
    return Trees(
        roots=np.array([0, 3]),
        features=np.array([0, 1, 2, 2, 0]),
        thresholds=np.array([0.5, 0.0, 1.0, 0.25, 2.0]),
        strict=np.zeros(5, dtype=bool),
        left=np.array([1, ~0, ~2, ~4, ~5]),
        right=np.array([2, ~1, ~3, 4, ~6]),
        missing_left=np.full(5, missing),
        leaves=2.0 ** np.arange(7)[:, np.newaxis],
        base=np.zeros(1),
        dtype="float32",
        accepts_missing=missing,
    )


def lowered_trees(*, missing: bool = False, linked: bool = False, rows: int = 1) -> Lowered:
    values = {"x": Value("x", (rows, 4), "float32"), "y": Value("y", (rows, 1), "float32")}
    node = Node("n0", TREES, ("x",), ("y",), trees(missing=missing).attributes())
    graph = Graph("trees", (values["x"],), ("y",), values, {}, (node,))
    sample = {"x": np.array([[0.75, np.nan if missing else -1.0, 0.5, 3.0]] * rows, np.float32)}
    most = 0 if linked else 1 << 15
    with mock.patch.multiple(forests, HEAP_ROWS=most, HEAP_FACTOR=most):
        program = calibrated(graph, [sample], OPTIONS, outputs="private")
    return Lowered(program, dict(program.run(sample).tensors))


def path(**lies: tuple[int, int]) -> Forge:
    """All hints of paths on which single ones are lied about: hint = (position as tree * depth + level, value).

    What comes after a lie follows from it honestly; a turn is taken by the entry and threshold that the path has.
    """
    return lambda found, honest: _path(found, honest, lies)


def _path(found: Lowered, honest: Arrays, lies: Mapping[str, tuple[int, int]]) -> Mapping[str, object]:
    step = next(s for s in found.program.steps if isinstance(s, TreePaths))
    forest, entries = step.forest, honest.get("y/entries", honest["x"]).reshape(-1)
    hints: dict[str, list[int]] = {}
    score = int(forest.base[0])
    for tree, root in enumerate(forest.roots.tolist()):
        node = root
        for level in range(forest.depth):
            position = tree * forest.depth + level

            def told(name: str, value: int, position: int = position) -> int:
                lied, instead = lies.get(name, (-1, 0))
                value = instead if lied == position else value
                hints.setdefault(f"y/{name}", []).append(value)
                return value

            node = told("node", node)
            row = {name: told(name, int(column.integers[node])) for name, column in step.columns.items()}
            entry = told("entry", int(entries[row["feature"]]))
            right = told("right", int(entry > row["threshold"]))
            score += right * row["payload_0"]
            if "left" in row:
                node = row["left"] + right * row["jump"]
            else:
                node = 2 * node - (tree << forest.depth) + right
    return {**hints, "y": score}


def entries(position: int, value: int, missing: Mapping[int, int]) -> Forge:
    """One entry of the table of features, and bits of missing ones, that are not as they are; paths follow."""

    def forge(found: Lowered, honest: Arrays) -> Mapping[str, object]:
        table, bits = honest["y/entries"].copy(), honest["y/missing"].copy()
        table.flat[position] = value
        for index, bit in missing.items():
            bits.flat[index] = bit
        return {**_path(found, {**honest, "y/entries": table}, {}), "y/entries": table, "y/missing": bits}

    return forge


def code(number: float) -> int:
    """The code of a float32."""
    return int(ORDERS["float32"].encode(number))


def score(amount: int) -> Forge:
    """A score beside the sum of the paths."""
    return lambda _found, honest: {"y": honest["y"] + amount}


PROGRAMS.update(
    {
        "trees": lowered_trees,
        "linked trees": lambda: lowered_trees(linked=True),
        "trees with missing entries": lambda: lowered_trees(missing=True),
    }
)

NAN, LEAST = ORDERS["float32"].hi, ORDERS["float32"].lo

TREE_LIES: tuple[tuple[str, str, str, Forge], ...] = (
    ("trees", "left in place of right", "n0/range_0/top", path(right=(0, 0))),
    ("trees", "right in place of left", "n0/range_0/top", path(right=(1, 1))),
    ("trees", "a turn that is no bit", "n0/zero_0", path(right=(0, 2))),
    ("trees", "feature of another node", "n0/lookup_0", path(feature=(0, 1))),
    ("trees", "threshold of another node", "n0/lookup_0", path(threshold=(0, code(2.0)))),
    ("trees", "payload of another node", "n0/lookup_0", path(payload_0=(0, 4))),
    ("trees", "entry of another feature", "n0/lookup_1", path(entry=(2, code(3.0)))),
    ("trees", "a feature that the input lacks", "n0/lookup_0", path(feature=(0, 3))),
    ("trees", "start at another row", "n0/zero_1", path(node=(0, 2))),
    ("trees", "next row is the other child", "n0/zero_2", path(node=(1, 2))),
    ("trees", "next row of another tree", "n0/zero_2", path(node=(3, 3))),
    ("trees", "score beside its payloads", "n0/zero_3", score(1)),
    ("linked trees", "left in place of right", "n0/range_0/top", path(right=(0, 0))),
    ("linked trees", "link of another row", "n0/lookup_0", path(left=(0, 1))),
    ("linked trees", "jump of another row", "n0/lookup_0", path(jump=(0, 0))),
    ("linked trees", "next row behind no link", "n0/zero_2", path(node=(3, 1))),
    ("linked trees", "start at another root", "n0/zero_1", path(node=(2, 0))),
    ("trees with missing entries", "missing entry taken for a number", "n0/range_0/top", entries(5, NAN, {1: 0})),
    (
        "trees with missing entries",
        "number taken for missing",
        "n0/zero_1",
        entries(7, code(3.0) + LEAST - NAN, {3: 1}),
    ),
    ("trees with missing entries", "missing that is no bit", "n0/zero_0", entries(5, NAN + 2 * (LEAST - NAN), {1: 2})),
    ("trees with missing entries", "entry beside the input", "n0/zero_2", entries(3, code(2.0), {})),
    ("trees with missing entries", "second entry beside the input", "n0/zero_3", entries(6, code(2.0), {})),
)
"""(program, what, defence, forge) of each lie."""
