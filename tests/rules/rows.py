"""What looks at whole rows: Softmax, normalization, maxima and their places, TopK, trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.rules.drawn import SAMPLES, Drawn, Rng, draws, eighths, graph_with, shape

from zkseal.graph import Graph, Node, Value
from zkseal.graph.masking import MASKED_SOFTMAX
from zkseal.graph.trees import TREES
from zkseal.lowering.harness_test import f32
from zkseal.lowering.rules.tree_ensemble_test import graph_of_trees, random_trees, samples_of


@draws("Softmax", "LogSoftmax")
def softmax(op: str, rng: Rng) -> Drawn:
    """Along any axis."""
    source = shape(rng, 1, 3, largest=5)
    node = (op, ["x"], ["y"], {"axis": int(rng.integers(-len(source), len(source)))})
    return graph_with(rng, [node], {"x": lambda: f32(rng.normal(scale=2.0, size=source))})


@draws(MASKED_SOFTMAX)
def masked(op: str, rng: Rng) -> Drawn:
    """Rows with a hole, as exporters write attention masks."""
    source = (int(rng.integers(1, 4)), int(rng.integers(2, 6)))
    hole = np.zeros(source[1])
    hole[int(rng.integers(source[1]))] = rng.choice([-1e4, -1e9])
    nodes = [("Add", ["x", "m"], ["t"]), ("Softmax", ["t"], ["y"])]
    entries = {"x": lambda: f32(rng.normal(scale=2.0, size=source))}
    return graph_with(rng, nodes, entries, constants={"m": f32(hole)})


@draws("Hardmax", "ArgMax", "ArgMin")
def largest(op: str, rng: Rng) -> Drawn:
    """Ties are common: the first or the last counts."""
    source = shape(rng, 1, 3, largest=5)
    attributes: dict[str, Any] = {"axis": int(rng.integers(-len(source), len(source)))}
    if op != "Hardmax":
        attributes |= {"keepdims": int(rng.integers(2)), "select_last_index": int(rng.integers(2))}
    return graph_with(rng, [(op, ["x"], ["y"], attributes)], {"x": lambda: eighths(rng, -1, 1, source)})


@draws("TopK")
def top_k(op: str, rng: Rng) -> Drawn:
    """The largest or the smallest, with their places."""
    source = shape(rng, 1, 3, largest=5)
    axis = int(rng.integers(len(source)))
    attributes = {"axis": axis, "largest": int(rng.integers(2))}
    constants = {"k": np.asarray([rng.integers(1, source[axis] + 1)])}
    entries = {"x": lambda: eighths(rng, -1, 1, source)}
    return graph_with(rng, [(op, ["x", "k"], ["y", "i"], attributes)], entries, ["y", "i"], constants=constants)


@draws("LayerNormalization", "RMSNormalization")
def normalization(op: str, rng: Rng) -> Drawn:
    """Rows of their own mean and spread; scales are nodes of their own."""
    source = (*shape(rng, 1, 2), int(rng.integers(2, 7)))
    ones = np.ones(source[-1], np.float32)
    values = {name: Value(name, s, "float32") for name, s in (("x", source), ("y", source), ("ones", ones.shape))}
    node = Node("n0", op, ("x", "ones"), ("y",), {"axis": -1, "epsilon": 1e-5})
    graph = Graph("rows", (values["x"],), ("y",), values, {"ones": ones}, (node,))
    return Drawn(graph, [{"x": f32(3.0 * rng.normal(size=source))} for _ in range(SAMPLES)])


@draws(TREES)
def trees(op: str, rng: Rng) -> Drawn:
    """Thresholds and their neighbours among the entries; sums of leaves are exact."""
    features, rows = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    seed, targets = int(rng.integers(1 << 30)), int(rng.integers(1, 3))
    drawn = random_trees(seed, count=int(rng.integers(2, 5)), depth=3, features=features, targets=targets)
    samples = samples_of(drawn, rows, features)[: 2 * SAMPLES]
    return Drawn(graph_of_trees(drawn, rows, features), samples, tolerance=0.0)
