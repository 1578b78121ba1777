"""Step functions: intervals against every argument, and curves of their own for parts of a value."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.blocks.staircase import first_arguments
from zkseal.lowering.harness_test import rng_of
from zkseal.quantize.integers import Integers


@pytest.mark.parametrize("seed", range(5))
def test_intervals_are_those_of_the_function(seed: int) -> None:
    rng = rng_of(seed)
    lo, hi = -int(rng.integers(0, 50)), int(rng.integers(1, 50))
    steps = np.sort(rng.integers(-3, 6, size=(2, hi - lo + 1)), axis=1)

    def curves(number: Integers, n: Integers) -> Integers:
        return np.clip(steps[number, n - lo], -2, 4)

    firsts = first_arguments(curves, 2, lo, hi, range(-2, 5))
    for number in range(2):
        for y, (first, after) in enumerate(zip(firsts[number, :-1], firsts[number, 1:], strict=True), start=-2):
            mine = [n for n in range(lo, hi + 1) if int(curves(np.asarray(number), np.asarray(n))) == y]
            assert mine == list(range(first, after))


def test_far_saturation_ends_the_search() -> None:
    firsts = first_arguments(lambda _curve, n: np.clip(n >> 50, -1, 1), 1, -(1 << 60), 1 << 60, range(-1, 2))
    assert firsts[0].tolist() == [-(1 << 60), 0, 1 << 50, (1 << 60) + 1]
