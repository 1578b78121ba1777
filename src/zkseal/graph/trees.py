"""Ensembles of decision trees as arrays, and as the attributes of a TreeEnsembleRegressor (`ai.onnx.ml`, version 3).

It is the one tree operator that graphs have: frontends write classifiers, and what they do to the scores, as a
TreeEnsembleRegressor and plain operators behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidModel, UnsupportedOp
from zkseal.graph.types import Graph, Node, Value

__all__ = ["TREES", "ComparedInput", "Trees", "compared_inputs"]

TREES = "TreeEnsembleRegressor"

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_FLOATS = ("float32", "float64")
_LEAF = "LEAF"
_SWAPPED = ("BRANCH_GT", "BRANCH_GTE")
_STRICT = ("BRANCH_LT", "BRANCH_GTE")
_MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT")


@dataclass(frozen=True, eq=False)
class Trees:
    """The sum of `roots.size` trees and `base`.

    An input x goes from an inner node to `left` if x[feature] <= threshold (< where `strict`), else to `right`; a
    missing one (NaN) goes to the left where `missing_left`. Children and roots are inner nodes i >= 0 or leaves ~k < 0.

    - `features`, `thresholds`, `strict`, `left`, `right`, `missing_left`: one entry for each inner node.
    - `leaves`: float64 of shape (leaves, targets); `base`: of shape (targets,).
    - `dtype`: float type in which the model compares, "float32" or "float64".
    - `accepts_missing`: whether NaN is an input that the model knows an answer to.
    """

    roots: Integers
    features: Integers
    thresholds: npt.NDArray[np.float64]
    strict: Booleans
    left: Integers
    right: Integers
    missing_left: Booleans
    leaves: npt.NDArray[np.float64]
    base: npt.NDArray[np.float64]
    dtype: str
    accepts_missing: bool

    @property
    def targets(self) -> int:
        """Scores for each input."""
        return int(self.base.size)

    def levels(self) -> list[Integers]:
        """Inner nodes by depth, roots first. Raises `InvalidModel` if a node is reached on two ways, or on none."""
        found, current = [], self.roots[self.roots >= 0]
        seen = np.zeros(self.features.size, dtype=bool)
        while current.size:
            if seen[current].any() or np.unique(current).size != current.size:
                raise InvalidModel("A node of a tree ensemble is reached on two ways: it is no tree. Export it again.")
            seen[current] = True
            found.append(current)
            children = np.concatenate([self.left[current], self.right[current]])
            current = children[children >= 0]
        if not seen.all():
            raise InvalidModel("A node of a tree ensemble is reached from no root. Export it again.")
        return found

    def scaled(self, factor: float) -> Trees:
        """The same trees with leaves and base times `factor`."""
        return replace(self, leaves=self.leaves * factor, base=self.base * factor)

    def attributes(self) -> dict[str, Any]:
        """Of a TreeEnsembleRegressor that sums; inner nodes are numbered before leaves, in one list for each tree."""
        tree_of, leaf_tree = self.owners()
        inner, leaves = self.features.size, len(self.leaves)

        def number(child: int) -> int:
            return int(child) if child >= 0 else inner + ~int(child)

        rows, columns = np.nonzero(self.leaves)
        bare = np.setdiff1d(np.arange(leaves), rows)
        rows, columns = np.concatenate([rows, bare]), np.concatenate([columns, np.zeros_like(bare)])
        # onnxruntime takes the first node of each tree for its root.
        order = np.argsort(np.concatenate([tree_of, leaf_tree]), kind="stable")
        roots = np.array([number(root) for root in self.roots])
        is_root = np.isin(order, roots)
        trees = np.concatenate([tree_of, leaf_tree])
        order = order[np.lexsort((~is_root, trees[order]))]
        pad = np.zeros(leaves)
        modes = np.array(["BRANCH_LT" if s else "BRANCH_LEQ" for s in self.strict] + [_LEAF] * leaves, dtype=object)
        true = np.array([number(child) for child in self.left] + [0] * leaves)
        false = np.array([number(child) for child in self.right] + [0] * leaves)
        attributes: dict[str, Any] = {
            "n_targets": self.targets,
            "aggregate_function": "SUM",
            "post_transform": "NONE",
            "nodes_treeids": _tuple(trees[order]),
            "nodes_nodeids": _tuple(order),
            "nodes_featureids": _tuple(np.concatenate([self.features, pad])[order]),
            "nodes_modes": tuple(modes[order].tolist()),
            "nodes_truenodeids": _tuple(true[order]),
            "nodes_falsenodeids": _tuple(false[order]),
            "target_treeids": _tuple(leaf_tree[rows]),
            "target_nodeids": _tuple(inner + rows),
            "target_ids": _tuple(columns),
        }
        if self.accepts_missing:
            attributes["nodes_missing_value_tracks_true"] = _tuple(np.concatenate([self.missing_left, pad])[order])
        thresholds = np.concatenate([self.thresholds, pad])[order]
        for name, array in (
            ("nodes_values", thresholds),
            ("target_weights", self.leaves[rows, columns]),
            ("base_values", self.base),
        ):
            if self.dtype == "float64":
                attributes[f"{name}_as_tensor"] = array
            else:
                attributes[name] = tuple(float(value) for value in array.astype(np.float32))
        return attributes

    def owners(self) -> tuple[Integers, Integers]:
        """The tree that each inner node and each leaf belongs to."""
        inner, leaves = np.zeros(self.features.size, np.int64), np.zeros(len(self.leaves), np.int64)
        for tree, root in enumerate(self.roots.tolist()):
            pending = [root]
            while pending:
                node = pending.pop()
                if node < 0:
                    leaves[~node] = tree
                    continue
                inner[node] = tree
                pending += [int(self.left[node]), int(self.right[node])]
        return inner, leaves

    @staticmethod
    def of(node: Node) -> Trees:
        """The trees of a TreeEnsembleRegressor node. Raises `UnsupportedOp`, `InvalidModel`."""
        return _Reader(node).trees()


@dataclass(frozen=True)
class ComparedInput:
    """A graph input that nothing but trees reads: `dtype` is the float type in which all of them compare it.

    - `missing`: whether all of them know what to do with NaN.
    - `values`: the input itself and what it is cast to.
    """

    dtype: str
    missing: bool
    values: tuple[str, ...]


def compared_inputs(graph: Graph) -> dict[str, ComparedInput]:
    """Graph inputs of shape (rows, features) that only trees read, themselves or cast to another float type.

    A cast to float32 on the way rounds, so a tree behind it compares float32. Inputs that trees compare in both types
    are left out.
    """
    found = {value.name: _compared(graph, value) for value in graph.inputs if len(value.shape) == 2}
    return {name: compared for name, compared in found.items() if compared is not None}


def _compared(graph: Graph, value: Value) -> ComparedInput | None:
    kinds, missing, names = set(), True, []
    pending = [(value.name, value.dtype)]
    while pending:
        name, kind = pending.pop()
        names.append(name)
        if kind not in _FLOATS or name in graph.outputs:
            return None
        for node in graph.consumers(name):
            target = graph.values[node.outputs[0]].dtype
            if node.op == TREES:
                kinds.add(kind)
                missing &= bool(node.attributes.get("nodes_missing_value_tracks_true"))
            elif node.op == "Cast" and target in _FLOATS:
                pending.append((node.outputs[0], "float32" if "float32" in (kind, target) else target))
            else:
                return None
    return ComparedInput(kinds.pop(), missing, tuple(names)) if len(kinds) == 1 else None


def _tuple(array: npt.NDArray[Any]) -> tuple[int, ...]:
    return tuple(int(value) for value in array)


class _Reader:
    """Attributes of one node as arrays."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._attributes: Mapping[str, Any] = node.attributes

    def trees(self) -> Trees:
        aggregate = self._attributes.get("aggregate_function", "SUM")
        if aggregate not in ("SUM", "AVERAGE") or self._attributes.get("post_transform", "NONE") != "NONE":
            raise self._refuse("only sums and averages without a transformation are lowered. Apply others behind it")
        modes = [str(mode) for mode in self._attributes.get("nodes_modes", ())]
        for mode in modes:
            if mode not in (*_MODES, _LEAF):
                raise self._refuse(f"nodes of mode {mode} are not supported. Train without categorical splits")
        try:
            return self._trees(modes, aggregate == "AVERAGE")
        except (IndexError, KeyError, ValueError) as error:
            raise InvalidModel(
                f"Node '{self._node.name}' ({self._node.op}) holds lists that do not fit each other ({error!r}). "
                "Export the model again.",
                node=self._node.name,
            ) from error

    def _trees(self, modes: Sequence[str], average: bool) -> Trees:
        ids = self._ints("nodes_treeids")
        keys = list(zip(ids.tolist(), self._ints("nodes_nodeids").tolist(), strict=True))
        is_leaf = np.array([mode == _LEAF for mode in modes], dtype=bool)
        # Inner nodes count up from 0, leaves down from -1.
        codes = np.where(is_leaf, -np.cumsum(is_leaf), np.cumsum(~is_leaf) - 1)
        code = dict(zip(keys, codes.tolist(), strict=True))
        lists = ("nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids")
        sizes = {len(code), self._floats("nodes_values").size, *(self._ints(name).size for name in lists)}
        if sizes != {len(modes)}:
            raise ValueError("a node occurs twice, or lists of nodes differ in length")
        inner = np.flatnonzero(~is_leaf)
        true, false = (
            np.array([code[key] for key in zip(ids[inner].tolist(), self._ints(name)[inner].tolist(), strict=True)])
            for name in ("nodes_truenodeids", "nodes_falsenodeids")
        )
        mode = np.array(modes, dtype=object)[inner]
        swapped = np.isin(mode, _SWAPPED)
        tracks = self._attributes.get("nodes_missing_value_tracks_true")
        missing_true = np.asarray(tracks or np.zeros(len(modes)), dtype=bool)[inner]
        base = self._floats("base_values")
        doubles = np.asarray(self._attributes.get("nodes_values_as_tensor", np.zeros(0, np.float32)))
        roots = self._roots(ids, codes, {*true.tolist(), *false.tolist()})
        leaves = self._leaves(code, int(is_leaf.sum())) / (len(roots) if average else 1)
        return Trees(
            roots=roots,
            features=self._ints("nodes_featureids")[inner],
            thresholds=self._floats("nodes_values")[inner],
            strict=np.isin(mode, _STRICT),
            left=np.where(swapped, false, true).astype(np.int64),
            right=np.where(swapped, true, false).astype(np.int64),
            missing_left=missing_true ^ swapped,
            leaves=leaves,
            base=np.zeros(leaves.shape[1]) + (base if base.size else 0.0),
            dtype="float64" if doubles.dtype == np.float64 else "float32",
            accepts_missing=bool(tracks),
        )

    @staticmethod
    def _roots(ids: Integers, codes: Integers, children: set[int]) -> Integers:
        """The first node of each tree that is no child."""
        roots: dict[int, int] = {}
        for tree, code in zip(ids.tolist(), codes.tolist(), strict=True):
            if code not in children:
                roots.setdefault(tree, code)
        if len(roots) != len(set(ids.tolist())):
            raise ValueError("a tree without a root")
        return np.array(list(roots.values()), dtype=np.int64)

    def _leaves(self, code: Mapping[tuple[int, int], int], count: int) -> npt.NDArray[np.float64]:
        leaves = np.zeros((count, int(self._attributes.get("n_targets", 1))))
        names = ("target_treeids", "target_nodeids", "target_ids")
        weights = self._floats("target_weights").tolist()
        for tree, node, target, weight in zip(*(self._ints(n).tolist() for n in names), weights, strict=True):
            if code[tree, node] >= 0:
                raise ValueError("an inner node with a weight")
            leaves[~code[tree, node], target] += weight
        return leaves

    def _ints(self, name: str) -> Integers:
        return np.asarray(self._attributes.get(name, ()), dtype=np.int64).reshape(-1)

    def _floats(self, name: str) -> npt.NDArray[np.float64]:
        tensor = self._attributes.get(f"{name}_as_tensor")
        return np.asarray(self._attributes.get(name, ()) if tensor is None else tensor, dtype=np.float64).reshape(-1)

    def _refuse(self, reason: str) -> UnsupportedOp:
        return UnsupportedOp(
            f"Node '{self._node.name}' ({self._node.op}): {reason}.", op=self._node.op, node=self._node.name
        )
