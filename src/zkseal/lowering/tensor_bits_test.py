"""A width for single tensors: operators keep it, and the others keep theirs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify
from zkseal.quantize import QuantizationOptions

W = f32(rng_of(4).normal(size=(5, 5)))
CASES: dict[str, tuple[str, list[str], dict[str, np.ndarray]]] = {
    "matmul": ("MatMul", ["x", "w"], {"w": W}),
    "add": ("Add", ["x", "w"], {"w": W}),
    "product": ("Mul", ["x", "x"], {}),
    "sigmoid": ("Sigmoid", ["x"], {}),
    "relu": ("Relu", ["x"], {}),
    "exp": ("Exp", ["x"], {}),
    "division": ("Div", ["w", "x"], {"w": W}),
    "sqrt": ("Sqrt", ["x"], {}),
    "softmax": ("Softmax", ["x"], {}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_narrow_result_is_sound_and_coarse(case: str) -> None:
    op, inputs, constants = CASES[case]
    samples = [{"x": f32(rng_of(k).uniform(0.3, 2.0, size=(5, 5)))} for k in range(4)]
    nodes = [(op, inputs, ["y"]), ("MatMul", ["y", "v"], ["z"])]
    graph = graph_of(nodes, {"x": (5, 5)}, ["z"], {**constants, "v": W})
    wide = QuantizationOptions()
    narrow = replace(wide, tensor_bits={"y": 8})
    programs = [verify(graph, samples=samples, options=options, tolerance=0.1) for options in (wide, narrow)]
    steps = [program.values["y"].exponent for program in programs]
    if case == "relu":  # takes the width of what it rounds, here an input
        assert steps[0] == steps[1]
        return
    assert steps[0] >= steps[1] + 4
    # Softmax and square roots are never negative: they have no sign, and shares reach 1 and a little more.
    assert programs[1].values["y"].hi < 1 << 9
    assert programs[0].values["z"].hi >= 1 << 14


def test_a_narrow_sum_makes_a_narrow_relu() -> None:
    nodes = [("MatMul", ["x", "w"], ["h"]), ("Relu", ["h"], ["y"]), ("MatMul", ["y", "w"], ["z"])]
    graph = graph_of(nodes, {"x": (5, 5)}, ["z"], {"w": W})
    program = verify(graph, options=QuantizationOptions(tensor_bits={"h": 8}), tolerance=0.1)
    assert program.values["y"].hi == 127


def test_a_narrow_input() -> None:
    graph = graph_of([("MatMul", ["x", "w"], ["y"])], {"x": (5, 5)}, ["y"], {"w": W})
    program = verify(graph, options=QuantizationOptions(tensor_bits={"x": 8}), tolerance=0.1)
    assert (program.values["x"].lo, program.values["x"].hi) == (-128, 127)
