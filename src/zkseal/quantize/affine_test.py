"""Arithmetic of quantized models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkseal.quantize.affine import QuantizedType, exact_multiplier, integer_range, quantized


def _kind(dtype: str, scale: float, zero_point: int) -> QuantizedType:
    return QuantizedType(dtype, np.asarray(scale, np.float32), np.asarray(zero_point, np.int64))


@pytest.mark.parametrize(("real", "integer"), [(0.5, 3), (1.5, 5), (2.5, 5), (-0.5, 3), (-3.5, 0), (1e30, 255)])
def test_ties_go_to_even_and_ends_saturate(real: float, integer: int) -> None:
    assert quantized(_kind("uint8", 1.0, 3), np.asarray(0), np.asarray(real), divide=True) == integer


def test_quotients_are_rounded_to_single_precision_first() -> None:
    # 16777217 has 25 bits: in single precision it is 16777216, a tie after the division by 2^25.
    kind = _kind("int8", 2.0**25, 0)
    assert quantized(kind, np.asarray(0), np.asarray(16777217.0), divide=True) == 0
    assert quantized(kind, np.asarray(0), np.asarray(16777219.0), divide=True) == 1


@given(st.lists(st.floats(2.0**-20, 2.0**10, width=32), min_size=1, max_size=4))
def test_scales_of_single_precision_are_exact(scales: list[float]) -> None:
    integers, exponent = exact_multiplier(np.asarray(scales, np.float32), 60)
    assert (np.ldexp(integers.astype(np.float64), -exponent) == np.asarray(scales, np.float32)).all()


def test_too_many_bits_are_rounded() -> None:
    integers, exponent = exact_multiplier(np.asarray([1.0, 2.0**-30 * 1.1], np.float32), 20)
    assert int(integers.max()) <= 1 << 20
    assert exponent <= 20


@pytest.mark.parametrize(("dtype", "bounds"), [("bool", (0, 1)), ("int8", (-128, 127)), ("uint16", (0, 65535))])
def test_integer_range(dtype: str, bounds: tuple[int, int]) -> None:
    assert integer_range(dtype) == bounds
