"""DynamicQuantizeLinear against onnxruntime: integers and zero points exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zkseal.lowering.harness_test import Arrays, calibrated, f32, graph_of, rng_of, verify

NODE = ("DynamicQuantizeLinear", ["x"], ["y", "s", "z"])


@pytest.mark.parametrize("shift", [-6.0, -0.3, 0.4, 7.0])
def test_extremes_on_either_side_of_zero(shift: float) -> None:
    rng = rng_of(1)
    # Multiples of 2^-9 are exact: then the integers are onnxruntime's, whatever lies near a tie.
    samples: list[Arrays] = [{"x": f32(np.round((rng.normal(size=(3, 5)) + shift) * 512) / 512)} for _ in range(4)]
    verify(graph_of([NODE], {"x": (3, 5)}, ["y", "s", "z"]), samples=samples)


def test_steps_that_are_rounded_up_on_both_sides_saturate() -> None:
    x = f32([[255.0, -255.0, 1.0, 0.0]])
    program = calibrated(graph_of([NODE], {"x": (1, 4)}, ["y", "z"]), [{"x": x}])
    assert program.predict({"x": x})["z"] == 128
    assert program.predict({"x": x})["y"].tolist() == [[255, 0, 128, 128]]
    program.relation.check(program.run({"x": x}).tensors)


def test_zeros_have_scale_one() -> None:
    graph = graph_of([NODE], {"x": (2, 3)}, ["y", "s", "z"])
    samples: list[Arrays] = [{"x": f32(values)} for values in (rng_of(2).normal(size=(2, 3)), np.zeros((2, 3)))]
    verify(graph, samples=samples)


@pytest.mark.parametrize("seed", range(4))
def test_ties_are_those_of_single_precision(seed: int) -> None:
    """Entries at and next to the middle between two steps, where only the rounding of quotients decides."""
    rng = rng_of(20 + seed)
    width = float(rng.integers(1 << 10, 1 << 20))
    middles = (rng.integers(0, 255, size=400) + 0.5) * width / 255
    x = np.round(np.concatenate([middles + rng.integers(-1, 2, size=400) * 2.0**-4, [0.0, width]]) * 16) / 16
    shifted = f32(x - np.round(width * float(rng.uniform(0, 1)) * 16) / 16)
    calibrated_graph = graph_of([NODE], {"x": (1, 402)}, ["y", "s", "z"])
    verify(calibrated_graph, samples=[{"x": shifted[None]}])


def test_the_linear_layer_that_quantizers_write() -> None:
    rng = rng_of(3)
    constants: dict[str, npt.NDArray[Any]] = {
        "w": rng.integers(-127, 128, size=(6, 4)).astype(np.int8),
        "t": f32(0.01),
        "b": f32(rng.normal(size=4)),
    }
    nodes = [
        ("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        ("MatMulInteger", ["q", "w", "z"], ["m"]),
        ("Cast", ["m"], ["c"], {"to": 1}),
        ("Mul", ["s", "t"], ["st"]),
        ("Mul", ["c", "st"], ["p"]),
        ("Add", ["p", "b"], ["y"]),
    ]
    verify(graph_of(nodes, {"x": (2, 6)}, ["y"], constants))
