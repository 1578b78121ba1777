"""Nodes of trees that lowering does not have, written with those that it has; and version 5 as version 3.

x = v is x <= v and not x < v; x is in a set if it equals one of its members, asked in ascending order. A missing entry
(NaN) takes the way that the original node sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["expand_splits", "of_version_5"]

_MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER")
_EXPANDED = frozenset({"BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER"})
_AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")
_TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")

MAX_NODES = 1 << 20
"""Trees that would have more nodes after expansion are an error: equalities repeat the branches behind them."""


@dataclass(frozen=True)
class _Leaf:
    weights: tuple[tuple[int, float], ...]
    """(target, weight)"""


@dataclass(frozen=True)
class _Split:
    """`values`: the threshold, or the members of a set. Branches are made when they are asked for."""

    feature: int
    mode: str
    values: tuple[float, ...]
    tracks: int
    true: Callable[[], _Tree]
    false: Callable[[], _Tree]

    def simple(self) -> _Split:
        """The same decision by <= and <."""
        if self.mode not in _EXPANDED:
            return self
        true, false, tracks = self.true, self.false, self.tracks
        if self.mode == "BRANCH_NEQ":
            true, false, tracks = self.false, self.true, 0
        first, *rest = sorted(set(self.values)) if self.values else (float("nan"),)
        if np.isnan(first):  # nothing equals it, nothing is a member
            return _Split(self.feature, "BRANCH_LT", (float("-inf"),), tracks, true, false)
        otherwise = _made(_Split(self.feature, "BRANCH_MEMBER", tuple(rest), 0, true, false)) if rest else false
        not_less = _made(_Split(self.feature, "BRANCH_LT", (first,), 0, false, true))
        return _Split(self.feature, "BRANCH_LEQ", (first,), tracks, not_less, otherwise)


_Tree = _Leaf | _Split


def _made(tree: _Tree) -> Callable[[], _Tree]:
    return lambda: tree


@dataclass
class _Lists:
    """Attributes of a TreeEnsembleRegressor while trees are written into them."""

    nodes: list[tuple[int, int, int, float, str, int, int, int]] = field(default_factory=list)
    weights: list[tuple[int, int, int, float]] = field(default_factory=list)

    def write(self, number: int, root: _Tree) -> None:
        """Appends tree `number`; its nodes are numbered as they are reached."""
        start, pending = len(self.nodes), [root]
        for node, tree in enumerate(_growing(pending)):
            if start + node >= MAX_NODES:
                raise ValueError("too many nodes after equalities were written as comparisons")
            if isinstance(tree, _Leaf):
                self.nodes.append((number, node, 0, 0.0, "LEAF", 0, 0, 0))
                self.weights += [(number, node, target, weight) for target, weight in tree.weights]
                continue
            split = tree.simple()
            true, false = len(pending), len(pending) + 1
            pending += [split.true(), split.false()]
            self.nodes.append((number, node, split.feature, split.values[0], split.mode, true, false, split.tracks))

    def attributes(self, dtype: npt.DTypeLike, *, tracks: bool) -> dict[str, Any]:
        """The lists under their names."""
        names = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
        columns = list(zip(*self.nodes, strict=True))
        found = {f"nodes_{name}": column for name, column in zip(names, columns, strict=False)}
        if tracks:
            found["nodes_missing_value_tracks_true"] = columns[-1]
        for name, column in zip(("treeids", "nodeids", "ids", "weights"), zip(*self.weights, strict=True), strict=True):
            found[f"target_{name}"] = column
        return _typed(found, np.dtype(dtype))


def _growing(items: list[_Tree]) -> Iterator[_Tree]:
    """All items of a list that grows meanwhile."""
    position = 0
    while position < len(items):
        yield items[position]
        position += 1


def _typed(found: dict[str, Any], dtype: np.dtype[Any]) -> dict[str, Any]:
    """Doubles travel in tensors."""
    if dtype == np.float64:
        for name in ("nodes_values", "target_weights"):
            found[f"{name}_as_tensor"] = np.asarray(found.pop(name), np.float64)
    return found


def expand_splits(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Attributes of a TreeEnsembleRegressor (version 3) without equalities. Raises `ValueError`, `KeyError`."""
    if not _EXPANDED & set(attributes.get("nodes_modes", ())):
        return attributes
    doubles = attributes.get("nodes_values_as_tensor")
    values = attributes.get("nodes_values", ()) if doubles is None else doubles.tolist()
    weights = attributes.get("target_weights_as_tensor", attributes.get("target_weights", ()))
    keys = list(zip(attributes["nodes_treeids"], attributes["nodes_nodeids"], strict=True))
    place = {key: index for index, key in enumerate(keys)}
    leaves: dict[tuple[int, int], list[tuple[int, float]]] = {}
    lists = (attributes[f"target_{name}"] for name in ("treeids", "nodeids", "ids"))
    for tree, node, target, weight in zip(*lists, np.asarray(weights).tolist(), strict=True):
        leaves.setdefault((tree, node), []).append((target, weight))
    tracks = attributes.get("nodes_missing_value_tracks_true") or (0,) * len(keys)

    def at(key: tuple[int, int]) -> _Tree:
        k = place[key]
        if attributes["nodes_modes"][k] == "LEAF":
            return _Leaf(tuple(leaves.get(key, ())))
        true, false = ((key[0], attributes[f"nodes_{side}nodeids"][k]) for side in ("true", "false"))
        mode, feature = attributes["nodes_modes"][k], attributes["nodes_featureids"][k]
        return _Split(feature, mode, (values[k],), tracks[k], lambda: at(true), lambda: at(false))

    written = _Lists()
    for number in dict.fromkeys(attributes["nodes_treeids"]):
        written.write(number, at(next(key for key in keys if key[0] == number)))
    kept = {name: value for name, value in attributes.items() if not name.startswith(("nodes_", "target_"))}
    dtype = np.float32 if doubles is None else np.float64
    return kept | written.attributes(dtype, tracks="nodes_missing_value_tracks_true" in attributes)


