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


def test_all_zeros_have_a_proof() -> None:
    graph = graph_of([NODE], {"x": (2, 3)}, ["y", "z"])
    program = calibrated(graph, [{"x": f32(rng_of(2).normal(size=(2, 3)))}])
    witness = program.run({"x": np.zeros((2, 3))})
    assert not witness.outputs["y"].any()
    assert not witness.outputs["z"].any()
    program.relation.check(witness.tensors)


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
