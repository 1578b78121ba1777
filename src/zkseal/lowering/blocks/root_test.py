"""Integer square roots at all widths."""

from __future__ import annotations

from math import isqrt

import numpy as np
import pytest

from zkseal.lowering.blocks.root import Root
from zkseal.lowering.values import Environment, Quantized, Stored


@pytest.mark.parametrize("bits", [4, 31, 53, 59, 61])
@pytest.mark.parametrize("shift", [-3, 0, 1])
def test_root_is_the_integer_square_root(bits: int, shift: int) -> None:
    """Squares, their neighbours, and the largest integer: where a float root is off by one."""
    rng = np.random.default_rng(bits)
    squares = rng.integers(1, 1 << (bits // 2), size=40) ** 2
    n = np.concatenate([squares, squares - 1, squares + 1, [0, (1 << bits) - 1]])
    source = Quantized("n", n.shape, -shift, 0, (1 << bits) - 1)
    step = Root(Stored.of(source, "node"), Quantized("y", n.shape, 0, 0, (1 << 40) - 1))
    environment = Environment()
    environment["n"] = n
    step.execute(environment)
    expected = [isqrt((int(k) << shift) if shift >= 0 else int(k) >> -shift) for k in n]
    assert environment["y"].tolist() == expected
