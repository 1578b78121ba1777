"""scikit-learn's trees: decision trees, random forests, extra trees, gradient boosting, histogram gradient boosting.

All but histogram gradient boosting round entries to float32 and compare them with float64 thresholds by
x <= threshold; histogram gradient boosting compares float64 entries. Leaves are added in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidModel, UnsupportedOp
from zkseal.frontends.trees.build import NodeList, join
from zkseal.frontends.trees.graph import Link, TreeModel

__all__ = ["CLASSES", "read"]

_TREES = ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor")
_FORESTS = ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor")
_BOOSTED = ("GradientBoostingClassifier", "GradientBoostingRegressor")
_HISTOGRAM = ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")

CLASSES = frozenset((*_TREES, *_FORESTS, *_BOOSTED, *_HISTOGRAM))
"""Names of the estimators that `read` knows."""


def read(estimator: Any) -> TreeModel:
    """The trees of a fitted estimator. Raises `UnsupportedOp`, `InvalidModel`."""
    name = type(estimator).__name__
    if not (hasattr(estimator, "tree_") or hasattr(estimator, "estimators_") or hasattr(estimator, "_predictors")):
        raise InvalidModel(f"{name} is not a fitted estimator. Call its fit method first.", node=name)
    if isinstance(getattr(estimator, "classes_", None), list):
        raise _refuse(name, "it predicts several classes at once. Train one model for each")
    if name in _HISTOGRAM:
        return _histogram(estimator, name)
    if name in _BOOSTED:
        return _boosted(estimator, name)
    return _averaged(estimator, name)


def _refuse(name: str, reason: str) -> UnsupportedOp:
    return UnsupportedOp(f"{name} cannot be proved: {reason}.", op=name, node=name)


def _classes(estimator: Any) -> npt.NDArray[Any] | None:
    found = getattr(estimator, "classes_", None)
    return None if found is None else np.asarray(found)


def _accepts_missing(estimator: Any) -> bool:
    return bool(estimator.__sklearn_tags__().input_tags.allow_nan)


def _averaged(estimator: Any, name: str) -> TreeModel:
    """A tree, or the mean of the trees of a forest."""
    members = [estimator] if name in _TREES else list(estimator.estimators_)
    classes = _classes(estimator)
    lists = []
    for member in members:
        values = member.tree_.value
        # (nodes, outputs, classes): shares of one output's classes, or one number for each output of a regressor.
        leaves = values[:, 0, :] if classes is not None else values[:, :, 0]
        if classes is not None:
            leaves = leaves / leaves.sum(axis=1, keepdims=True)
        lists.append(_list(member.tree_, leaves / len(members)))
    width = lists[0].values.shape[1]
    missing = _accepts_missing(estimator)
    return TreeModel(
        name=name,
        trees=join(lists, np.zeros(width), strict=False, dtype="float64", accepts_missing=missing),
        features=int(estimator.n_features_in_),
        dtype="float32",
        link="identity" if classes is None else "shares",
        classes=classes,
    )


def _list(tree: Any, values: npt.NDArray[np.float64]) -> NodeList:
    """One of scikit-learn's `Tree` objects, with these values of its nodes."""
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
    return NodeList(
        tree.children_left, tree.children_right, np.maximum(tree.feature, 0), tree.threshold, missing, values
    )


def _at_target(values: npt.NDArray[np.float64], target: int, width: int) -> npt.NDArray[np.float64]:
    wide = np.zeros((len(values), width))
    wide[:, target] = values
    return wide


def _boosted(estimator: Any, name: str) -> TreeModel:
    width = int(estimator.estimators_.shape[1])
    if estimator.init_ != "zero" and type(estimator.init_).__name__ not in ("DummyClassifier", "DummyRegressor"):
        raise _refuse(name, "it starts from another model (init). Train with init=None or init='zero'")
    base = _start(estimator)
    lists = [
        _list(member.tree_, _at_target(member.tree_.value[:, 0, 0] * float(estimator.learning_rate), target, width))
        for stage in estimator.estimators_
        for target, member in enumerate(stage)
    ]
    trees = join(lists, base, strict=False, dtype="float64", accepts_missing=False)
    classes = _classes(estimator)
    links: dict[int, Link] = {1: "logistic"}
    factor = 2.0 if getattr(estimator, "loss", "") == "exponential" else 1.0
    return TreeModel(
        name=name,
        trees=trees.scaled(factor),
        features=int(estimator.n_features_in_),
        dtype="float32",
        link="identity" if classes is None else links.get(width, "softmax"),
        classes=classes,
        zero_is_second=True,
    )


def _start(estimator: Any) -> npt.NDArray[np.float64]:
    """What every score starts with: it is the same for all inputs."""
    blank = np.zeros((1, int(estimator.n_features_in_)), dtype=np.float32)
    return np.asarray(estimator._raw_predict_init(blank), dtype=np.float64).reshape(-1)


def _histogram(estimator: Any, name: str) -> TreeModel:
    if getattr(estimator, "is_categorical_", None) is not None:
        raise _refuse(name, "it splits by categories. Encode categories as numbers or one-hot before training")
    width = int(estimator.n_trees_per_iteration_)
    lists = [
        _histogram_list(predictor.nodes, target, width)
        for stage in estimator._predictors
        for target, predictor in enumerate(stage)
    ]
    classes = _classes(estimator)
    base = np.broadcast_to(np.asarray(estimator._baseline_prediction, dtype=np.float64).reshape(-1), (width,))
    return TreeModel(
        name=name,
        trees=join(lists, base, strict=False, dtype="float64", accepts_missing=True),
        features=int(estimator.n_features_in_),
        dtype="float64",
        link=_histogram_link(estimator, name, classes is not None, width),
        classes=classes,
    )


def _histogram_link(estimator: Any, name: str, classifier: bool, width: int) -> Link:
    if classifier:
        return "logistic" if width == 1 else "softmax"
    links: dict[str, Link] = {"poisson": "exp", "gamma": "exp"}
    loss = estimator.loss
    if loss not in ("squared_error", "absolute_error", "quantile", *links):
        raise _refuse(name, f"its loss {loss} is not known. Train with loss='squared_error'")
    return links.get(loss, "identity")


def _histogram_list(nodes: Any, target: int, width: int) -> NodeList:
    leaf = nodes["is_leaf"].astype(bool)

    def children(side: str) -> Sequence[int]:
        return np.where(leaf, -1, nodes[side].astype(np.int64)).tolist()  # type: ignore[no-any-return]

    return NodeList(
        left=children("left"),
        right=children("right"),
        features=np.where(leaf, 0, nodes["feature_idx"]),
        thresholds=np.where(leaf, 0.0, nodes["num_threshold"]),
        missing_left=nodes["missing_go_to_left"],
        values=_at_target(nodes["value"], target, width),
    )
