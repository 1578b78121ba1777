"""Add and Sub with broadcasting, constants and values of different scales."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify


@pytest.mark.parametrize("op", ["Add", "Sub"])
@pytest.mark.parametrize(("left", "right"), [((2, 3), (2, 3)), ((2, 1, 3), (4, 1)), ((3,), (2, 3))])
def test_two_values(op: str, left: tuple[int, ...], right: tuple[int, ...]) -> None:
    graph = graph_of([(op, ["a", "b"], ["y"])], {"a": left, "b": right}, ["y"])
    rng = rng_of(1)
    samples = [
        {"a": 9 * rng.normal(size=left).astype(np.float32), "b": rng.normal(size=right).astype(np.float32)}
        for _ in range(4)
    ]
    verify(graph, samples=samples)


@pytest.mark.parametrize("order", [["x", "c"], ["c", "x"]])
def test_constant_operand(order: list[str]) -> None:
    constant = rng_of(2).normal(size=(3, 1)).astype(np.float32)
    verify(graph_of([("Sub", order, ["y"])], {"x": (2, 3, 4)}, ["y"], {"c": constant}))


def test_value_added_to_itself() -> None:
    verify(graph_of([("Add", ["x", "x"], ["y"])], {"x": (4,)}, ["y"]))
