"""Models that are quantized already keep their integers: exactly onnxruntime's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.rules.drawn import Drawn, Rng, draws, graph_with, shape

from zkseal.lowering.harness_test import f32

Array = npt.NDArray[Any]
PARAMETERS = ["xs", "xz", "w", "ws", "wz", "ys", "yz"]


def whole_range(rng: Rng, dtype: str, size: tuple[int, ...]) -> Callable[[], Array]:
    """Integers over all of their type."""
    info = np.iinfo(dtype)
    return lambda: rng.integers(info.min, int(info.max) + 1, size=size).astype(dtype)


@draws("QuantizeLinear")
def quantize(op: str, rng: Rng) -> Drawn:
    """One scale, or one for each entry of an axis."""
    source, dtype = shape(rng, 2, 3), str(rng.choice(["uint8", "int8"]))
    own = () if rng.random() < 0.5 else (source[1],)
    info = np.iinfo(dtype)
    constants = {
        "s": f32(rng.uniform(0.01, 0.03, size=own)),
        "z": rng.integers(info.min // 2, info.max // 2, size=own).astype(dtype),
    }
    node = (op, ["x", "s", "z"], ["y"], {"axis": 1} if own else {})
    return graph_with(rng, [node], {"x": lambda: f32(rng.normal(size=source))}, constants=constants)


@draws("DequantizeLinear")
def dequantize(op: str, rng: Rng) -> Drawn:
    """One scale, or one for each entry of an axis."""
    source, dtype = shape(rng, 2, 3), str(rng.choice(["uint8", "int8"]))
    own = () if rng.random() < 0.5 else (source[1],)
    constants = {"s": f32(rng.uniform(0.01, 0.03, size=own)), "z": whole_range(rng, dtype, own)()}
    node = (op, ["x", "s", "z"], ["y"], {"axis": 1} if own else {})
    return graph_with(rng, [node], {"x": whole_range(rng, dtype, source)}, constants=constants)


@draws("DynamicQuantizeLinear")
def dynamic(op: str, rng: Rng) -> Drawn:
    """Multiples of 2^-9 are exact: then integers are onnxruntime's, whatever lies near a tie."""
    source, shift = shape(rng, 1, 3), float(rng.uniform(-3, 3))
    entries = {"x": lambda: f32(np.round((rng.normal(size=source) + shift) * 512) / 512)}
    return graph_with(rng, [(op, ["x"], ["y", "s", "z"])], entries, ["y", "s", "z"])


@draws("MatMulInteger")
def mat_mul(op: str, rng: Rng) -> Drawn:
    """With zero points on both sides."""
    m, k, n = (int(v) for v in rng.integers(1, 6, size=3))
    left, right = str(rng.choice(["uint8", "int8"])), "int8"
    entries = {"a": whole_range(rng, left, (m, k)), "b": whole_range(rng, right, (k, n))}
    constants = {"p": whole_range(rng, left, ())(), "q": whole_range(rng, right, ())()}
    node = (op, ["a", "b", "p", "q"], ["y"])
    return graph_with(rng, [node], entries, constants=constants, sometimes_constant=["b"])


@draws("ConvInteger")
def convolution(op: str, rng: Rng) -> Drawn:
    """Two dimensions, groups, pads with the zero point."""
    groups, (inner, rows) = int(rng.integers(1, 3)), (int(v) for v in rng.integers(1, 3, size=2))
    kernel = [int(v) for v in rng.integers(1, 4, size=2)]
    entries = {
        "x": whole_range(rng, "uint8", (1, groups * inner, 5, 4)),
        "w": whole_range(rng, "uint8", (groups * rows, inner, *kernel)),
    }
    attributes = {"group": groups, "pads": [int(v) for v in rng.integers(0, 2, size=4)]}
    constants = {"p": np.asarray(9, np.uint8), "q": np.asarray(130, np.uint8)}
    node = (op, ["x", "w", "p", "q"], ["y"], attributes)
    return graph_with(rng, [node], entries, constants=constants, sometimes_constant=["w"])


@draws("QLinearMatMul", "QLinearConv")
def requantized(op: str, rng: Rng) -> Drawn:
    """Scales that let some results saturate."""
    groups, k, n = (int(v) for v in rng.integers(1, 4, size=3))
    if op == "QLinearMatMul":
        source, weights, attributes = (groups, k), (k, n), {}
    else:
        source, weights = (1, groups * k, 4, 5), (groups * n, k, 2, 2)
        attributes = {"group": groups, "pads": [int(v) for v in rng.integers(0, 2, size=4)]}
    constants = {
        "xs": f32(rng.uniform(0.01, 0.02)),
        "xz": np.asarray(rng.integers(0, 50), np.uint8),
        "w": whole_range(rng, "int8", weights)(),
        "ws": f32(rng.uniform(0.004, 0.02)),
        "wz": np.asarray(0, np.int8),
        "ys": f32(rng.uniform(0.05, 0.09)),
        "yz": np.asarray(rng.integers(0, 100), np.uint8),
    }
    node = (op, ["x", *PARAMETERS], ["y"], attributes)
    return graph_with(rng, [node], {"x": whole_range(rng, "uint8", source)}, constants=constants)
