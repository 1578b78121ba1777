"""What arrays of strangers may cost before they are refused."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest

from zkseal.errors import InvalidEncoding, WrongInput
from zkseal.proving.plain_arrays import array_from_plain
from zkseal.service.arrays import _array


def test_a_long_text_among_many_entries_takes_no_room_for_each_of_them() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(WrongInput):
            _array(["6" * 1000] + [""] * 100_000, "x")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_texts_beyond_all_memory_are_refused_as_no_numbers() -> None:
    with pytest.raises(WrongInput):
        _array(["6" * 2_000_000] + [""] * 700_000, "x")


def test_a_shape_of_many_axes_is_refused_before_it_is_multiplied(monkeypatch: pytest.MonkeyPatch) -> None:
    multiplied: list[Any] = []
    monkeypatch.setattr("zkseal.service.arrays.math.prod", multiplied.append)
    with pytest.raises(WrongInput):
        _array({"dtype": "bool", "shape": [(1 << 31) - 1] * 300_000, "data": ""}, "x")
    assert not multiplied


def test_an_empty_array_of_endless_axes_is_refused() -> None:
    with pytest.raises(WrongInput):
        _array({"dtype": "bool", "shape": [0, *[(1 << 31) - 1] * 5], "data": ""}, "x")
    with pytest.raises(InvalidEncoding):
        array_from_plain({"type": "bool", "shape": [0, *[(1 << 40) - 1] * 5], "data": b""})


@pytest.mark.parametrize("value", [1, [1, 2.5], [[1, None], [2, 3]], [True, False], [[]]])
def test_numbers_stay_what_numpy_makes_of_them(value: Any) -> None:
    expected = np.asarray(value)
    expected = expected.astype(np.float64) if expected.dtype == object else expected
    found = _array(value, "x")
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected, equal_nan=found.dtype.kind == "f")


DEEP = json.loads("[" * 70 + "1" + "]" * 70)


@pytest.mark.parametrize("value", [DEEP, "1", ["1"], [1, "1"], [{}], [[1], [1, 2]], [1, [2]], 10**400, [1e999], {}])
def test_anything_else_is_no_array(value: Any) -> None:
    with pytest.raises(WrongInput):
        _array(value, "x")
