"""Functions that exporters write as several operators, and chains that must not be fused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.frontends.onnx import export, load
from zkseal.lowering.blocks.piecewise import Piecewise
from zkseal.lowering.blocks.rescale import Rescale
from zkseal.lowering.formula import FORMULA
from zkseal.lowering.fusion import fuse_functions
from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify

Nodes = list[tuple[Any, ...]]

NUMBERS = {
    "root": f32(2.0**0.5),
    "one": f32(1),
    "half": f32([0.5]),
    "three": f32(3),
    "k": f32(0.044715),
    "s": f32((2 / np.pi) ** 0.5),
    "zero": f32(0),
    "six": f32(6),
    "w": f32(rng_of(0).normal(size=(4, 4))),
    "v": f32([1, 2, 3, 4]),
}

GELU: Nodes = [
    ("Div", ["h", "root"], ["a"]),
    ("Erf", ["a"], ["b"]),
    ("Add", ["b", "one"], ["c"]),
    ("Mul", ["h", "c"], ["d"]),
    ("Mul", ["d", "half"], ["y"]),
]
TANH_GELU: Nodes = [
    ("Pow", ["h", "three"], ["a"]),
    ("Mul", ["a", "k"], ["b"]),
    ("Add", ["h", "b"], ["c"]),
    ("Mul", ["c", "s"], ["d"]),
    ("Tanh", ["d"], ["e"]),
    ("Add", ["e", "one"], ["f"]),
    ("Mul", ["h", "half"], ["g"]),
    ("Mul", ["g", "f"], ["y"]),
]
SILU: Nodes = [("Sigmoid", ["h"], ["a"]), ("Mul", ["h", "a"], ["y"])]
MISH: Nodes = [("Softplus", ["h"], ["a"]), ("Tanh", ["a"], ["b"]), ("Mul", ["h", "b"], ["y"])]
HARD_SWISH: Nodes = [
    ("Add", ["h", "three"], ["a"]),
    ("Clip", ["a", "zero", "six"], ["b"]),
    ("Mul", ["h", "b"], ["c"]),
    ("Div", ["c", "six"], ["y"]),
]
FUNCTIONS = {"gelu": GELU, "tanh_gelu": TANH_GELU, "silu": SILU, "mish": MISH, "hard_swish": HARD_SWISH}


def graph_with(nodes: Nodes, outputs: tuple[str, ...] = ("y",), **inputs: tuple[int, ...]) -> Any:
    used = {name for node in nodes for name in node[1]}
    constants = {name: array for name, array in NUMBERS.items() if name in used}
    return graph_of(nodes, inputs or {"x": (3, 4)}, outputs, constants)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_written_out_function_takes_one_table(name: str) -> None:
    program = verify(graph_with([("MatMul", ["x", "w"], ["h"]), *FUNCTIONS[name]]), outputs="private")
    assert [type(step) for step in program.steps] == [Rescale, Piecewise]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_recognised_behind_the_frontend(name: str) -> None:
    graph = load(export(graph_with([("MatMul", ["x", "w"], ["h"]), *FUNCTIONS[name]])))
    linear, function = sorted(fuse_functions(graph).ops().items())  # the frontend knows GELU and SiLU itself
    assert linear in (("Gemm", 1), ("MatMul", 1)) or function in (("Gemm", 1), ("MatMul", 1))
    assert {linear[0], function[0]} & {FORMULA, "Gelu", "Swish"}


def test_a_residual_stays_outside() -> None:
    graph = graph_with(
        [("Add", ["x", "z"], ["h"]), *SILU[:1], ("Mul", ["h", "a"], ["b"]), ("Add", ["b", "z"], ["y"])],
        x=(3, 4),
        z=(3, 4),
    )
    assert fuse_functions(graph).ops() == {FORMULA: 1, "Add": 2}
    verify(graph)


NOT_FUSED: dict[str, tuple[Nodes, tuple[str, ...]]] = {
    "an inner value is an output": ([("Sigmoid", ["x"], ["a"]), ("Mul", ["x", "a"], ["y"])], ("y", "a")),
    "an inner value is used elsewhere": (
        [
            ("Sigmoid", ["x"], ["a"]),
            ("Mul", ["x", "a"], ["b"]),
            ("MatMul", ["a", "w"], ["c"]),
            ("Add", ["b", "c"], ["y"]),
        ],
        ("y",),
    ),
    "a vector of constants": ([("Mul", ["x", "v"], ["a"]), ("Tanh", ["a"], ["y"])], ("y",)),
    "nothing that takes a table": (
        [("Mul", ["x", "half"], ["a"]), ("Relu", ["a"], ["b"]), ("Add", ["b", "one"], ["y"])],
        ("y",),
    ),
    "one node": ([("Tanh", ["x"], ["y"])], ("y",)),
    "a divisor that may be zero": ([("Tanh", ["x"], ["a"]), ("Div", ["one", "a"], ["y"])], ("y",)),
    "a result of another shape": (
        [("Sigmoid", ["x"], ["a"]), ("ReduceMax", ["a"], ["m"]), ("Add", ["a", "m"], ["y"])],
        ("y",),
    ),
}


@pytest.mark.parametrize("case", NOT_FUSED)
def test_what_is_not_fused(case: str) -> None:
    graph = graph_with(*NOT_FUSED[case])
    assert fuse_functions(graph) is graph


def test_two_branches_of_one_value() -> None:
    nodes: Nodes = [
        ("Sigmoid", ["x"], ["a"]),
        ("Tanh", ["a"], ["b"]),
        ("LeakyRelu", ["a"], ["c"]),
        ("Sum", ["b", "c", "x"], ["y"]),
    ]
    graph = graph_with(nodes)
    assert fuse_functions(graph).ops() == {FORMULA: 1}
    verify(graph)


def test_every_operator_of_a_formula() -> None:
    nodes: Nodes = [
        ("Abs", ["x"], ["a"]),
        ("Neg", ["a"], ["b"]),
        ("Exp", ["b"], ["c"]),
        ("Max", ["c", "half"], ["d"]),
        ("Min", ["d", "one"], ["e"]),
        ("Sub", ["one", "e"], ["f"]),
        ("Relu", ["f"], ["g"]),
        ("Elu", ["x"], ["h"]),
        ("Identity", ["h"], ["i"]),
        ("Add", ["g", "i"], ["y"]),
    ]
    graph = graph_with(nodes)
    assert fuse_functions(graph).ops() == {FORMULA: 1}
    verify(graph)
