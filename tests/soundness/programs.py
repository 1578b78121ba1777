"""Small graphs, lowered as users' models are: what the lies about operators are told in.

All outputs are private, so that every range is the prover's to show. Integers are narrow to keep tables small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from unittest import mock

import numpy as np

from zkseal import _native
from zkseal.errors import InvalidParameters
from zkseal.lowering import Program, lower
from zkseal.lowering.blocks.position import Position
from zkseal.lowering.harness_test import calibrated, f32, graph_of
from zkseal.lowering.rules.scatter import Touched
from zkseal.lowering.values import Environment, Quantized
from zkseal.quantize import Calibration, QuantizationOptions
from zkseal.relation import Column, Relation

from .native import Values

Arrays = dict[str, np.ndarray]
OPTIONS = QuantizationOptions(bits=8, weight_bits=8, function_bits=8)

W = f32([[-0.4, 0.12], [-0.83, 0.33], [0.57, -0.23]])
B = f32([0.86, 0.5])
GEMM = ("Gemm", ["x", "W", "B"])
QUANTIZED = {"s": f32(1), "z": np.asarray(3, np.uint8)}


# Softmax of the first half of x under the second half, which is 1 where entries count.
MASKED: list[tuple[object, ...]] = [
    ("Slice", ["x", "zero", "three", "axis"], ["s"]),
    ("Slice", ["x", "three", "six", "axis"], ["m"]),
    ("Sub", ["one", "m"], ["n"]),
    ("Mul", ["n", "never"], ["b"]),
    ("Add", ["s", "b"], ["t"]),
    ("Softmax", ["t"], ["y"]),
]
MASK_CONSTANTS = {"one": f32(1), "never": f32(-1e4)} | {
    name: np.array([value]) for name, value in (("zero", 0), ("three", 3), ("six", 6), ("axis", 1))
}


class Forcing(Environment):
    """Keeps forced values whatever a step computes for them."""

    def __init__(self, forced: Mapping[str, object]) -> None:
        super().__init__()
        self.forced = forced

    def __setitem__(self, name: str, values: np.ndarray) -> None:
        own = np.asarray(self.forced.get(name, values), dtype=np.int64)
        super().__setitem__(name, own.reshape(values.shape))


@dataclass(frozen=True)
class Lowered:
    """A program, the integers of its input, and the honest values of its tensors."""

    program: Program
    honest: Arrays

    @property
    def relation(self) -> Relation:
        return self.program.relation

    def run(self, inputs: Mapping[str, object], forced: Mapping[str, object] = MappingProxyType({})) -> Arrays:
        """The values for input integers, in bounds or not, by the honest steps without their checks of ranges.

        `forced` values take the place of what a step computes; everything later goes on with them.
        """
        environment = Forcing(forced)
        for value in self.program.inputs:
            environment[value.name] = np.asarray(inputs[value.name], dtype=np.int64).reshape(value.shape)
        with (
            mock.patch.object(Quantized, "check", lambda _self, array: array),
            mock.patch.object(Position, "require_inside", return_value=None),
            mock.patch.object(Touched, "require_distinct", return_value=None),
        ):
            for step in self.program.steps:
                step.execute(environment)
        tensors = {**self.relation.fixed, **self.program.parameters}
        for name, (key, shape) in self.program.layouts.items():
            tensors[name] = environment[key].reshape(shape)
        return self.relation.complete(tensors)


def lowered(
    nodes: list[tuple[object, ...]],
    *samples: object,
    constants: Mapping[str, np.ndarray] | None = None,
    dtype: str = "float32",
) -> Lowered:
    """One input x, one output y; the first sample is the one that is proved."""
    runs = [{"x": np.asarray(sample, dtype)} for sample in samples]
    graph = graph_of(nodes, {"x": (dtype, runs[0]["x"].shape)}, ["y"], constants)
    program = calibrated(graph, runs, OPTIONS, outputs="private")
    return Lowered(program, dict(program.run(runs[0]).tensors))


def saturated() -> Lowered:
    """A sum of which some entries saturate: the third and fourth lie one step outside, the last further."""
    graph = graph_of([("Mul", ["x", "c"], ["y"])], {"x": (1, 6)}, ["y"], {"c": f32(1.0)})
    run = {"x": f32([[0.1, -0.2, 0.5, -0.5, 0.15, 1.3]])}
    calibration = Calibration.from_runs([{**run, "y": run["x"]}], percentile=50.0)
    program = lower(graph, calibration, replace(OPTIONS, percentile=50.0), outputs="private")
    return Lowered(program, dict(program.run(run).tensors))


PROGRAMS: dict[str, Callable[[], Lowered]] = {
    "gemm": lambda: lowered([(*GEMM, ["y"])], [[0.1, -0.2, 0.7]], [[-1, 1, 1]], constants={"W": W, "B": B}),
    "relu": lambda: lowered(
        [(*GEMM, ["g"]), ("Relu", ["g"], ["y"])], [[0.1, -0.9, 0.7]], [[1, 1, -1]], constants={"W": W, "B": B - 0.9}
    ),
    "argmax": lambda: lowered([("ArgMax", ["x"], ["y"], {"axis": 1, "keepdims": 0})], [[1, 3, 3, -2]], [[-4, 3, 2, 4]]),
    "reducemin": lambda: lowered([("ReduceMin", ["x"], ["y"], {"keepdims": 0})], [[1, 3, -2, -2]], [[-4, 3, 2, 4]]),
    "topk": lambda: lowered(
        [("TopK", ["x", "k"], ["y", "i"])], [[1, 3, 3, -2]], [[-4, 3, 2, 4]], constants={"k": np.array([2])}
    ),
    "gather": lambda: lowered(
        [("Gather", ["T", "x"], ["y"])], [1, -1], [3, -4], constants={"T": np.array([5, 9, -3, 7])}, dtype="int64"
    ),
    "gatherelements": lambda: lowered(
        [("GatherElements", ["x", "x"], ["y"], {"axis": 1})], [[2, 0, 1], [1, 2, 0]], dtype="int64"
    ),
    "onehot": lambda: lowered(
        [("OneHot", ["x", "d", "v"], ["y"])],
        *([1, -1], [2, -2]),
        constants={"d": np.array([3]), "v": np.array([4, 7])},
        dtype="int64",
    ),
    "scatter": lambda: lowered(
        [("ScatterElements", ["D", "x", "U"], ["y"])],
        *([1, -1], [3, -4]),
        constants={"D": np.array([5, 9, -3, 7]), "U": np.array([2, 1])},
        dtype="int64",
    ),
    "cumsum": lambda: lowered([("CumSum", ["x", "a"], ["y"])], [3, 1, -4], constants={"a": np.array(0)}, dtype="int64"),
    "maxpool": lambda: lowered(
        [("MaxPool", ["x"], ["y"], {"kernel_shape": [2, 2], "strides": [2, 2]})],
        [[[[0.1, -0.1, 0.5, 0.1], [-0.4, 0.3, 1.0, 0.7]]]],
    ),
    "softmax": lambda: lowered([("Softmax", ["x"], ["y"], {"axis": 1})], [[0.1, -0.2, 0.9]], [[1, -1, 0.5]]),
    "maxpool_indices": lambda: lowered(
        [("MaxPool", ["x"], ["y", "i"], {"kernel_shape": [2, 2]})], [[[[1, 3], [3, -2]]]], [[[[-4, 3], [2, 3]]]]
    ),
    "dynamic": lambda: lowered([("DynamicQuantizeLinear", ["x"], ["y", "s", "z"])], [[0.5, -1, 2]]),
    "quantize_axis": lambda: lowered(
        [("QuantizeLinear", ["x", "s"], ["y"], {"axis": 1})], [[0.25, -0.5, 1.75]], constants={"s": f32([1, 2, 3])}
    ),
    "quantize": lambda: lowered(
        [("QuantizeLinear", ["x", "s", "z"], ["y"])], [[0.25, -0.5, 1.75]], constants=QUANTIZED
    ),
    "uint16": lambda: lowered([("Cast", ["x"], ["y"], {"to": 6})], [65535, 3], dtype="uint16"),
    "integers": lambda: lowered(
        [("QuantizeLinear", ["x", "s", "z"], ["q"]), ("MatMulInteger", ["q", "w", "z"], ["y"])],
        [0.25, -0.5, 1.75],
        constants=QUANTIZED | {"w": np.asarray([[3], [-2], [1]], np.int8)},
    ),
    "reciprocal": lambda: lowered([("Reciprocal", ["x"], ["y"])], [[0.5, 0.9, 1.7]], [[2, 3, 1]]),
    "sqrt": lambda: lowered([("Sqrt", ["x"], ["y"])], [[0.3, 0.9, 1.7]], [[2, 3, 1]]),
    "masked": lambda: lowered(MASKED, [[0, -2, 3, 1, 1, 1]], [[3, 1, 0, 1, 0, 1]], constants=MASK_CONSTANTS),
    "layer_normalization": lambda: lowered(
        [("LayerNormalization", ["x", "ones"], ["y"])], [[0.1, -0.2, 0.9]], constants={"ones": f32([1, 1, 1])}
    ),
    "saturate": saturated,
    "sigmoid": lambda: lowered([("Sigmoid", ["x"], ["y"])], [[0.3, -0.4, 1.7]], [[3, -3, 1]]),
}


@cache
def program(name: str) -> Lowered:
    return PROGRAMS[name]()


def by_index(relation: Relation, values: Arrays) -> Values:
    """Flat lists of all tensors that have values."""
    return {
        index: [int(v) for v in np.asarray(values[name]).ravel()]
        for index, (name, tensor) in enumerate(zip(relation.names.tensors, relation.tensors, strict=True))
        if tensor.column != Column.PROGRESSION
    }


def smallest_rows(relation: bytes) -> int:
    """The least c whose rows hold the mask vector of the relation and of its model relation."""
    for c in range(5, 12):
        try:
            _native.layout(relation, c)
        except InvalidParameters:
            continue
        return c
    raise AssertionError("the relation is too large for these tests")
