"""BitwiseAnd, BitwiseOr, BitwiseXor, BitwiseNot, BitShift."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering import Visibility
from zkseal.lowering.harness_test import Arrays, graph_of, rng_of, verify

BITWISE = ("BitwiseAnd", "BitwiseOr", "BitwiseXor")


def drawn(seed: int, dtype: str, **shapes: tuple[int, ...]) -> list[Arrays]:
    rng = rng_of(seed)
    info = np.iinfo(np.dtype(dtype))
    low, high = max(int(info.min), -(2**20)), min(int(info.max), 2**20)
    return [{n: rng.integers(low, high + 1, size=s).astype(dtype) for n, s in shapes.items()} for _ in range(3)]


@pytest.mark.parametrize("op", BITWISE)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
@pytest.mark.parametrize("outputs", ["private", "public"])
def test_of_two_values(op: str, dtype: str, outputs: Visibility) -> None:
    shapes = {"a": (2, 1, 3), "b": (4, 1)}
    graph = graph_of([(op, ["a", "b"], ["y"])], {n: (dtype, s) for n, s in shapes.items()}, ["y"])
    verify(graph, samples=drawn(1, dtype, **shapes), outputs=outputs)


def test_of_integers_that_no_float_holds() -> None:
    wide = np.asarray([2**60 - 1, -(2**60) + 1, 2**53 + 1], dtype=np.int64)
    mask = np.asarray([2**57 + 2**3, 2**53 + 1, -1], dtype=np.int64)
    graph = graph_of([("BitwiseAnd", ["a", "b"], ["y"])], {"a": ("int64", (3,)), "b": ("int64", (3,))}, ["y"])
    program = verify(graph, samples=[{"a": wide, "b": mask}])
    assert program.predict({"a": wide, "b": mask})["y"].tolist() == (wide & mask).tolist()


@pytest.mark.parametrize("op", BITWISE)
def test_of_a_constant(op: str) -> None:
    constants = {"c": np.asarray([0x0F0, -1, 7], dtype=np.int32)}
    graph = graph_of([(op, ["a", "c"], ["y"])], {"a": ("int32", (2, 3))}, ["y"], constants)
    verify(graph, samples=drawn(2, "int32", a=(2, 3)))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64"])
def test_not(dtype: str) -> None:
    graph = graph_of([("BitwiseNot", ["a"], ["y"])], {"a": (dtype, (2, 3))}, ["y"])
    verify(graph, samples=drawn(3, dtype, a=(2, 3)))


@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("constant", [True, False])
def test_shift(direction: str, constant: bool) -> None:
    """By all bits and more, too."""
    a = np.asarray([[200, 255, 129, 1, 0], [3, 77, 254, 128, 9]], dtype=np.uint8)
    s = np.asarray([3, 0, 7, 8, 11], dtype=np.uint8)
    inputs: dict[str, tuple[str, tuple[int, ...]]] = {"a": ("uint8", (2, 5))}
    if not constant:
        inputs["s"] = ("uint8", (5,))
    nodes = [("BitShift", ["a", "s"], ["y"], {"direction": direction})]
    graph = graph_of(nodes, inputs, ["y"], {"s": s} if constant else {})
    verify(graph, samples=[{"a": a, "s": s} if not constant else {"a": a}])
