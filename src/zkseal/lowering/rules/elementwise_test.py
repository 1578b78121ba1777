"""Elementwise operators of every kind between views of every kind: random shapes, broadcasts, moves and constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify

Nodes = list[tuple[Any, ...]]
Constants = dict[str, Any]

BINARY = ("Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu", "Greater", "LessOrEqual", "Equal", "Mod", "Where", "Pow")
UNARY = ("Abs", "Neg", "Sign", "Floor", "Round", "Sqrt", "Exp", "Softplus", "Relu", "Reciprocal", "Erf", "Mish")


def moved(rng: np.random.Generator, name: str, shape: list[int], nodes: Nodes, constants: Constants) -> list[int]:
    """Appends a random move of `name` to `<name>_m`; returns the new shape."""
    kind, target = rng.choice(["transpose", "reshape", "slice", "gather", "flip"]), f"{name}_m"
    axis = int(rng.integers(len(shape)))
    if kind == "transpose":
        order = [int(k) for k in rng.permutation(len(shape))]
        nodes.append(("Transpose", [name], [target], {"perm": order}))
        return [shape[k] for k in order]
    if kind == "reshape":
        constants[f"{name}_s"] = np.asarray([-1, *shape[2:]] if len(shape) > 1 else [1, -1])
        nodes.append(("Reshape", [name, f"{name}_s"], [target]))
        return [shape[0] * shape[1], *shape[2:]] if len(shape) > 1 else [1, shape[0]]
    if kind == "slice":
        constants |= {f"{name}_b": np.asarray([0]), f"{name}_e": np.asarray([99]), f"{name}_a": np.asarray([axis])}
        constants[f"{name}_t"] = np.asarray([2])
        nodes.append(("Slice", [name, f"{name}_b", f"{name}_e", f"{name}_a", f"{name}_t"], [target]))
        return [*shape[:axis], (shape[axis] + 1) // 2, *shape[axis + 1 :]]
    entries = rng.integers(0, shape[axis], size=3) if kind == "gather" else np.arange(shape[axis])[::-1]
    constants[f"{name}_i"] = np.asarray(entries, dtype=np.int64)
    nodes.append(("Gather", [name, f"{name}_i"], [target], {"axis": axis}))
    return [*shape[:axis], len(entries), *shape[axis + 1 :]]


def other_operand(rng: np.random.Generator, shape: list[int]) -> list[int]:
    """A shape that broadcasts to `shape`."""
    kept = shape[int(rng.integers(len(shape) + 1)) :]
    return [size if rng.random() < 0.6 else 1 for size in kept]


@pytest.mark.parametrize("seed", range(52))
def test_two_operands(seed: int) -> None:
    rng = rng_of(seed)
    op = BINARY[seed % len(BINARY)]
    nodes: Nodes = []
    shape = [int(size) for size in rng.integers(1, 5, size=int(rng.integers(1, 5)))]
    inputs: dict[str, Any] = {"x": tuple(shape)}
    constants: Constants = {}
    result = moved(rng, "x", shape, nodes, constants)
    other = other_operand(rng, result)
    positive = op in ("Div", "Pow", "Mod")
    if rng.random() < 0.5:
        constants["o"] = f32(rng.uniform(0.5, 2, size=other) if positive else rng.normal(size=other))
    else:
        inputs["o"] = tuple(other)
    if op == "Where":
        nodes += [("Greater", ["x_m", "o"], ["c"]), ("Where", ["c", "o", "x_m"], ["y"])]
    elif op == "Mod":
        nodes.append((op, ["x_m", "o"], ["y"], {"fmod": 1}))
    else:
        nodes.append((op, ["x_m", "o"], ["y"]))
    moved(rng, "y", result, nodes, constants)
    samples = []
    for _ in range(3):
        # Eighths are exact, so that comparisons and remainders of equal numbers are, too.
        x = rng.integers(4, 33, size=shape) / 8 if op == "Pow" else rng.integers(-32, 33, size=shape) / 8
        o = rng.integers(4, 17, size=other) / 8 if positive else rng.integers(-16, 17, size=other) / 8
        samples.append({"x": f32(x), **({"o": f32(o)} if "o" in inputs else {})})
    if "o" in constants:
        constants["o"] = f32(np.round(constants["o"] * 8) / 8)
    graph = graph_of(nodes, inputs, ["y_m"], constants)
    verify(graph, samples=samples, outputs="private" if seed % 2 else "public")


@pytest.mark.parametrize("seed", range(36))
def test_one_operand(seed: int) -> None:
    rng = rng_of(100 + seed)
    op = UNARY[seed % len(UNARY)]
    nodes: Nodes = []
    shape = [int(size) for size in rng.integers(1, 5, size=int(rng.integers(1, 5)))]
    constants: Constants = {}
    result = moved(rng, "x", shape, nodes, constants)
    nodes.append((op, ["x_m"], ["y"]))
    moved(rng, "y", result, nodes, constants)
    low = 2 if op in ("Sqrt", "Reciprocal") else -32
    samples = [{"x": f32(rng.integers(low, 33, size=shape) / 8)} for _ in range(3)]
    graph = graph_of(nodes, {"x": tuple(shape)}, ["y_m"], constants)
    verify(graph, samples=samples, outputs="private" if seed % 2 else "public")


SMOOTH = ("Abs", "Neg", "Exp", "Erf", "Gelu", "Softplus", "Relu", "Sigmoid", "Tanh", "LeakyRelu", "Mish", "Sin")
POSITIVE = ("Sqrt", "Log", "Reciprocal")


def random_network(rng: np.random.Generator) -> tuple[Nodes, str]:
    """Nodes over x and z, each of earlier values, and the name of the last one."""
    nodes: Nodes = []
    values = ["x", "z"]

    def draw() -> str:
        return values[int(rng.integers(len(values)))]

    def above_half(name: str, k: int) -> str:
        nodes.extend([("Abs", [name], [f"p{k}"]), ("Add", [f"p{k}", "half"], [f"q{k}"])])
        return f"q{k}"

    for k in range(int(rng.integers(2, 7))):
        kind = str(rng.choice(["smooth", "positive", "binary", "quotient"]))
        if kind == "smooth":
            nodes.append((str(rng.choice(SMOOTH)), [draw()], [f"v{k}"]))
        elif kind == "positive":
            nodes.append((str(rng.choice(POSITIVE)), [above_half(draw(), k)], [f"v{k}"]))
        elif kind == "binary":
            nodes.append((str(rng.choice(["Add", "Sub", "Mul", "Min", "Max"])), [draw(), draw()], [f"v{k}"]))
        else:
            nodes.append(("Div", [draw(), above_half(draw(), k)], [f"v{k}"]))
        values.append(f"v{k}")
    nodes.append(("Add", [values[-1], "x"], ["y"]))
    needed, kept = {"y"}, []
    for node in reversed(nodes):
        if needed.intersection(node[2]):
            kept.append(node)
            needed.update(node[1])
    return kept[::-1], "y"


@pytest.mark.parametrize("seed", range(30))
def test_networks_of_elementwise_operators(seed: int) -> None:
    """Whatever is fused, rounded or kept as an accumulator: the result is that of onnxruntime."""
    rng = rng_of(200 + seed)
    nodes, output = random_network(rng)
    read = {name for node in nodes for name in node[1]}
    inputs = {name: (3, 4) for name in ("x", "z") if name in read}
    samples = [{name: f32(rng.integers(-24, 25, size=(3, 4)) / 8) for name in inputs} for _ in range(3)]
    graph = graph_of(nodes, inputs, [output], {"half": f32(0.5)} if "half" in read else {})
    verify(graph, samples=samples, tolerance=2.0**-8)
