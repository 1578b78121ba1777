"""scikit-learn models: graphs of plain operators that answer as `predict` and `predict_proba` do."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
import pytest

from zkseal.errors import InvalidModel, MissingDependency, UnsupportedOp
from zkseal.frontends.onnx import FloatSession
from zkseal.frontends.sklearn import load

pytest.importorskip("sklearn")
pytest.importorskip("skl2onnx")

from sklearn import linear_model, neural_network, pipeline, preprocessing, svm, tree

RNG = np.random.default_rng(0)
X = (RNG.standard_normal((120, 6)) * [1, 2, 5, 0.1, 1, 3] + [0, 1, 20, 0, -3, 0]).astype(np.float32)
TWO = (X[:, 0] + X[:, 1] > 1).astype(int)
THREE = np.digitize(X[:, 0] + X[:, 1], [0.0, 2.0])
TARGET = X @ np.arange(6) * 0.1

PLAIN = {"Scaler", "Gemm", "Relu", "Tanh", "Sigmoid", "Softmax", "ArgMax", "Sub", "Add", "Mul", "Concat", "Cast"}
PLAIN |= {"Reshape", "Gather", "Clip"}


def fit(estimator: Any, target: Any, scaler: Any = None) -> Any:
    whole = estimator if scaler is None else pipeline.make_pipeline(scaler, estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return whole.fit(X, target)


def mlp(**options: Any) -> Any:
    return neural_network.MLPClassifier((7, 5), max_iter=30, random_state=0, **options)


CLASSIFIERS = {
    "mlp of two classes": lambda: fit(mlp(), TWO, preprocessing.StandardScaler()),
    "mlp of three classes": lambda: fit(mlp(), THREE, preprocessing.MinMaxScaler()),
    "mlp with tanh": lambda: fit(mlp(activation="tanh"), THREE, preprocessing.RobustScaler()),
    "mlp with labels 3, 5, 9": lambda: fit(mlp(), np.array([3, 5, 9])[THREE], preprocessing.StandardScaler()),
    "logistic of two classes": lambda: fit(linear_model.LogisticRegression(), TWO, preprocessing.StandardScaler()),
    "logistic of three classes": lambda: fit(linear_model.LogisticRegression(), THREE, preprocessing.StandardScaler()),
    "logistic behind clipped scaling": lambda: fit(
        linear_model.LogisticRegression(), TWO, preprocessing.MinMaxScaler(clip=True)
    ),
}

REGRESSORS = {
    "linear": lambda: fit(linear_model.LinearRegression(), TARGET),
    "ridge": lambda: fit(linear_model.Ridge(), TARGET, preprocessing.StandardScaler()),
    "two targets": lambda: fit(linear_model.LinearRegression(), np.stack([TARGET, -TARGET], axis=1)),
    "mlp": lambda: fit(
        neural_network.MLPRegressor(hidden_layer_sizes=(8,), max_iter=30, random_state=0),
        TARGET,
        preprocessing.StandardScaler(),
    ),
}


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_classifier(kind: str) -> None:
    estimator = CLASSIFIERS[kind]()
    graph = load(estimator)
    assert set(graph.ops()) <= PLAIN
    assert graph.outputs == ("label", "probabilities")
    found = FloatSession(graph, threads=1).run({"X": X})
    np.testing.assert_array_equal(found["label"], estimator.predict(X))
    np.testing.assert_allclose(found["probabilities"], estimator.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_logits_of_a_classifier(kind: str) -> None:
    estimator = CLASSIFIERS[kind]()
    graph = load(estimator, outputs="logits")
    assert not {"Softmax", "Sigmoid", "ArgMax"} & set(graph.ops())
    logits = FloatSession(graph, threads=1).run({"X": X})["logits"].astype(np.float64)
    wanted = estimator.predict_proba(X)
    if logits.shape[1] == 1:
        probabilities = 1 / (1 + np.exp(-logits[:, 0]))
        wanted = wanted[:, 1]
    else:
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, wanted, atol=1e-5)


@pytest.mark.parametrize("kind", REGRESSORS)
def test_regressor(kind: str) -> None:
    estimator = REGRESSORS[kind]()
    for outputs in (None, "logits"):
        graph = load(estimator, outputs=outputs)
        assert set(graph.ops()) <= PLAIN
        found = FloatSession(graph, threads=1).run({"X": X})[graph.outputs[0]]
        want = estimator.predict(X)
        np.testing.assert_allclose(found.reshape(want.shape), want, rtol=1e-4, atol=1e-4)


def test_a_classifier_without_probabilities_has_scores() -> None:
    estimator = fit(svm.LinearSVC(), THREE, preprocessing.StandardScaler())
    found = FloatSession(load(estimator), threads=1).run({"X": X})
    np.testing.assert_array_equal(found["label"], estimator.predict(X))
    np.testing.assert_allclose(found["probabilities"], estimator.decision_function(X), atol=1e-4)


def test_string_classes_become_indices() -> None:
    names = np.array(["bad", "good"])
    for estimator in (mlp(), linear_model.LogisticRegression()):
        fitted = fit(estimator, names[TWO], preprocessing.StandardScaler())
        graph = load(fitted)
        found = FloatSession(graph, threads=1).run({"X": X})["label"]
        np.testing.assert_array_equal(names[found], fitted.predict(X))
        assert "['bad', 'good']" in graph.notes[0]


def test_label_alone_needs_no_softmax() -> None:
    graph = load(CLASSIFIERS["mlp of three classes"](), outputs="label")
    assert graph.outputs == ("label",)
    assert "Softmax" not in graph.ops()


def test_logits_and_label_together() -> None:
    graph = load(CLASSIFIERS["mlp of three classes"](), outputs=["label", "logits"])
    found = FloatSession(graph, threads=1).run({"X": X})
    assert graph.outputs == ("label", "logits")
    np.testing.assert_array_equal(found["label"], found["logits"].argmax(axis=1))


def test_not_fitted() -> None:
    with pytest.raises(InvalidModel):
        load(mlp())
    with pytest.raises(InvalidModel):
        load(mlp(), n_features=6)


def test_model_without_linear_layer() -> None:
    with pytest.raises(UnsupportedOp):
        load(fit(tree.DecisionTreeClassifier(), TWO), outputs="logits")


def test_missing_library_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise ImportError(name)

    estimator = CLASSIFIERS["logistic of two classes"]()
    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(MissingDependency, match="pip install"):
        load(estimator)
