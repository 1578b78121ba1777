"""Tree models of three libraries: graphs that answer as the estimators do."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zkseal.errors import InvalidModel, UnsupportedOp
from zkseal.frontends.onnx import FloatSession
from zkseal.frontends.trees import load, reads
from zkseal.graph import Graph
from zkseal.graph.trees import TREES

sklearn = pytest.importorskip("sklearn")
xgboost = pytest.importorskip("xgboost")
lightgbm = pytest.importorskip("lightgbm")

from sklearn import ensemble, impute, linear_model, pipeline, preprocessing, tree  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.standard_normal((300, 5)) * [1, 1e-3, 1e4, 1, 10] + [0, 0, 1e4, 0, 5]
TWO = (X[:, 0] + 1e3 * X[:, 1] + RNG.standard_normal(300) > 0).astype(int)
THREE = np.digitize(X[:, 0] + X[:, 2] / 1e4, [0.5, 1.5])
TARGET = np.exp(X[:, 0]) + X[:, 3] ** 2 + 0.1
GAPS = np.where(RNG.random(X.shape) < 0.15, np.nan, X)

XGB, LGBM = {"n_estimators": 8, "max_depth": 4, "n_jobs": 1}, {"n_estimators": 8, "verbose": -1, "n_jobs": 1}
BAGGED = {**LGBM, "boosting_type": "rf", "subsample": 0.6, "subsample_freq": 1}
SMALL = {"n_estimators": 8, "max_depth": 5, "random_state": 0}

Maker = Callable[[], Any]
CLASSIFIERS: dict[str, Maker] = {
    "decision tree": lambda: tree.DecisionTreeClassifier(max_depth=5),
    "extra tree": lambda: tree.ExtraTreeClassifier(max_depth=5),
    "random forest": lambda: ensemble.RandomForestClassifier(**SMALL),
    "grown forest": lambda: ensemble.RandomForestClassifier(8, random_state=0),
    "extra trees": lambda: ensemble.ExtraTreesClassifier(**SMALL),
    "gradient boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=8),
    "boosting from zero": lambda: ensemble.GradientBoostingClassifier(n_estimators=8, init="zero"),
    "histogram boosting": lambda: ensemble.HistGradientBoostingClassifier(max_iter=8),
    "xgboost": lambda: xgboost.XGBClassifier(**XGB),
    "xgboost dart": lambda: xgboost.XGBClassifier(**XGB, booster="dart", rate_drop=0.4),
    "xgboost forest": lambda: xgboost.XGBRFClassifier(**XGB),
    "lightgbm": lambda: lightgbm.LGBMClassifier(**LGBM),
    "lightgbm forest": lambda: lightgbm.LGBMClassifier(**BAGGED),
    "lightgbm one against all": lambda: lightgbm.LGBMClassifier(**LGBM, objective="multiclassova", num_class=3),
    "scaled forest": lambda: pipeline.make_pipeline(
        preprocessing.StandardScaler(), preprocessing.MinMaxScaler(clip=True), ensemble.RandomForestClassifier(**SMALL)
    ),
    "filled forest": lambda: pipeline.make_pipeline(
        impute.SimpleImputer(), preprocessing.StandardScaler(), ensemble.RandomForestClassifier(**SMALL)
    ),
    "scaled xgboost": lambda: pipeline.make_pipeline(preprocessing.RobustScaler(), xgboost.XGBClassifier(**XGB)),
}
REGRESSORS: dict[str, Maker] = {
    "decision tree": lambda: tree.DecisionTreeRegressor(max_depth=5),
    "random forest": lambda: ensemble.RandomForestRegressor(**SMALL),
    "gradient boosting": lambda: ensemble.GradientBoostingRegressor(n_estimators=8),
    "histogram boosting": lambda: ensemble.HistGradientBoostingRegressor(max_iter=8),
    "histogram poisson": lambda: ensemble.HistGradientBoostingRegressor(max_iter=8, loss="poisson"),
    "xgboost": lambda: xgboost.XGBRegressor(**XGB),
    "xgboost poisson": lambda: xgboost.XGBRegressor(**XGB, objective="count:poisson"),
    "xgboost tweedie": lambda: xgboost.XGBRegressor(**XGB, objective="reg:tweedie"),
    "lightgbm": lambda: lightgbm.LGBMRegressor(**LGBM),
    "lightgbm l1": lambda: lightgbm.LGBMRegressor(**LGBM, objective="l1"),
    "lightgbm gamma": lambda: lightgbm.LGBMRegressor(**LGBM, objective="gamma"),
    "lightgbm forest": lambda: lightgbm.LGBMRegressor(**BAGGED),
}


def fit(maker: Maker, x: npt.NDArray[Any], target: npt.NDArray[Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return maker().fit(x, target)


def answers(graph: Graph, x: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    return FloatSession(graph, threads=1).run({"X": x})


def compare(estimator: Any, x: npt.NDArray[Any]) -> None:
    graph = load(estimator)
    assert graph.outputs == ("label", "probabilities")
    assert graph.ops()[TREES] == 1
    found = answers(graph, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(found["label"], estimator.predict(x))
        np.testing.assert_allclose(found["probabilities"], estimator.predict_proba(x), atol=1e-6)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_classifiers(kind: str) -> None:
    if kind != "lightgbm one against all":
        compare(fit(CLASSIFIERS[kind], X, TWO), X)
    if kind != "boosting from zero":
        compare(fit(CLASSIFIERS[kind], X, THREE), X)


@pytest.mark.parametrize(
    "kind", ["decision tree", "random forest", "filled forest", "histogram boosting", "xgboost", "lightgbm"]
)
def test_missing_entries(kind: str) -> None:
    for trained in (GAPS, X):
        compare(fit(CLASSIFIERS[kind], trained, TWO), GAPS)


@pytest.mark.parametrize("kind", REGRESSORS)
def test_regressors(kind: str) -> None:
    estimator = fit(REGRESSORS[kind], X, TARGET)
    for outputs in (None, "variable"):
        found = answers(load(estimator, outputs=outputs), X)["variable"]
        np.testing.assert_allclose(found.reshape(-1), estimator.predict(X), rtol=2e-6)


def test_several_targets() -> None:
    estimator = fit(REGRESSORS["random forest"], X, np.stack([TARGET, -TARGET], axis=1))
    np.testing.assert_allclose(answers(load(estimator), X)["variable"], estimator.predict(X), rtol=2e-6)


def test_scores() -> None:
    ways: dict[str, Callable[[Any], npt.NDArray[Any]]] = {
        "xgboost": lambda e: e.predict(X, output_margin=True),
        "lightgbm": lambda e: e.predict(X, raw_score=True),
        "gradient boosting": lambda e: e.decision_function(X),
    }
    for kind, scores in ways.items():
        for target in (TWO, THREE):
            estimator = fit(CLASSIFIERS[kind], X, target)
            found = answers(load(estimator, outputs="logits"), X)["logits"]
            np.testing.assert_allclose(found.reshape(len(X), -1), scores(estimator).reshape(len(X), -1), atol=2e-6)


def test_boosters_without_a_wrapper() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(X, TWO), 6)
        second = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(X, TWO), 6)
    for booster, data in ((first, xgboost.DMatrix(X)), (second, X)):
        found = answers(load(booster), X)
        np.testing.assert_allclose(found["probabilities"][:, 1], booster.predict(data), atol=1e-6)
        np.testing.assert_array_equal(found["label"], booster.predict(data) > 0.5)


def test_rounds_after_the_best_do_not_count() -> None:
    noise = RNG.integers(2, size=300)
    held_out = (X[150:], noise[150:])
    first = xgboost.XGBClassifier(**{**XGB, "n_estimators": 60}, early_stopping_rounds=3)
    first.fit(X[:150], noise[:150], eval_set=[held_out], verbose=False)
    second = lightgbm.LGBMClassifier(**{**LGBM, "n_estimators": 60})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stop = lightgbm.early_stopping(3, verbose=False)
        second.fit(X[:150], noise[:150], eval_set=[held_out], callbacks=[stop])
    for estimator in (first, second):
        found = answers(load(estimator), X)["probabilities"]
        np.testing.assert_allclose(found, estimator.predict_proba(X), atol=1e-6)


def test_labels_of_other_kinds() -> None:
    forest = fit(CLASSIFIERS["random forest"], X, np.array([3, 5, 9])[THREE])
    np.testing.assert_array_equal(answers(load(forest), X)["label"], forest.predict(X))
    names = np.array(["no", "yes"])
    named = fit(CLASSIFIERS["lightgbm"], X, names[TWO])
    graph = load(named, outputs="label")
    np.testing.assert_array_equal(names[answers(graph, X)["label"]], named.predict(X))
    assert "['no', 'yes']" in graph.notes[0]


def test_thresholds_behind_scalers_are_met_exactly() -> None:
    estimator = fit(CLASSIFIERS["scaled forest"], X, TWO)
    graph = load(estimator, outputs="probabilities")
    thresholds = np.asarray(next(n for n in graph.nodes if n.op == TREES).attributes["nodes_values_as_tensor"])
    features = np.asarray(next(n for n in graph.nodes if n.op == TREES).attributes["nodes_featureids"])
    for step in (-np.inf, 0.0, np.inf):
        x = np.repeat(X[:1], thresholds.size, axis=0)
        inside = np.isfinite(thresholds)
        x[inside, features[inside]] = np.nextafter(thresholds, step)[inside] if step else thresholds[inside]
        np.testing.assert_allclose(answers(graph, x)["probabilities"], estimator.predict_proba(x), atol=1e-6)


def categories() -> Any:
    codes = np.stack([RNG.integers(6, size=300).astype(float), X[:, 0]], axis=1)
    return lightgbm.LGBMClassifier(**LGBM, min_data_per_group=1, cat_smooth=0.0).fit(
        codes, codes[:, 0] % 2 == 0, categorical_feature=[0]
    )


REFUSED: dict[str, tuple[Maker, type[Exception]]] = {
    "not fitted, sklearn": (lambda: ensemble.RandomForestClassifier(), InvalidModel),
    "not fitted, xgboost": (lambda: xgboost.XGBClassifier(), InvalidModel),
    "not fitted, lightgbm": (lambda: lightgbm.LGBMClassifier(), InvalidModel),
    "linear booster": (lambda: xgboost.XGBRegressor(booster="gblinear").fit(X, TARGET), UnsupportedOp),
    "hinge": (lambda: xgboost.XGBClassifier(objective="binary:hinge").fit(X, TWO), UnsupportedOp),
    "linear leaves": (lambda: lightgbm.LGBMRegressor(**LGBM, linear_tree=True).fit(X, TARGET), UnsupportedOp),
    "zero as missing": (
        lambda: lightgbm.LGBMRegressor(**LGBM, zero_as_missing=True).fit(np.maximum(X, 0), TARGET),
        UnsupportedOp,
    ),
    "categories": (categories, UnsupportedOp),
    "histogram categories": (
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=3, categorical_features=[0]).fit(
            np.maximum(np.floor(X[:, :2]), 0) % 5, TWO
        ),
        UnsupportedOp,
    ),
    "initial model": (
        lambda: ensemble.GradientBoostingRegressor(n_estimators=3, init=linear_model.LinearRegression()).fit(X, TARGET),
        UnsupportedOp,
    ),
    "several outputs": (
        lambda: ensemble.RandomForestClassifier(3).fit(X, np.stack([TWO, THREE], axis=1)),
        UnsupportedOp,
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_with_a_remedy(kind: str) -> None:
    maker, error = REFUSED[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = maker()
    assert reads(estimator)
    with pytest.raises(error, match=r"(Train|Encode|Use|Call) "):
        load(estimator)


def test_unknown_outputs() -> None:
    estimator = fit(CLASSIFIERS["decision tree"], X, TWO)
    for outputs in ("nothing", [], ["label", "label"]):
        with pytest.raises(InvalidModel):
            load(estimator, outputs=outputs)


def test_other_models_are_not_for_this_reader() -> None:
    assert not reads(linear_model.LogisticRegression())
    assert not reads(pipeline.make_pipeline(preprocessing.PolynomialFeatures(), tree.DecisionTreeClassifier()))
    assert not reads("model.onnx")
