"""Reduce operators against onnx's reference: axes, keepdims, odd lengths, integers."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.graph.decompose.harness_test import Array, check, normal

AXES: list[tuple[int, ...] | None] = [(1,), (0, 2), None]


def _axes(axes: tuple[int, ...] | None) -> Array | None:
    return None if axes is None else np.asarray(axes, dtype=np.int64)


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("op", ["ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceSumSquare", "ReduceLogSumExp"])
def test_reduce(op: str, axes: tuple[int, ...] | None) -> None:
    x = normal(1, 2, 5, 3)
    x = np.abs(x) + 0.1 if op == "ReduceLogSum" else x
    check(op, {"x": x, "a": _axes(axes)}, constants=("a",), keepdims=int(axes == (1,)), proved=axes == (1,))


@pytest.mark.parametrize("axes", AXES)
def test_product(axes: tuple[int, ...] | None) -> None:
    x = 1 + 0.3 * normal(2, 2, 5, 3)
    check("ReduceProd", {"x": x, "a": _axes(axes)}, constants=("a",), keepdims=0, proved=axes == (1,))


def test_product_of_integers_is_exact() -> None:
    x = np.asarray([[3, -700, 11], [1, 2, 999]], dtype=np.int64)
    check("ReduceProd", {"x": x, "a": _axes((1,))}, constants=("a",), tolerance=0.0)


def test_large_entries_of_a_logarithm_of_exponentials() -> None:
    check("ReduceLogSumExp", {"x": 30 * normal(3, 2, 6), "a": _axes((1,))}, constants=("a",), proved=False)
