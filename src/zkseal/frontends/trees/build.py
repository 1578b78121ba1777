"""Trees from the node lists that libraries have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zkseal.graph.trees import Trees

__all__ = ["NodeList", "join"]

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class NodeList:
    """One tree: its nodes in one list, the root first; a node is a leaf where `left` is negative.

    `values`: of shape (nodes, targets), read at leaves only.
    """

    left: npt.ArrayLike
    right: npt.ArrayLike
    features: npt.ArrayLike
    thresholds: npt.ArrayLike
    missing_left: npt.ArrayLike
    values: npt.NDArray[np.float64]


def join(
    lists: Sequence[NodeList],
    base: npt.ArrayLike,
    *,
    strict: bool,
    dtype: str,
    accepts_missing: bool,
) -> Trees:
    """The ensemble of these trees; `strict`: an entry goes to the left if it is smaller than the threshold."""
    roots, inner_count, leaf_count = [], 0, 0
    columns: dict[str, list[npt.NDArray[np.float64]]] = {}
    lefts, rights, leaves = [], [], []
    for tree in lists:
        left, right = np.asarray(tree.left, dtype=np.int64), np.asarray(tree.right, dtype=np.int64)
        inner = left >= 0
        codes = np.where(inner, inner_count + np.cumsum(inner) - 1, -leaf_count - np.cumsum(~inner))
        roots.append(int(codes[0]))
        lefts.append(codes[left[inner]])
        rights.append(codes[right[inner]])
        for name in ("features", "thresholds", "missing_left"):
            columns.setdefault(name, []).append(np.asarray(getattr(tree, name), dtype=np.float64)[inner])
        leaves.append(tree.values[~inner])
        inner_count += int(inner.sum())
        leaf_count += int((~inner).sum())
    whole = {name: np.concatenate(parts) for name, parts in columns.items()}
    return Trees(
        roots=np.array(roots, dtype=np.int64),
        features=whole["features"].astype(np.int64),
        thresholds=whole["thresholds"],
        strict=np.full(inner_count, strict),
        left=np.concatenate(lefts),
        right=np.concatenate(rights),
        missing_left=whole["missing_left"].astype(bool),
        leaves=np.concatenate(leaves),
        base=np.asarray(base, dtype=np.float64).reshape(-1),
        dtype=dtype,
        accepts_missing=accepts_missing,
    )
