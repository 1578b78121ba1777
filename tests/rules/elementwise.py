"""Functions of one variable, operators of two, comparisons, logic, bits; broadcast, constant and computed."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper
from tests.rules.drawn import Drawn, Rng, draws, eighths, graph_with, operand, shape

from zkseal.lowering.formula import FORMULA
from zkseal.lowering.harness_test import f32

DOMAINS = {
    "Acos": (-1.0, 1.0),
    "Acosh": (1.0, 20.0),
    "Asin": (-1.0, 1.0),
    "Atanh": (-0.9, 0.9),
    "Exp": (-20.0, 3.0),
    "Log": (1e-2, 30.0),
    "Reciprocal": (0.3, 8.0),
    "Sqrt": (1e-3, 9.0),
    "Tan": (-1.4, 1.4),
}

ATTRIBUTES = {
    "Elu": ("alpha",),
    "Selu": ("alpha", "gamma"),
    "Celu": ("alpha",),
    "HardSigmoid": ("alpha", "beta"),
    "LeakyRelu": ("alpha",),
    "Swish": ("alpha",),
}


@draws("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Gelu")
@draws("HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Mish", "Reciprocal", "Relu", "Selu", "Sigmoid", "Sin", "Sinh")
@draws("Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "Abs", "Neg", "Sign", "Floor", "Ceil", "Round")
def function(op: str, rng: Rng) -> Drawn:
    """One variable; steps at multiples of 1/8."""
    low, high = DOMAINS.get(op, (-6.0, 6.0))
    attributes = {name: float(rng.uniform(0.2, 2.0)) for name in ATTRIBUTES.get(op, ())}
    size = shape(rng)
    steps = op in ("Sign", "Floor", "Ceil", "Round")
    entries = {"x": lambda: eighths(rng, -6, 6, size) if steps else f32(rng.uniform(low, high, size=size))}
    return graph_with(rng, [(op, ["x"], ["y"], attributes)], entries)


@draws("Add", "Sub", "Mul", "Min", "Max", "Sum", "Mean", "PRelu")
@draws("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal")
def two(op: str, rng: Rng) -> Drawn:
    """Two operands, one of them broadcast."""
    whole = shape(rng)
    other = operand(rng, whole)
    pair = ["a", "b"] if op == "PRelu" or rng.random() < 0.5 else ["b", "a"]
    entries = {"a": lambda: eighths(rng, -4, 4, whole), "b": lambda: eighths(rng, -2, 2, other)}
    return graph_with(rng, [(op, pair, ["y"])], entries, sometimes_constant=["b"])


@draws("Div", "Pow", "Mod")
def positive(op: str, rng: Rng) -> Drawn:
    """A second operand that is not zero."""
    whole = shape(rng)
    other = operand(rng, whole)
    low = 1 if op == "Pow" else -4
    entries = {"a": lambda: eighths(rng, low, 4, whole), "b": lambda: eighths(rng, 1, 2, other)}
    node = (op, ["a", "b"], ["y"], {"fmod": 1} if op == "Mod" else {})
    return graph_with(rng, [node], entries, sometimes_constant=["b"])


@draws("Clip")
def clip(op: str, rng: Rng) -> Drawn:
    """Between two constants."""
    size = shape(rng)
    constants = {"low": f32(-rng.uniform(0.5, 2)), "high": f32(rng.uniform(0.5, 2))}
    entries = {"x": lambda: f32(rng.normal(scale=2.0, size=size))}
    return graph_with(rng, [(op, ["x", "low", "high"], ["y"])], entries, constants=constants)


@draws("IsNaN", "IsInf")
def finite(op: str, rng: Rng) -> Drawn:
    """Of numbers, which are neither."""
    size = shape(rng)
    nodes = [(op, ["x"], ["c"]), ("Where", ["c", "z", "x"], ["y"])]
    entries = {"x": lambda: f32(rng.normal(size=size)), "z": lambda: f32(rng.normal(size=1))}
    return graph_with(rng, nodes, entries)


@draws("Where")
def where(op: str, rng: Rng) -> Drawn:
    """A computed choice between two values."""
    whole = shape(rng)
    left, right = operand(rng, whole), operand(rng, whole)
    entries = {
        "c": lambda: rng.random(whole) < 0.5,
        "a": lambda: f32(rng.normal(size=left)),
        "b": lambda: f32(rng.normal(size=right)),
    }
    return graph_with(rng, [(op, ["c", "a", "b"], ["y"])], entries, sometimes_constant=["c", "a", "b"])


@draws("And", "Or", "Xor", "Not")
def logic(op: str, rng: Rng) -> Drawn:
    """Truth values."""
    whole = shape(rng)
    other = operand(rng, whole)
    names = ["a"] if op == "Not" else ["a", "b"]
    entries = {name: lambda s=s: rng.random(s) < 0.5 for name, s in zip(names, (whole, other), strict=False)}
    return graph_with(rng, [(op, names, ["y"])], entries)


@draws("BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "BitShift")
def bits(op: str, rng: Rng) -> Drawn:
    """Integers of four types."""
    dtype = str(rng.choice(["uint8", "uint16"] if op == "BitShift" else ["int8", "uint8", "int32", "int64"]))
    info, whole = np.iinfo(dtype), shape(rng)
    low, high = max(int(info.min), -(2**20)), min(int(info.max), 2**20)
    shifts = op == "BitShift"
    names = ["a"] if op == "BitwiseNot" else ["a", "b"]
    sizes = {"a": whole, "b": operand(rng, whole)}

    def entry(name: str) -> Any:
        most = info.bits - 1 if shifts and name == "b" else high
        return rng.integers(0 if shifts else low, most + 1, size=sizes[name]).astype(dtype)

    attributes = {"direction": str(rng.choice(["LEFT", "RIGHT"]))} if shifts else {}
    entries = {name: lambda name=name: entry(name) for name in names}
    return graph_with(rng, [(op, names, ["y"], attributes)], entries)


@draws("Cast", "CastLike")
def cast(op: str, rng: Rng) -> Drawn:
    """From one type to another, of numbers that both have."""
    before, after = rng.choice(["int8", "uint8", "int32", "int64", "float32", "float64"], size=2, replace=False)
    size, low = shape(rng), 0 if "u" in f"{before}{after}" else -9
    entries = {"x": lambda: rng.integers(low, 10, size=size).astype(before)}
    if op == "Cast":
        to = int(helper.np_dtype_to_tensor_dtype(np.dtype(after)))
        nodes: list[tuple[Any, ...]] = [(op, ["x"], ["c"], {"to": to})]
    else:
        nodes = [(op, ["x", "like"], ["c"])]
    constants = {} if op == "Cast" else {"like": np.zeros(1, after)}
    return graph_with(rng, [*nodes, ("Identity", ["c"], ["y"])], entries, constants=constants)


@draws(FORMULA)
def formula(op: str, rng: Rng) -> Drawn:
    """SiLU, GELU and others as exporters write them: chains that become one function."""
    size = shape(rng)
    chains: list[list[tuple[Any, ...]]] = [
        [("Sigmoid", ["x"], ["s"]), ("Mul", ["x", "s"], ["y"])],
        [
            ("Div", ["x", "root"], ["d"]),
            ("Erf", ["d"], ["e"]),
            ("Add", ["e", "one"], ["p"]),
            ("Mul", ["x", "p"], ["m"]),
            ("Mul", ["m", "half"], ["y"]),
        ],
        [("Softplus", ["x"], ["p"]), ("Tanh", ["p"], ["t"]), ("Mul", ["x", "t"], ["y"])],
    ]
    nodes = chains[int(rng.integers(len(chains)))]
    read = {name for node in nodes for name in node[1]}
    constants = {"root": f32(2**0.5), "one": f32(1), "half": f32(0.5)}
    entries = {"x": lambda: f32(rng.normal(scale=2.0, size=size))}
    return graph_with(rng, nodes, entries, constants={k: v for k, v in constants.items() if k in read})
