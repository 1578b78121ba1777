"""Exponents and rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkseal.errors import NonFiniteWeight
from zkseal.quantize.scales import MAX_EXPONENT, fitting_exponent, model_bounds, quantize, weight_exponent


@given(st.floats(1e-9, 1e9), st.integers(1, 2**20))
def test_fitting_exponent_is_the_largest_that_fits(magnitude: float, limit: int) -> None:
    exponent = fitting_exponent(magnitude, limit)
    assert int(np.floor(np.ldexp(magnitude, exponent) + 0.5)) <= limit
    if exponent < MAX_EXPONENT:
        assert int(np.floor(np.ldexp(magnitude, exponent + 1) + 0.5)) > limit


def test_a_value_that_is_always_zero_has_the_largest_exponent() -> None:
    assert fitting_exponent(0.0, 127) == MAX_EXPONENT


@pytest.mark.parametrize(("real", "integer"), [(0.5, 1), (-0.5, 0), (1.49, 1), (-1.5, -1), (-1.51, -2)])
def test_rounding_is_half_up(real: float, integer: int) -> None:
    assert quantize("w", [real], 0)[0] == integer


def test_non_finite_weight_names_tensor_and_index() -> None:
    with pytest.raises(NonFiniteWeight) as caught:
        quantize("w", [[0.0, np.nan]], 3)
    assert (caught.value.tensor, caught.value.index) == ("w", (0, 1))


@pytest.mark.parametrize(("preferred", "expected"), [(14, 14), (99, 15), (0, 11)])
def test_weight_exponent_stays_between_12_and_16_bits(preferred: int, expected: int) -> None:
    assert weight_exponent(0.99, 16, preferred) == expected


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=5))
def test_model_bounds_span_a_power_of_two(integers: list[int]) -> None:
    lo, hi = model_bounds(np.asarray(integers, dtype=np.int64))
    span = hi - lo + 1
    assert lo <= min(integers) <= max(integers) <= hi
    assert span & (span - 1) == 0
