"""XGBoost: boosters and scikit-learn wrappers, from the JSON document that a booster writes of itself.

The document's fields: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html. XGBoost compares float32
entries by x < threshold, sends missing ones (NaN) where it learned to, and adds float32 leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidModel, UnsupportedOp
from zkseal.frontends.trees.build import NodeList, join
from zkseal.frontends.trees.graph import Link, TreeModel
from zkseal.json_text import parse_json

__all__ = ["read", "read_document"]

_LINKS: dict[str, Link] = {
    "binary:logistic": "logistic",
    "binary:logitraw": "identity",
    "multi:softprob": "softmax",
    "multi:softmax": "softmax",
    "reg:squarederror": "identity",
    "reg:squaredlogerror": "identity",
    "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity",
    "reg:quantileerror": "identity",
    "reg:logistic": "logistic",
    "count:poisson": "exp",
    "reg:gamma": "exp",
    "reg:tweedie": "exp",
    "rank:pairwise": "identity",
    "rank:ndcg": "identity",
    "rank:map": "identity",
}


def read(estimator: Any) -> TreeModel:
    """The trees of a fitted estimator or a Booster. Raises `UnsupportedOp`, `InvalidModel`."""
    name = type(estimator).__name__
    booster, rounds = _booster(estimator, name)
    return read_document(parse_json(bytes(booster.save_raw("json"))), name, rounds)


def read_document(whole: Mapping[str, Any], name: str, rounds: int | None = None) -> TreeModel:
    """The trees of a saved model; `rounds`: how many of them count (None: all). Raises as `read`, and `KeyError`."""
    document = whole["learner"]
    objective = str(document["objective"]["name"])
    if objective not in _LINKS:
        raise _refuse(name, f"its objective {objective} is not known. Train with one of {', '.join(_LINKS)}")
    trees, targets = _chosen(document, rounds, name)
    base = _margins(_numbers(document["learner_model_param"]["base_score"]), objective)
    width = max(len(base), max(targets, default=0) + 1)
    lists = [_tree(tree, target, width, weight, name) for tree, target, weight in trees]
    count = int(document["learner_model_param"]["num_class"])
    classes = np.arange(max(count, 2)) if objective.startswith(("multi:", "binary:logistic")) else None
    return TreeModel(
        name=name,
        trees=join(lists, np.broadcast_to(base, width), strict=True, dtype="float32", accepts_missing=True),
        features=int(document["learner_model_param"]["num_feature"]),
        dtype="float32",
        link=_LINKS[objective],
        classes=classes,
    )


def _refuse(name: str, reason: str) -> UnsupportedOp:
    return UnsupportedOp(f"{name} (XGBoost) cannot be proved: {reason}.", op=name, node=name)


def _booster(estimator: Any, name: str) -> tuple[Any, int | None]:
    """The booster, and how many rounds of it count (None: all)."""
    if not hasattr(estimator, "get_booster"):
        return estimator, None
    try:
        booster = estimator.get_booster()
    except Exception as error:  # NotFittedError of a library that is not imported here
        raise InvalidModel(f"{name} is not a fitted estimator. Call its fit method first.", node=name) from error
    if getattr(estimator, "early_stopping_rounds", None) is None:
        return booster, None
    return booster, int(estimator.best_iteration) + 1


def _chosen(
    document: Mapping[str, Any], rounds: int | None, name: str
) -> tuple[list[tuple[Mapping[str, Any], int, float]], list[int]]:
    """(tree, target, weight) of the trees that count, and their targets."""
    booster = document["gradient_booster"]
    weights: list[float] | None = None
    if booster["name"] == "dart":
        weights = [float(weight) for weight in booster["weight_drop"]]
        booster = booster["gbtree"]
    elif booster["name"] != "gbtree":
        raise _refuse(name, f"its booster {booster['name']} has no trees. Use booster='gbtree'")
    model = booster["model"]
    every, targets = model["trees"], [int(target) for target in model["tree_info"]]
    last = len(every)
    if rounds is not None:
        last = int(model["iteration_indptr"][min(rounds, len(model["iteration_indptr"]) - 1)])
    if last == 0:
        raise InvalidModel(f"{name} has no trees. Train it with at least one round.", node=name)
    chosen = [(every[k], targets[k], 1.0 if weights is None else weights[k]) for k in range(last)]
    return chosen, targets[:last]


def _numbers(text: Any) -> npt.NDArray[np.float64]:
    """A number, or a list of them, in the text form of the document."""
    found = parse_json(text) if isinstance(text, str) else text
    return np.asarray(found, dtype=np.float32).astype(np.float64).reshape(-1)


def _margins(base_score: npt.NDArray[np.float64], objective: str) -> npt.NDArray[np.float64]:
    """base_score is on the scale of predictions; scores start with its inverse link, in float32."""
    link = _LINKS[objective]
    if link == "logistic":
        return np.asarray(-np.log(1.0 / base_score - 1.0), dtype=np.float64)
    return np.log(base_score) if link == "exp" else base_score


def _tree(tree: Mapping[str, Any], target: int, width: int, weight: float, name: str) -> NodeList:
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise _refuse(name, "its leaves are vectors. Train with multi_strategy='one_output_per_tree'")
    if any(int(kind) for kind in tree["split_type"]):
        raise _refuse(name, "it splits by categories. Encode categories as numbers or one-hot before training")
    conditions = np.asarray(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    values = np.zeros((conditions.size, width))
    values[:, target] = conditions * weight
    return NodeList(
        left=tree["left_children"],
        right=tree["right_children"],
        features=tree["split_indices"],
        thresholds=conditions,
        missing_left=tree["default_left"],
        values=values,
    )