def of_version_5(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of TreeEnsemble (version 5) as those of TreeEnsembleRegressor (version 3), without equalities.

    In version 5 all trees share one list of nodes and one of leaves; a tree of one leaf is a node with one leaf twice.
    """
    splits, modes = (np.asarray(attributes[f"nodes_{name}"]).reshape(-1) for name in ("splits", "modes"))
    weights = np.asarray(attributes["leaf_weights"]).reshape(-1)
    members = _member_sets(modes, np.asarray(attributes.get("membership_values", ())).reshape(-1))
    tracks = attributes.get("nodes_missing_value_tracks_true") or (0,) * len(modes)

    def at(index: int, is_leaf: int) -> _Tree:
        if is_leaf:
            return _Leaf(((int(attributes["leaf_targetids"][index]), float(weights[index])),))
        values = members.get(index, (float(splits[index]),))
        true, false = (
            (attributes[f"nodes_{side}nodeids"][index], attributes[f"nodes_{side}leafs"][index])
            for side in ("true", "false")
        )
        feature, mode = int(attributes["nodes_featureids"][index]), _MODES[int(modes[index])]
        return _Split(feature, mode, values, int(tracks[index]), lambda: at(*true), lambda: at(*false))

    written = _Lists()
    for number, root in enumerate(attributes["tree_roots"]):
        written.write(number, at(int(root), 0))
    return {
        **written.attributes(splits.dtype, tracks="nodes_missing_value_tracks_true" in attributes),
        "n_targets": int(attributes.get("n_targets", 1)),
        "aggregate_function": _AGGREGATES[int(attributes.get("aggregate_function", 1))],
        "post_transform": _TRANSFORMS[int(attributes.get("post_transform", 0))],
    }


def _member_sets(modes: npt.NDArray[Any], listed: npt.NDArray[Any]) -> dict[int, tuple[float, ...]]:
    """The members that each BRANCH_MEMBER node asks for: in `listed`, NaN ends each set."""
    ends = np.flatnonzero(np.isnan(listed)) if listed.size else np.zeros(0, dtype=int)
    sets = np.split(listed, ends + 1)
    asking = np.flatnonzero(modes == _MODES.index("BRANCH_MEMBER"))
    found = {}
    for node, values in zip(asking.tolist(), sets, strict=False):
        found[node] = tuple(float(value) for value in values if not np.isnan(value))
    return found
