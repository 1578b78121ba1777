"""Narrowed sums have the results of the wide ones, for all pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zkseal.lowering.accumulators import Offset, Sum
from zkseal.lowering.blocks.narrow_sum import narrow_staircase
from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify
from zkseal.lowering.values import Environment, Quantized, Stored
from zkseal.quantize.integers import Integers


@pytest.mark.parametrize("seed", range(4))
def test_all_pairs(seed: int) -> None:
    rng = rng_of(seed)
    c, d, step = (int(k) for k in rng.integers(1 << 22, 1 << 24, size=3))
    values = [Quantized(name, (256, 256), 0, 0, 255) for name in ("a", "b")]
    stored = [Stored.of(value, "node") for value in values]
    wide = Sum.of("s", "node", (256, 256), [(Offset.of("s", "node", stored[0], c, -99 * c), 1), (stored[1], d)])
    result = Quantized("y", (256, 256), 0, 0, 255)

    def function(n: Integers) -> Integers:
        return np.clip(n // step + 100, 0, 255)

    found = narrow_staircase(wide, result, function)
    assert found is not None
    assert found.accumulator.hi < 1 << 22 < wide.hi
    environment = Environment()
    environment["a"], environment["b"] = np.meshgrid(np.arange(256), np.arange(256), indexing="ij")
    found.execute(environment)
    np.testing.assert_array_equal(environment["y"], function(wide.compute(environment)))


def test_what_is_no_sum_of_two_small_values_stays() -> None:
    result = Quantized("y", (2,), 0, 0, 255)
    wide = [Stored.of(Quantized(name, (2,), 0, 0, 1 << 9), "node") for name in ("a", "b")]
    assert narrow_staircase(wide[0], result, lambda n: n) is None
    assert narrow_staircase(Sum.of("s", "node", (2,), [(v, 1) for v in wide]), result, lambda n: n) is None


@pytest.mark.parametrize("shape", [(3, 4), (4,)])
def test_residuals_of_quantized_networks(shape: tuple[int, ...]) -> None:
    rng = rng_of(9)
    constants: dict[str, npt.NDArray[Any]] = {
        "s": f32(0.0313),
        "z": np.asarray(3, np.uint8),
        "t": f32(0.0417),
        "r": f32(0.0591),
    }
    nodes = [
        ("DequantizeLinear", ["a", "s", "z"], ["p"]),
        ("DequantizeLinear", ["b", "t", "z"], ["q"]),
        ("Sub", ["p", "q"], ["d"]),
        ("QuantizeLinear", ["d", "r", "z"], ["y"]),
    ]
    inputs = {"a": ("uint8", (3, 4)), "b": ("uint8", shape)}
    samples = [
        {name: rng.integers(0, 256, size=s).astype(np.uint8) for name, (_, s) in inputs.items()} for _ in range(4)
    ]
    verify(graph_of(nodes, inputs, ["y"], constants), samples=samples)
