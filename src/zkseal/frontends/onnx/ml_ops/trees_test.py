"""Trees of ai.onnx.ml: what onnxruntime computes, in every form that exporters write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from zkseal.frontends.onnx import FloatSession, load

ML = "ai.onnx.ml"
RNG = np.random.default_rng(3)
X = np.concatenate([RNG.integers(-3, 4, size=(60, 3)), RNG.standard_normal((60, 3))]).astype(np.float32)


def model(op: str, outputs: Mapping[str, int], version: int, dtype: int = TensorProto.FLOAT, **attributes: Any) -> Any:
    made = helper.make_model(
        helper.make_graph(
            [helper.make_node(op, ["x"], list(outputs), name="op", domain=ML, **attributes)],
            op,
            [helper.make_tensor_value_info("x", dtype, ["n", 3])],
            [
                helper.make_tensor_value_info(name, kind, [None] if kind == TensorProto.INT64 else [None, None])
                for name, kind in outputs.items()
            ],
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(ML, version)],
    )
    made.ir_version = 8
    return made


def assert_equal(source: onnx.ModelProto, x: Any = X) -> None:
    graph = load(source)
    assert {op for op in graph.ops() if op.startswith("Tree")} == {"TreeEnsembleRegressor"}
    got = FloatSession(graph).run({"x": x})
    session = onnxruntime.InferenceSession(source.SerializeToString())
    for name, want in zip(graph.outputs, session.run(list(graph.outputs), {"x": x}), strict=True):
        np.testing.assert_allclose(got[name].reshape(want.shape), want, rtol=1e-5, atol=1e-6)


def stumps(ids: tuple[int, ...], weights: Any, mode: str = "BRANCH_LEQ", tracks: int = 0) -> dict[str, Any]:
    """Two trees of one inner node; weights of shape (2 trees, 2 leaves, ids)."""
    leaves = [(tree, node, target) for tree in (0, 1) for node in (1, 2) for target in ids]
    return {
        "nodes_treeids": [0, 0, 0, 1, 1, 1],
        "nodes_nodeids": [0, 1, 2, 0, 1, 2],
        "nodes_featureids": [0, 0, 0, 2, 0, 0],
        "nodes_values": [1.0, 0, 0, -1.0, 0, 0],
        "nodes_modes": [mode, "LEAF", "LEAF"] * 2,
        "nodes_truenodeids": [1, 0, 0] * 2,
        "nodes_falsenodeids": [2, 0, 0] * 2,
        "nodes_missing_value_tracks_true": [tracks, 0, 0] * 2,
        "class_treeids": [tree for tree, _, _ in leaves],
        "class_nodeids": [node for _, node, _ in leaves],
        "class_ids": [target for _, _, target in leaves],
        "class_weights": [float(value) for value in np.asarray(weights).reshape(-1)],
    }


def target(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("class_", "target_"): value for name, value in attributes.items()}


POSITIVE, MIXED = [[[0.1], [0.6]], [[0.2], [0.3]]], [[[-0.7], [0.6]], [[-0.2], [0.4]]]
BOTH = [[[0.3, 0.2], [-0.1, 0.6]], [[0.2, -0.4], [0.1, 0.3]]]
LABELS = {"label": TensorProto.INT64, "scores": TensorProto.FLOAT}


@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX"])
@pytest.mark.parametrize(
    ("ids", "weights", "base"),
    [
        ((0,), POSITIVE, []),
        ((0,), POSITIVE, [-0.2]),
        ((0,), MIXED, []),
        ((0,), MIXED, [0.5]),
        ((1,), POSITIVE, []),
        ((1,), MIXED, []),
        ((0, 1), BOTH, []),
        ((0, 1), BOTH, [0.25]),
    ],
)
def test_two_classes(transform: str, ids: tuple[int, ...], weights: Any, base: list[float]) -> None:
    more = {"base_values": base} if base else {}
    attributes = {**stumps(ids, weights), "classlabels_int64s": [0, 1], "post_transform": transform, **more}
    assert_equal(model("TreeEnsembleClassifier", LABELS, 3, **attributes))


@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX"])
@pytest.mark.parametrize("base", [[], [0.1, -0.4, 0.3]])
def test_three_classes(transform: str, base: list[float]) -> None:
    attributes = {**stumps((0, 1, 2), RNG.standard_normal((2, 2, 3))), "post_transform": transform}
    attributes |= {"base_values": base} if base else {}
    assert_equal(model("TreeEnsembleClassifier", LABELS, 1, **attributes, classlabels_int64s=[4, 2, 9]))


@pytest.mark.parametrize("mode", [f"BRANCH_{name}" for name in ("LEQ", "LT", "GTE", "GT", "EQ", "NEQ")])
@pytest.mark.parametrize("tracks", [0, 1])
def test_modes(mode: str, tracks: int) -> None:
    attributes = target(stumps((0,), POSITIVE, mode, tracks))
    x = X.copy()
    x[::7, 0] = np.nan
    assert_equal(model("TreeEnsembleRegressor", {"y": TensorProto.FLOAT}, 3, **attributes, n_targets=1), x)


@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE", "MIN", "MAX"])
def test_aggregates(aggregate: str) -> None:
    attributes = {**target(stumps((0,), MIXED)), "n_targets": 1, "base_values": [0.5]}
    attributes["aggregate_function"] = aggregate
    assert_equal(model("TreeEnsembleRegressor", {"y": TensorProto.FLOAT}, 1, **attributes))


def test_doubles_of_version_3() -> None:
    attributes = target(stumps((0, 1), BOTH))
    for name in ("nodes_values", "target_weights"):
        array = np.asarray(attributes.pop(name), np.float64)
        array = np.array([0.1, 0, 0, 1 / 3, 0, 0]) if name == "nodes_values" else array
        attributes[f"{name}_as_tensor"] = numpy_helper.from_array(array, name)
    x = X.astype(np.float64)
    x[:20, 0] = np.nextafter(0.1, RNG.choice([-1.0, 1.0], size=20))
    made = model("TreeEnsembleRegressor", {"y": TensorProto.FLOAT}, 3, TensorProto.DOUBLE, **attributes, n_targets=2)
    assert_equal(made, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("aggregate", [0, 1, 3])
def test_version_5(dtype: Any, aggregate: int) -> None:
    """Sets of members, a tree of one leaf, two trees that share a list of leaves."""
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))

    def tensor(values: Any, of: Any = dtype) -> onnx.TensorProto:
        return numpy_helper.from_array(np.asarray(values, of), "t")

    attributes = {
        "n_targets": 1 if aggregate == 3 else 2,
        "aggregate_function": aggregate,
        "tree_roots": [0, 2, 3],
        "nodes_featureids": [0, 1, 2, 0],
        "nodes_modes": tensor([0, 6, 6, 0], np.uint8),
        "nodes_splits": tensor([1.0, 0.0, 0.0, 0.0]),
        "nodes_truenodeids": [1, 0, 2, 0],
        "nodes_trueleafs": [0, 1, 1, 1],
        "nodes_falsenodeids": [1, 1, 0, 0],
        "nodes_falseleafs": [1, 1, 1, 1],
        "leaf_targetids": [0, 0 if aggregate == 3 else 1, 0],
        "leaf_weights": tensor([5.25, 12.0, -3.5]),
        "membership_values": tensor([2.0, -1.0, 0.0, np.nan, 1.0, np.nan]),
    }
    # onnxruntime tests members of sets after cutting fractions off; onnx's own reference does not.
    x = X.astype(dtype)
    x[:, 1:] = np.floor(x[:, 1:])
    assert_equal(model("TreeEnsemble", {"y": kind}, 5, kind, **attributes), x)


def test_forms_without_a_meaning_stay_and_are_refused_by_name() -> None:
    attributes = {**stumps((0, 1), BOTH), "classlabels_int64s": [0, 1], "base_values": [0.1, 0.2]}
    graph = load(model("TreeEnsembleClassifier", LABELS, 3, **attributes))
    assert set(graph.ops()) == {"TreeEnsembleClassifier"}
