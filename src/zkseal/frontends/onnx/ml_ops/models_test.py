"""ai.onnx.ml as exporters of scikit-learn write it: SVMs, imputers, encoders; against onnxruntime."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from zkseal.errors import DynamicShape
from zkseal.frontends.onnx import FloatSession, load

pytest.importorskip("sklearn")
skl2onnx = pytest.importorskip("skl2onnx")

from sklearn import svm  # noqa: E402

ML = "ai.onnx.ml"
RNG = np.random.default_rng(0)
X = (RNG.standard_normal((80, 4)) * [1, 2, 1, 0.5] + [3, 0, -5, 0]).astype(np.float32)
TWO = (X[:, 0] * X[:, 1] > 0).astype(int)
THREE = TWO + (X[:, 2] > -5)
KERNELS = ("linear", "rbf", "poly", "sigmoid")


def exported(estimator: Any) -> onnx.ModelProto:
    options = {id(estimator): {"zipmap": False}} if hasattr(estimator, "classes_") else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: onnx.ModelProto = skl2onnx.to_onnx(estimator, X[:1], options=options)
    return made


def assert_equal(source: onnx.ModelProto, feeds: dict[str, Any], *, atol: float = 1e-5) -> set[str]:
    graph = load(source)
    got = FloatSession(graph).run(feeds)
    session = onnxruntime.InferenceSession(source.SerializeToString())
    for name, want in zip(graph.outputs, session.run(list(graph.outputs), feeds), strict=True):
        np.testing.assert_allclose(got[name], want, rtol=1e-4, atol=atol)
    left = {op for op in graph.ops() if onnx.defs.has(op, ML)}
    assert left <= {"Scaler"}
    return set(graph.ops())


def fit(estimator: Any, target: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, target)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("target", [TWO, THREE], ids=["two", "three"])
def test_classifier(kernel: str, target: Any) -> None:
    assert_equal(exported(fit(svm.SVC(kernel=kernel), target)), {"X": X}, atol=1e-3)


def test_probabilities_of_two_classes() -> None:
    """onnxruntime comes to them by an iteration that it stops early, at 0.005 / 2."""
    assert_equal(exported(fit(svm.SVC(probability=True, random_state=0), TWO)), {"X": X}, atol=5e-3)


def test_the_label_of_three_classes_needs_no_probabilities() -> None:
    source = exported(fit(svm.SVC(probability=True, random_state=0), THREE))
    with pytest.raises(DynamicShape):
        load(source)
    graph = load(source, outputs="label")
    assert "SVMClassifier" not in graph.ops()
    want = onnxruntime.InferenceSession(source.SerializeToString()).run(["label"], {"X": X})[0]
    np.testing.assert_array_equal(FloatSession(graph).run({"X": X})["label"], want)


@pytest.mark.parametrize("kernel", KERNELS)
def test_regressor(kernel: str) -> None:
    assert_equal(exported(fit(svm.SVR(kernel=kernel), X[:, 0] ** 2)), {"X": X}, atol=1e-4)


def test_one_class() -> None:
    assert_equal(exported(fit(svm.OneClassSVM(), None)), {"X": X})


def single(op: str, inputs: dict[str, tuple[int, Any]], kind: int, rank: int, **attributes: Any) -> onnx.ModelProto:
    made = helper.make_model(
        helper.make_graph(
            [helper.make_node(op, list(inputs), ["y"], name="op", domain=ML, **attributes)],
            op,
            [helper.make_tensor_value_info(name, elem, shape) for name, (elem, shape) in inputs.items()],
            [helper.make_tensor_value_info("y", kind, [None] * rank)],
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(ML, 3)],
    )
    made.ir_version = 8
    return made


FLOAT, INT64 = int(TensorProto.FLOAT), int(TensorProto.INT64)
WHOLE = np.floor(X).astype(np.int64)


def test_binarizer() -> None:
    assert_equal(single("Binarizer", {"x": (FLOAT, ["n", 4])}, FLOAT, 2, threshold=0.25), {"x": X})


def test_feature_vectorizer() -> None:
    inputs = {"a": (FLOAT, [5, 4]), "b": (FLOAT, [5, 2])}
    source = single("FeatureVectorizer", inputs, FLOAT, 2, inputdimensions=[4, 2])
    assert_equal(source, {"a": X[:5], "b": X[5:10, :2]})


@pytest.mark.parametrize("replaced", [-5.0, float("nan")])
def test_imputer_of_floats(replaced: float) -> None:
    values = [1.5, -2.5, 0.0, 7.0]
    source = single(
        "Imputer", {"x": (FLOAT, ["n", 4])}, FLOAT, 2, imputed_value_floats=values, replaced_value_float=replaced
    )
    assert_equal(source, {"x": np.where(RNG.random(X.shape) < 0.3, np.float32(replaced), X)})


def test_imputer_of_integers() -> None:
    source = single("Imputer", {"x": (INT64, ["n", 4])}, INT64, 2, imputed_value_int64s=[9], replaced_value_int64=-5)
    assert_equal(source, {"x": WHOLE})


@pytest.mark.parametrize("x", [WHOLE[:, 0], X[:, 0]], ids=["integers", "floats"])
def test_one_hot_encoder(x: Any) -> None:
    kind = INT64 if x.dtype == np.int64 else FLOAT
    source = single("OneHotEncoder", {"x": (kind, ["n"])}, FLOAT, 2, cats_int64s=[3, 1, 4], zeros=1)
    assert_equal(source, {"x": x})


@pytest.mark.parametrize("default", [{}, {"default_float": 0.1}])
def test_label_encoder_of_numbers(default: dict[str, float]) -> None:
    attributes = {"keys_int64s": [2, 4, 3], "values_floats": [0.3, -7.5, 1e-3], **default}
    assert_equal(single("LabelEncoder", {"x": (INT64, ["n", 4])}, FLOAT, 2, **attributes), {"x": WHOLE})


def test_label_encoder_to_integers() -> None:
    attributes = {"keys_floats": [2.0, 4.5], "values_int64s": [10, 20]}
    x = np.where(X > 3, np.float32(4.5), np.where(X > 0, np.float32(2.0), X))
    assert_equal(single("LabelEncoder", {"x": (FLOAT, ["n", 4])}, INT64, 2, **attributes), {"x": x})


def test_entries_by_index() -> None:
    source = single("ArrayFeatureExtractor", {"x": (FLOAT, ["n", 4]), "index": (INT64, [3])}, FLOAT, 2)
    del source.graph.input[1]
    source.graph.initializer.append(onnx.numpy_helper.from_array(np.array([3, 0, 3]), "index"))
    assert_equal(source, {"x": X})
