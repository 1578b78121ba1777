"""Trees: the same leaf as onnxruntime for every float, and every lie rejected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zkseal.errors import InvalidModel, RangeExceeded, UnsupportedOp, WrongInput
from zkseal.frontends.onnx import FloatSession
from zkseal.graph import Graph, Node, Value
from zkseal.graph.trees import TREES, Trees
from zkseal.lowering import Program, lower
from zkseal.lowering.blocks import forest as forests
from zkseal.lowering.harness_test import calibrated, rng_of, verify
from zkseal.quantize import Calibration


def random_trees(seed: int, *, count: int, depth: int, features: int, **changes: Any) -> Trees:
    """Trees of different shapes, some of them a single leaf, whose leaves are multiples of 2^-10."""
    rng = rng_of(seed)
    targets, dtype = changes.pop("targets", 1), changes.pop("dtype", "float32")
    left: list[int] = []
    right: list[int] = []
    leaves: list[list[float]] = []

    def grow(level: int) -> int:
        if level == depth or rng.random() < 0.2:
            leaves.append((rng.integers(-2000, 2000, size=targets) / 1024).tolist())
            return -len(leaves)
        node = len(left)
        left.append(0)
        right.append(0)
        left[node], right[node] = grow(level + 1), grow(level + 1)
        return node

    roots = [grow(0) for _ in range(count)]
    nodes = len(left)
    thresholds = rng.normal(size=nodes).astype(dtype).astype(np.float64)
    trees = Trees(
        roots=np.array(roots),
        features=rng.integers(features, size=nodes),
        thresholds=thresholds,
        strict=rng.random(nodes) < 0.3,
        left=np.array(left, dtype=np.int64),
        right=np.array(right, dtype=np.int64),
        missing_left=rng.random(nodes) < 0.5,
        leaves=np.array(leaves),
        base=rng.integers(-8, 8, size=targets) / 4.0,
        dtype=dtype,
        accepts_missing=False,
    )
    return replace(trees, **changes)


def graph_of_trees(trees: Trees, rows: int, features: int, dtype: str = "float32") -> Graph:
    values = {"x": Value("x", (rows, features), dtype), "y": Value("y", (rows, trees.targets), "float32")}
    node = Node("n0", TREES, ("x",), ("y",), trees.attributes())
    return Graph("trees", (values["x"],), ("y",), values, {}, (node,))


def samples_of(trees: Trees, rows: int, features: int, dtype: str = "float32") -> list[dict[str, npt.NDArray[Any]]]:
    """Inputs of which many entries are thresholds, or their neighbours."""
    rng, kind = rng_of(1), np.dtype(dtype).type
    found = []
    for _ in range(12):
        x = rng.normal(size=(rows, features)).astype(dtype)
        for k in rng.integers(trees.features.size, size=features) if trees.features.size else ():
            t = kind(trees.thresholds[k])
            x[:, trees.features[k]] = rng.choice([t, np.nextafter(t, kind(np.inf)), np.nextafter(t, kind(-np.inf))])
        found.append({"x": x})
    return found


def exact(trees: Trees, rows: int, features: int, dtype: str = "float32", **visibility: Any) -> Program:
    graph = graph_of_trees(trees, rows, features, dtype)
    samples = samples_of(trees, rows, features, dtype)
    program = verify(graph, samples=samples, tolerance=0.0, **visibility)
    assert program.inputs[0].order == dtype
    assert "no threshold is rounded" in program.notes[0]
    return program


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rows", [1, 3])
def test_sums_of_leaves_are_exact(seed: int, rows: int) -> None:
    trees = random_trees(seed, count=5, depth=4, features=6)
    exact(trees, rows, 6, outputs="private" if seed % 2 else "public")


@pytest.mark.parametrize(("count", "depth"), [(1, 1), (2, 0), (1, 3)])
def test_few_and_shallow_trees(count: int, depth: int) -> None:
    exact(random_trees(1, count=count, depth=depth, features=2), 1, 2)


def test_linked_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forests, "HEAP_FACTOR", 0)
    monkeypatch.setattr(forests, "HEAP_ROWS", 0)
    for seed in range(3):
        program = exact(random_trees(seed, count=4, depth=6, features=5), 2, 5)
        assert "y/jump/column" in program.parameters


def test_deep_trees_are_linked() -> None:
    depth = 16
    chain = np.arange(depth)
    trees = Trees(
        roots=np.zeros(1, dtype=np.int64),
        features=np.zeros(depth, dtype=np.int64),
        thresholds=np.linspace(-1.0, 1.0, depth),
        strict=np.zeros(depth, dtype=bool),
        left=~chain,
        right=np.where(chain + 1 < depth, chain + 1, ~depth),
        missing_left=np.zeros(depth, dtype=bool),
        leaves=np.arange(depth + 1.0)[:, np.newaxis],
        base=np.zeros(1),
        dtype="float64",
        accepts_missing=False,
    )
    program = exact(trees, 1, 1, "float64")
    assert program.parameters["y/feature/column"].shape == (32,)


def test_targets_of_their_own_trees() -> None:
    trees = random_trees(0, count=7, depth=3, features=4, targets=3)
    _, owner = trees.owners()
    alone = np.eye(3)[owner % 3] * trees.leaves
    program = exact(replace(trees, leaves=alone), 2, 4, outputs="private")
    assert "y/payload_1/column" not in program.parameters


@pytest.mark.parametrize("targets", [2, 9])
def test_trees_that_add_to_all_targets(targets: int) -> None:
    exact(random_trees(3, count=3, depth=3, features=4, targets=targets), 1, 4)


def test_doubles_are_compared_as_doubles() -> None:
    for seed in range(2):
        program = exact(random_trees(seed, count=4, depth=3, features=3, dtype="float64"), 1, 3, "float64")
        assert "y/threshold_high/column" in program.parameters


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_missing_entries_take_the_learned_way(dtype: str) -> None:
    trees = random_trees(2, count=5, depth=4, features=4, dtype=dtype, accepts_missing=True)
    graph = graph_of_trees(trees, 2, 4, dtype)
    samples = samples_of(trees, 2, 4, dtype)
    for k, sample in enumerate(samples):
        sample["x"][rng_of(k).random((2, 4)) < 0.4] = np.nan
    verify(graph, samples=samples, tolerance=0.0)


def test_public_weights() -> None:
    exact(random_trees(4, count=3, depth=3, features=3), 1, 3, weights="public", inputs="public")


def test_the_score_may_be_read_twice() -> None:
    trees = random_trees(5, count=4, depth=3, features=3)
    graph = graph_of_trees(trees, 1, 3)
    values = {**graph.values, "z": Value("z", (1, 1), "float32"), "r": Value("r", (1, 1), "float32")}
    nodes = (*graph.nodes, Node("n1", "Relu", ("y",), ("z",)), Node("n2", "Add", ("y", "z"), ("r",)))
    verify(replace(graph, values=values, nodes=nodes, outputs=("z", "r")), samples=samples_of(trees, 1, 3))


def test_softmax_of_scores_needs_no_finer_tables_than_usual() -> None:
    trees = random_trees(9, count=4, depth=3, features=3, targets=3)
    graph = graph_of_trees(replace(trees, leaves=trees.leaves / 3), 1, 3)
    values = {**graph.values, "p": Value("p", (1, 3), "float32"), "k": Value("k", (1,), "int64")}
    softmax = Node("n1", "Softmax", ("y",), ("p",), {"axis": 1})
    label = Node("n2", "ArgMax", ("y",), ("k",), {"axis": 1, "keepdims": 0})
    graph = replace(graph, values=values, nodes=(*graph.nodes, softmax, label), outputs=("k", "p"))
    program = verify(graph, samples=samples_of(trees, 1, 3))
    assert program.relation.cost.table_rows < 4096


def test_computed_numbers_are_compared_in_their_steps() -> None:
    trees = random_trees(6, count=3, depth=3, features=4)
    graph = graph_of_trees(trees, 1, 4)
    values = {**graph.values, "h": Value("h", (1, 4), "float32")}
    nodes = (Node("n1", "Relu", ("x",), ("h",)), replace(graph.nodes[0], inputs=("h",)))
    rng = rng_of(0)
    samples = [{"x": (rng.integers(-40, 40, size=(1, 4)) / 16).astype(np.float32)} for _ in range(8)]
    program = verify(replace(graph, values=values, nodes=nodes), samples=samples, tolerance=0.0)
    assert f"{len(trees.thresholds)} of {len(trees.thresholds)} thresholds are rounded" in program.notes[0]


def test_inputs_that_have_no_code_are_refused() -> None:
    program = calibrated(*fitted(random_trees(7, count=2, depth=2, features=2), "float32"))
    with pytest.raises(WrongInput, match="NaN"):
        program.predict({"x": np.array([[np.nan, 0]])})
    with pytest.raises(RangeExceeded) as caught:
        program.predict({"x": np.array([[0, 1e39]])})
    assert caught.value.value == 1e39
    program = calibrated(*fitted(random_trees(7, count=2, depth=2, features=2, dtype="float64"), "float64"))
    for number in (2.0**-256, 1e90, np.inf):
        with pytest.raises(RangeExceeded):
            program.predict({"x": np.array([[0.0, number]])})


def fitted(trees: Trees, dtype: str) -> tuple[Graph, list[dict[str, npt.NDArray[Any]]]]:
    graph = graph_of_trees(trees, 1, 2, dtype)
    return graph, samples_of(trees, 1, 2, dtype)


@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"])
@pytest.mark.parametrize("tracks", [0, 1])
@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE"])
def test_modes_of_nodes_as_onnxruntime_reads_them(mode: str, tracks: int, aggregate: str) -> None:
    attributes = {
        "nodes_treeids": (0, 0, 0, 1),
        "nodes_nodeids": (0, 1, 2, 0),
        "nodes_featureids": (0, 0, 0, 0),
        "nodes_values": (0.5, 0.0, 0.0, 0.0),
        "nodes_modes": (mode, "LEAF", "LEAF", "LEAF"),
        "nodes_truenodeids": (1, 0, 0, 0),
        "nodes_falsenodeids": (2, 0, 0, 0),
        "nodes_missing_value_tracks_true": (tracks, 0, 0, 0),
        "target_treeids": (0, 0, 1),
        "target_nodeids": (1, 2, 0),
        "target_ids": (0, 0, 0),
        "target_weights": (1.0, 2.0, 8.0),
        "base_values": (0.5,),
        "n_targets": 1,
        "aggregate_function": aggregate,
        "post_transform": "NONE",
    }
    values = {"x": Value("x", (1, 1), "float32"), "y": Value("y", (1, 1), "float32")}
    graph = Graph("m", (values["x"],), ("y",), values, {}, (Node("n0", TREES, ("x",), ("y",), attributes),))
    samples = [{"x": np.array([[x]], np.float32)} for x in (0.25, 0.5, 0.75, np.nan)]
    verify(graph, samples=samples, tolerance=0.0)


def test_written_trees_are_read_back() -> None:
    trees = random_trees(8, count=3, depth=3, features=3, targets=2, accepts_missing=True)
    node = Node("n0", TREES, ("x",), ("y",), trees.attributes())
    again = replace(graph_of_trees(trees, 1, 3), nodes=(replace(node, attributes=Trees.of(node).attributes()),))
    samples = samples_of(trees, 40, 3)
    for sample in samples:
        expected = FloatSession(graph_of_trees(trees, 1, 3), threads=1).run(sample)["y"]
        np.testing.assert_array_equal(FloatSession(again, threads=1).run(sample)["y"], expected)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"nodes_modes": ("BRANCH_EQ", "LEAF", "LEAF")}, UnsupportedOp),
        ({"aggregate_function": "MAX"}, UnsupportedOp),
        ({"post_transform": "SOFTMAX"}, UnsupportedOp),
        ({"nodes_featureids": (5, 0, 0)}, UnsupportedOp),
        ({"nodes_truenodeids": (7, 0, 0)}, InvalidModel),
        ({"nodes_truenodeids": (0, 0, 0)}, InvalidModel),
        ({"nodes_values": (0.5,)}, InvalidModel),
        ({"target_nodeids": (0, 2)}, InvalidModel),
    ],
)
def test_what_is_no_tree_is_refused(change: dict[str, Any], error: type[Exception]) -> None:
    trees = random_trees(1, count=1, depth=1, features=1)
    attributes = {
        "nodes_treeids": (0, 0, 0),
        "nodes_nodeids": (0, 1, 2),
        "nodes_featureids": (0, 0, 0),
        "nodes_values": (0.5, 0.0, 0.0),
        "nodes_modes": ("BRANCH_LEQ", "LEAF", "LEAF"),
        "nodes_truenodeids": (1, 0, 0),
        "nodes_falsenodeids": (2, 0, 0),
        "target_treeids": (0, 0),
        "target_nodeids": (1, 2),
        "target_ids": (0, 0),
        "target_weights": (1.0, 2.0),
        "n_targets": 1,
    }
    graph, samples = fitted(trees, "float32")
    good = calibrated(graph, samples).relation
    assert good.tables
    broken = replace(graph, nodes=(replace(graph.nodes[0], attributes={**attributes, **change}),))
    with pytest.raises(error):
        lower(broken, Calibration.from_arrays({"y": np.zeros((1, 1))}))
