"""Exact arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkseal.quantize.integers import matmul, round_shift


@given(st.integers(-(2**50), 2**50), st.integers(0, 40))
def test_round_shift_is_half_up(accumulator: int, shift: int) -> None:
    expected = (2 * accumulator + 2**shift) // 2 ** (shift + 1) if shift else accumulator
    assert int(round_shift(np.asarray([accumulator], dtype=np.int64), shift)[0]) == expected


@pytest.mark.parametrize("bits", [10, 20, 28])
def test_matmul_is_exact_beyond_float64(bits: int) -> None:
    rng = np.random.default_rng(bits)
    left = rng.integers(-(2**bits), 2**bits, size=(3, 9))
    right = rng.integers(-(2**bits), 2**bits, size=(9, 4))
    product = matmul(left, right, 9 << (2 * bits))
    assert (product.astype(object) == left.astype(object) @ right.astype(object)).all()
