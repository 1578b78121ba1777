"""Div and Reciprocal."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import RangeExceeded, UnsupportedOp
from zkseal.lowering import Visibility, lower
from zkseal.lowering.harness_test import Arrays, calibrated, f32, graph_of, rng_of, verify
from zkseal.quantize import Calibration

DIV = ("Div", ["a", "b"], ["y"])


def drawn(seed: int, left: tuple[int, ...], right: tuple[int, ...], lo: float, hi: float) -> list[Arrays]:
    """Samples with normal numerators and divisors in [lo, hi], further from zero than a quarter."""
    rng = rng_of(seed)
    divisors = [rng.uniform(lo, hi, size=right) for _ in range(4)]
    return [{"a": f32(rng.normal(size=left)), "b": f32(np.where(np.abs(b) < 0.25, 0.25, b))} for b in divisors]


@pytest.mark.parametrize(("lo", "hi"), [(0.25, 3), (-3, -0.25), (-3, 3)])
@pytest.mark.parametrize(("left", "right"), [((2, 3), (2, 3)), ((2, 1, 3), (4, 1)), ((), (2,))])
@pytest.mark.parametrize("outputs", ["private", "public"])
def test_div_of_two_values(
    left: tuple[int, ...], right: tuple[int, ...], lo: float, hi: float, outputs: Visibility
) -> None:
    graph = graph_of([DIV], {"a": left, "b": right}, ["y"])
    verify(graph, samples=drawn(1, left, right, lo, hi), outputs=outputs)


@pytest.mark.parametrize("shape", [(), (1,), (3, 1), (2, 3, 4)])
def test_constant_divisor(shape: tuple[int, ...]) -> None:
    constant = np.asarray(rng_of(2).normal(size=shape) + 3, dtype=np.float32)
    verify(graph_of([("Div", ["x", "c"], ["y"])], {"x": (2, 3, 4)}, ["y"], {"c": constant}))


def test_constant_numerator() -> None:
    samples = [{"b": sample["b"]} for sample in drawn(3, (1,), (2, 3), 0.5, 4)]
    verify(graph_of([DIV], {"b": (2, 3)}, ["y"], {"a": f32([1, -2, 0])}), samples=samples)


def test_reciprocal() -> None:
    samples = [{"x": sample["b"]} for sample in drawn(4, (1,), (5,), -4, 4)]
    verify(graph_of([("Reciprocal", ["x"], ["y"])], {"x": (5,)}, ["y"]), samples=samples)


def test_numerator_is_not_rounded_before() -> None:
    """A sum of products is divided at its full width."""
    rng = rng_of(5)
    w = f32(rng.normal(size=(4, 3)))
    nodes = [("MatMul", ["x", "w"], ["a"]), DIV]
    samples = [{"x": f32(rng.normal(size=(2, 4))), "b": f32(rng.uniform(1, 2, size=(2, 1)))} for _ in range(4)]
    verify(graph_of(nodes, {"x": (2, 4), "b": (2, 1)}, ["y"], {"w": w}), samples=samples)


@pytest.mark.parametrize(("seen", "given"), [(2.0, 0.0), (2.0, -1.0), (-2.0, 1.0), (-2.0, 0.0)])
def test_divisor_that_leaves_its_sign_is_out_of_range(seen: float, given: float) -> None:
    graph = graph_of([DIV], {"a": (1,), "b": (1,)}, ["y"])
    program = calibrated(graph, [{"a": f32([1]), "b": f32([seen])}])
    with pytest.raises(RangeExceeded) as caught:
        program.run({"a": f32([1]), "b": f32([given])})
    assert caught.value.fields["tensor"] == "b"


def test_div_by_a_constant_zero_is_refused() -> None:
    graph = graph_of([("Div", ["x", "c"], ["y"])], {"x": (2,)}, ["y"], {"c": f32([1, 0])})
    calibration = Calibration.from_arrays({"x": f32([[0, 1]]), "y": f32([[0, 1]])})
    with pytest.raises(UnsupportedOp) as caught:
        lower(graph, calibration)
    assert caught.value.op == "Div"


def test_small_divisors_are_committed_with_more_bits() -> None:
    rng = rng_of(6)
    divisors = [f32(np.geomspace(1e-3, 10, 8)) for _ in range(3)]
    samples = [{"a": f32(rng.uniform(0.5, 1, size=8)), "b": b} for b in divisors]
    verify(graph_of([DIV], {"a": (8,), "b": (8,)}, ["y"]), samples=samples)
