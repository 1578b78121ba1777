"""Gather: constant indices, embeddings of private tokens, computed data, by one-hot vectors and by tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.errors import RangeExceeded
from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify
from zkseal.lowering.rules import gather


def _ints(*values: int) -> np.ndarray[Any, Any]:
    return np.asarray(values, dtype=np.int64)


@pytest.mark.parametrize("indices", [_ints(3, 0, -1, 3), np.asarray(2), np.asarray([[0, 1], [2, 3]])])
def test_gather_constant_indices(indices: np.ndarray[Any, Any]) -> None:
    nodes = [("Relu", ["x"], ["r"]), ("Gather", ["r", "i"], ["g"], {"axis": 1}), ("Add", ["g", "g"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 4, 3)}, ["y"], {"i": indices}))


def test_gather_of_a_slice_then_matmul() -> None:
    w = rng_of(2).normal(size=(4, 2)).astype(np.float32)
    nodes = [
        ("Slice", ["x", "s", "e", "a", "p"], ["t"]),
        ("Gather", ["t", "i"], ["g"], {"axis": 1}),
        ("MatMul", ["g", "w"], ["y"]),
    ]
    constants = {"s": _ints(7), "e": _ints(0), "a": _ints(1), "p": _ints(-2), "i": _ints(0, 3, 3, 1), "w": w}
    verify(graph_of(nodes, {"x": (2, 8)}, ["y"], constants))


def test_embedding_of_private_tokens() -> None:
    rng = rng_of(1)
    w = rng.normal(size=(40, 6)).astype(np.float32)
    samples = [{"i": rng.integers(0, 40, size=(2, 5))} for _ in range(3)]
    graph = graph_of([("Gather", ["w", "i"], ["y"])], {"i": ("int64", (2, 5))}, ["y"], {"w": w})
    program = verify(graph, samples=samples, tolerance=2.0**-14)
    assert program.relation.tensor("y/chosen").shape == (2, 5, 40)
    assert program.relation.cost.lookups <= 2 * 10  # the bounds of the input


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("table", [False, True])
def test_computed_data_and_indices(axis: int, table: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "MAX_TABLE_ROWS", 1 << 20 if table else 0)
    monkeypatch.setattr(gather, "ROW_COST", 0.0)
    monkeypatch.setattr(gather, "BIT_COST", 100.0)
    rng = rng_of(axis)
    size = (2, 4, 3)[axis]
    nodes = [("Relu", ["x"], ["r"]), ("Gather", ["r", "i"], ["y"], {"axis": axis})]
    graph = graph_of(nodes, {"x": (2, 4, 3), "i": ("int64", (2, 2))}, ["y"])
    samples: list[dict[str, np.ndarray[Any, Any]]] = [
        {"x": f32(rng.normal(size=(2, 4, 3))), "i": rng.integers(-size, size, size=(2, 2))} for _ in range(3)
    ]
    program = verify(graph, samples=samples)
    assert ("y/chosen" in program.relation.names.tensors) != table


def test_one_index_of_one_entry() -> None:
    graph = graph_of([("Gather", ["x", "i"], ["y"])], {"x": (1, 3), "i": ("int64", (1,))}, ["y"])
    verify(graph, samples=[{"x": f32([[1, 2, 3]]), "i": _ints(0)}, {"x": f32([[-1, 2, 3]]), "i": _ints(-1)}])


def test_integer_data_stay_exact() -> None:
    w = np.asarray([3, 100_000, -7, 12], dtype=np.int64)
    graph = graph_of([("Gather", ["w", "i"], ["y"])], {"i": ("int64", (2,))}, ["y"], {"w": w})
    verify(graph, samples=[{"i": _ints(1, 2)}, {"i": _ints(0, 3)}])


def test_index_that_does_not_exist() -> None:
    w = rng_of(1).normal(size=(5, 2)).astype(np.float32)
    graph = graph_of([("Gather", ["w", "i"], ["y"])], {"i": ("int64", (2,))}, ["y"], {"w": w})
    program = verify(graph, samples=[{"i": _ints(1, 4)}])
    with pytest.raises(RangeExceeded, match="outside of an axis with 5 entries"):
        program.predict({"i": _ints(5, 0)})
