"""LightGBM's text format (`save_model("model.txt")`) as the dictionary that `dump_model` gives.

A file has a header of `key=value` lines, then a section `Tree=k` for each tree up to `end of trees`. Children are inner
nodes from 0, or leaves ~index. `decision_type` has bit 0 for categories, bit 1 for "missing to the left", and in bits 2
and 3 what counts as missing.
"""

from __future__ import annotations

from typing import Any

__all__ = ["parse"]

_MISSING = ("None", "Zero", "NaN")


def parse(text: str) -> dict[str, Any]:
    """The dictionary of a model's text. Raises `ValueError`, `KeyError`, `IndexError` if it is none."""
    if not text.startswith("tree\n"):
        raise ValueError("no LightGBM model")
    body, _, end = text.partition("\nend of trees")
    if not end and "\nTree=" in text:
        raise ValueError("the file is cut off")
    head, *sections = body.split("\nTree=")
    header = _pairs(head)
    return {
        "num_tree_per_iteration": int(header["num_tree_per_iteration"]),
        "max_feature_idx": int(header["max_feature_idx"]),
        "objective": header.get("objective", ""),
        "average_output": "average_output" in head.split("\n"),
        "tree_info": [{"tree_structure": _root(_pairs(section))} for section in sections],
    }


def _pairs(text: str) -> dict[str, str]:
    return {key: value for key, sign, value in (line.partition("=") for line in text.split("\n")) if sign}


def _root(tree: dict[str, str]) -> dict[str, Any]:
    """The root of a tree as nested dictionaries."""
    values = [float(word) for word in tree["leaf_value"].split()]
    extra = {"leaf_const": 0.0} if int(tree.get("is_linear", "0")) else {}
    leaves: list[dict[str, Any]] = [{"leaf_value": value, **extra} for value in values]
    count = int(tree["num_leaves"])
    if len(leaves) != count or count < 1:
        raise ValueError("a tree with another number of leaves than it says")
    if count == 1:
        return leaves[0]
    lists = {name: tree[name].split() for name in ("split_feature", "threshold", "decision_type")}
    inner = [
        _inner(int(feature), float(threshold), int(kind))
        for feature, threshold, kind in zip(*lists.values(), strict=True)
    ]
    children = {side: [int(word) for word in tree[f"{side}_child"].split()] for side in ("left", "right")}
    if len(inner) != count - 1:
        raise ValueError("a tree with another number of nodes than it says")
    # Every node but the root is a child once, or the tree would be none.
    codes = sorted(children["left"] + children["right"])
    if codes != [*range(-count, 0), *range(1, count - 1)]:
        raise ValueError("children that make no tree")
    for side, own in children.items():
        for node, child in zip(inner, own, strict=True):
            node[f"{side}_child"] = inner[child] if child >= 0 else leaves[~child]
    return inner[0]


def _inner(feature: int, threshold: float, kind: int) -> dict[str, Any]:
    return {
        "split_feature": feature,
        "threshold": threshold,
        "decision_type": "==" if kind & 1 else "<=",
        "default_left": bool(kind & 2),
        "missing_type": _MISSING[(kind >> 2) & 3],
    }
