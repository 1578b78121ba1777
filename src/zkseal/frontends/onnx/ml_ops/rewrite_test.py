"""Operators of ai.onnx.ml: the plain form computes what onnxruntime computes for the original."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from zkseal.frontends.onnx import FloatSession, load

ML = "ai.onnx.ml"


def single(op: str, outputs: dict[str, tuple[int, int]], **attributes: Any) -> onnx.ModelProto:
    """One operator on x of shape (n, 3); `outputs` gives element type and rank by name."""
    graph = helper.make_graph(
        [helper.make_node(op, ["x"], list(outputs), name="op", domain=ML, **attributes)],
        op,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info(name, kind, [None] * rank) for name, (kind, rank) in outputs.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(ML, 1)])
    made.ir_version = 8
    return made


def assert_equal(source: onnx.ModelProto, x: Any) -> set[str]:
    session = onnxruntime.InferenceSession(source.SerializeToString())
    graph = load(source)
    got = FloatSession(graph).run({"x": x})
    for name, want in zip(graph.outputs, session.run(list(graph.outputs), {"x": x}), strict=True):
        np.testing.assert_allclose(got[name], want, rtol=1e-5, atol=1e-6)
    return set(graph.ops())


X = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
FLOAT, INT = (TensorProto.FLOAT, 2), (TensorProto.INT64, 1)


def test_scaler_stays_one_affine_node() -> None:
    source = single("Scaler", {"y": FLOAT}, offset=[1.0, 0.5, -2.0], scale=[2.0, 0.1, 3.0])
    assert assert_equal(source, X) == {"Scaler"}


@pytest.mark.parametrize("norm", ["L1", "L2", "MAX"])
def test_normalizer(norm: str) -> None:
    assert "Normalizer" not in assert_equal(single("Normalizer", {"y": FLOAT}, norm=norm), X)


def test_linear_regressor() -> None:
    attributes = {"coefficients": [1.0, 2.0, 3.0, -1.0, 0.5, 0.25], "intercepts": [0.5, -0.5], "targets": 2}
    assert assert_equal(single("LinearRegressor", {"y": FLOAT}, **attributes), X) == {"Gemm"}


@pytest.mark.parametrize("labels", [[0, 1, 2], [7, 3, 5]])
@pytest.mark.parametrize("transform", ["NONE", "SOFTMAX", "LOGISTIC"])
def test_linear_classifier(labels: list[int], transform: str) -> None:
    rng = np.random.default_rng(1)
    source = single(
        "LinearClassifier",
        {"label": INT, "scores": FLOAT},
        classlabels_ints=labels,
        coefficients=rng.standard_normal(9).tolist(),
        intercepts=rng.standard_normal(3).tolist(),
        post_transform=transform,
    )
    found = assert_equal(source, X)
    assert "LinearClassifier" not in found
    assert ("Gather" in found) == (labels != [0, 1, 2])


def test_linear_classifier_of_two_classes_has_one_score() -> None:
    weight = [1.0, -2.0, 0.5]
    source = single(
        "LinearClassifier",
        {"label": INT, "scores": FLOAT},
        classlabels_ints=[0, 1],
        coefficients=[-item for item in weight] + weight,
        intercepts=[-0.25, 0.25],
        post_transform="LOGISTIC",
    )
    assert_equal(source, X)
    gemm = next(node for node in load(source).nodes if node.op == "Gemm")
    assert load(source).values[gemm.outputs[0]].shape == (1, 1)


def test_string_labels_become_indices_with_a_note() -> None:
    source = single(
        "LinearClassifier",
        {"label": (TensorProto.STRING, 1), "scores": FLOAT},
        classlabels_strings=["no", "yes", "maybe"],
        coefficients=np.random.default_rng(2).standard_normal(9).tolist(),
        intercepts=[0.1, 0.2, 0.3],
        post_transform="NONE",
    )
    want = onnxruntime.InferenceSession(source.SerializeToString()).run(["label"], {"x": X})[0]
    graph = load(source)
    got = FloatSession(graph).run({"x": X})["label"]
    assert [["no", "yes", "maybe"][index] for index in got] == list(want)
    assert "['no', 'yes', 'maybe']" in graph.notes[0]


def test_zip_map_becomes_its_tensor() -> None:
    nodes = [
        helper.make_node("Softmax", ["x"], ["p"], axis=1),
        helper.make_node("ZipMap", ["p"], ["zipped"], domain=ML, classlabels_int64s=[0, 1, 2]),
    ]
    kind = helper.make_sequence_type_proto(
        helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    )
    graph = helper.make_graph(
        nodes,
        "zip",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_value_info("zipped", kind)],
    )
    source = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(ML, 1)])
    source.ir_version = 8
    loaded = load(source)
    assert (loaded.outputs, loaded.ops()) == (("zipped",), {"Softmax": 1})
    np.testing.assert_allclose(FloatSession(loaded).run({"x": X})["zipped"].sum(axis=1), 1.0, rtol=1e-5)
