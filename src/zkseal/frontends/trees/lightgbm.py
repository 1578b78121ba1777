"""LightGBM: boosters and scikit-learn wrappers, from the dictionary that a booster dumps of itself.

LightGBM compares float64 entries by x <= threshold and adds float64 leaves. What it does with missing entries (NaN)
each node says: 'NaN' sends them where it learned to, 'None' takes them for 0, 'Zero' takes 0 for missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from zkseal.errors import InvalidModel, UnsupportedOp
from zkseal.frontends.trees.build import NodeList, join
from zkseal.frontends.trees.graph import Link, TreeModel

__all__ = ["read", "read_document"]

_LINKS: dict[str, Link] = {
    "binary": "logistic",
    "cross_entropy": "logistic",
    "xentropy": "logistic",
    "multiclass": "softmax",
    "multiclassova": "logistic",
    "regression": "identity",
    "regression_l1": "identity",
    "huber": "identity",
    "fair": "identity",
    "quantile": "identity",
    "mape": "identity",
    "poisson": "exp",
    "gamma": "exp",
    "tweedie": "exp",
    "lambdarank": "identity",
    "rank_xendcg": "identity",
}

_ZERO = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold: numbers up to this one count as zero where zero counts as missing."""


def read(estimator: Any) -> TreeModel:
    """The trees of a fitted estimator or a Booster. Raises `UnsupportedOp`, `InvalidModel`."""
    name = type(estimator).__name__
    return read_document(_booster(estimator, name).dump_model(), name, getattr(estimator, "classes_", None))


def read_document(document: Mapping[str, Any], name: str, labels: Any = None) -> TreeModel:
    """The trees of a dumped model; `labels`: its classes (None: numbers). Raises as `read`, and `KeyError`."""
    if bool(document.get("average_output")) and document.get("objective") is None:
        raise _refuse(name, "it does not say its objective. Train with a standard one")
    objective, options = _objective(document, name)
    every = document["tree_info"]
    if not every:
        raise InvalidModel(f"{name} has no trees. Train it with at least one round.", node=name)
    width = int(document["num_tree_per_iteration"])
    lists = [_tree(tree["tree_structure"], k % width, width, name) for k, tree in enumerate(every)]
    trees = join(lists, np.zeros(width), strict=False, dtype="float64", accepts_missing=True)
    rounds = len(every) // width if document.get("average_output") else 1
    classes = None
    if objective == "binary" or objective.startswith("multiclass"):
        classes = np.arange(max(width, 2)) if labels is None else np.asarray(labels)
    return TreeModel(
        name=name,
        trees=trees.scaled(float(options.get("sigmoid", 1.0)) / rounds),
        features=int(document["max_feature_idx"]) + 1,
        dtype="float64",
        link=_LINKS[objective],
        classes=classes,
    )


def _refuse(name: str, reason: str) -> UnsupportedOp:
    return UnsupportedOp(f"{name} (LightGBM) cannot be proved: {reason}.", op=name, node=name)


def _booster(estimator: Any, name: str) -> Any:
    if hasattr(estimator, "dump_model"):
        return estimator
    try:
        return estimator.booster_
    except Exception as error:  # NotFittedError of a library that is not imported here
        raise InvalidModel(f"{name} is not a fitted estimator. Call its fit method first.", node=name) from error


def _objective(document: Mapping[str, Any], name: str) -> tuple[str, dict[str, str]]:
    """The objective and its options: 'binary sigmoid:1' is ('binary', {'sigmoid': '1'})."""
    words = str(document.get("objective", "")).split()
    objective = words[0] if words else ""
    if objective not in _LINKS or "sqrt" in words[1:]:
        known = ", ".join(_LINKS)
        raise _refuse(name, f"its objective {' '.join(words) or 'of its own'} is not known. Train with one of {known}")
    return objective, dict(word.split(":", 1) for word in words[1:] if ":" in word)


def _tree(root: Mapping[str, Any], target: int, width: int, name: str) -> NodeList:
    nodes = [root]
    left: list[int] = []
    right: list[int] = []
    for node in nodes:  # grows while it is read
        if "split_feature" in node:
            left.append(len(nodes))
            right.append(len(nodes) + 1)
            nodes += [node["left_child"], node["right_child"]]
        else:
            left.append(-1)
            right.append(-1)
            if "leaf_const" in node or "leaf_coeff" in node:
                raise _refuse(name, "its leaves are linear functions. Train with linear_tree=False")
    missing_left = [_missing_left(node, name) for node in nodes]
    values = np.zeros((len(nodes), width))
    values[:, target] = [float(node.get("leaf_value", 0.0)) for node in nodes]
    return NodeList(
        left=left,
        right=right,
        features=[int(node.get("split_feature", 0)) for node in nodes],
        thresholds=[float(node.get("threshold", 0.0)) for node in nodes],
        missing_left=missing_left,
        values=values,
    )


def _missing_left(node: Mapping[str, Any], name: str) -> bool:
    if "split_feature" not in node:
        return False
    if node["decision_type"] != "<=":
        raise _refuse(name, "it splits by categories. Encode categories as numbers or one-hot before training")
    threshold, learned = float(node["threshold"]), bool(node["default_left"])
    zero_left = threshold >= 0.0
    if node["missing_type"] == "Zero" and (learned != zero_left or abs(threshold) < _ZERO):
        raise _refuse(name, "it takes zeros for missing. Train with zero_as_missing=False")
    return learned if node["missing_type"] == "NaN" else zero_left
