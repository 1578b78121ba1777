"""Codes of floats have the order of the floats, and thresholds keep every comparison."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkseal.quantize.ordered import ORDERS

FLOATS = {
    "float32": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "float64": st.one_of(st.just(0.0), st.floats(2.0**-255, 2.0**255), st.floats(-(2.0**255), -(2.0**-255))),
}
EDGES = (0.0, -0.0, 1.0, -1.0, 0.1, 1e-35, -1e-35, 1e-45, -1e-45, 3.4028235e38, -3.4028235e38, 1e300, -1e300)


def pair(name: str, x: float, y: float) -> npt.NDArray[np.generic]:
    return np.array([x, y], dtype=name)


@pytest.mark.parametrize("name", ["float32", "float64"])
@given(data=st.data())
def test_codes_have_the_order_of_floats(name: str, data: st.DataObject) -> None:
    order = ORDERS[name]
    x, y = pair(name, data.draw(FLOATS[name]), data.draw(FLOATS[name]))
    a, b = order.encode(np.array([x, y]))
    assert (a < b, a == b) == (x < y, x == y)
    assert -order.infinity < a < order.infinity <= order.hi
    assert order.decode(a) == x


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("strict", [False, True])
@given(data=st.data())
def test_thresholds_keep_every_comparison(name: str, strict: bool, data: st.DataObject) -> None:
    order = ORDERS[name]
    t = data.draw(st.one_of(st.sampled_from(EDGES), FLOATS[name], st.floats(allow_nan=False)))
    near = np.clip(order.encode(t) + np.arange(-2, 3), -order.infinity + 1, order.infinity - 1)
    x = np.concatenate([order.decode(near), np.array([data.draw(FLOATS[name])], name)])
    left = x.astype(np.float64) < t if strict else x.astype(np.float64) <= t
    np.testing.assert_array_equal(order.encode(x) <= order.floor(t, strict), left)


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_nan_and_what_has_no_code(name: str) -> None:
    order = ORDERS[name]
    assert order.encode(np.nan) == order.hi
    assert np.isnan(order.decode(order.hi))
    assert not order.representable(np.array([np.inf, -np.inf], name)).any()
    assert order.representable(np.array([0.0, -0.0, 1.5, np.nan], name)).all()
    if name == "float64":
        assert not order.representable(np.array([2.0**-256, 2.0**256])).any()
        assert order.encode(2.0**-256) == 0
        assert order.encode(-(2.0**-255)) == -1
