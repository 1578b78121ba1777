"""MatMulInteger and ConvInteger: exactly onnxruntime's integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.lowering import lower
from zkseal.lowering.harness_test import Arrays, f32, graph_of, rng_of, verify
from zkseal.quantize import Calibration

Typed = tuple[str, tuple[int, ...]]


def samples_of(inputs: dict[str, Typed], seed: int, count: int = 3) -> list[Arrays]:
    """Integers over the whole range of their types."""
    rng = rng_of(seed)
    return [{name: _whole_range(rng, *typed) for name, typed in inputs.items()} for _ in range(count)]


def _whole_range(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max + 1, size=shape).astype(dtype)


@pytest.mark.parametrize(("left", "right"), [("uint8", "int8"), ("uint8", "uint8"), ("int8", "int8")])
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("zero", [False, True])
def test_matrix_products(left: str, right: str, constant: bool, zero: bool) -> None:
    rng = rng_of(1)
    inputs: dict[str, Typed] = {"a": (left, (2, 3, 4)), "b": (right, (4, 5))}
    constants: dict[str, npt.NDArray[Any]] = {}
    if constant:
        constants["b"] = _whole_range(rng, *inputs.pop("b"))
    if zero:
        constants |= {"p": np.asarray(7, left), "q": np.asarray(100, right)}
    names = ["a", "b", *(["p", "q"] if zero else [])]
    verify(graph_of([("MatMulInteger", names, ["y"])], inputs, ["y"], constants), samples=samples_of(inputs, 2))


def test_a_zero_point_for_each_column_and_one_that_is_computed() -> None:
    rng = rng_of(3)
    inputs: dict[str, Typed] = {"a": ("uint8", (3, 4)), "p": ("uint8", ())}
    constants = {"b": _whole_range(rng, "int8", (4, 5)), "q": _whole_range(rng, "int8", (5,))}
    graph = graph_of([("MatMulInteger", ["a", "b", "p", "q"], ["y"])], inputs, ["y"], constants)
    verify(graph, samples=samples_of(inputs, 4))


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [1, 0, 1, 1]])
@pytest.mark.parametrize("zero", ["none", "constant", "computed"])
def test_convolutions(constant: bool, pads: list[int], zero: str) -> None:
    rng = rng_of(5)
    inputs: dict[str, Typed] = {"x": ("uint8", (1, 4, 5, 4)), "w": ("uint8", (2, 2, 3, 2))}
    constants: dict[str, npt.NDArray[Any]] = {}
    if constant:
        constants["w"] = _whole_range(rng, *inputs.pop("w"))
    names = ["x", "w"]
    if zero == "constant":
        constants |= {"p": np.asarray(9, np.uint8), "q": np.asarray(130, np.uint8)}
        names += ["p", "q"]
    elif zero == "computed":
        inputs["p"] = ("uint8", ())
        names += ["p"]
    graph = graph_of([("ConvInteger", names, ["y"], {"group": 2, "pads": pads})], inputs, ["y"], constants)
    verify(graph, samples=samples_of(inputs, 6))


def test_sums_beyond_32_bits_are_refused() -> None:
    width = 1 << 17
    graph = graph_of(
        [("MatMulInteger", ["a", "b"], ["y"])],
        {"a": ("uint8", (1, width))},
        ["y"],
        {"b": np.full((width, 1), 255, np.uint8)},
    )
    calibration = Calibration.from_arrays({"a": np.full((1, width), 255.0), "y": f32([[0.0]])})
    with pytest.raises(UnsupportedOp, match="32 bits"):
        lower(graph, calibration)
