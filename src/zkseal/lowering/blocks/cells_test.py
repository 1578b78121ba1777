"""Cells cover their domain, and hold the tolerance where chords are worst."""

from __future__ import annotations

import math

import numpy as np
import pytest

from zkseal.lowering.blocks.cells import Function, fit_cells, reach_of, steepest

STEP: Function = lambda x: 1.0 if x > 0.3 else -1.0  # noqa: E731


@pytest.mark.parametrize(
    ("f", "first", "last", "argument"),
    [
        (math.exp, -(6 << 10), 3 << 10, 10),
        (math.log, 3, 100_000, 12),
        (math.sin, -90_000, 90_001, 12),
        (STEP, -1000, 999, 9),
        (math.sqrt, 0, 5000, 4),
        (math.erf, -(1 << 14), 1 << 14, 10),
    ],
)
def test_every_argument_has_one_cell_and_a_value_near_f(f: Function, first: int, last: int, argument: int) -> None:
    result, tolerance = 12, 2.0
    cells = fit_cells(f, argument, first, last, result, tolerance)
    ends = cells.starts + (1 << cells.bits)
    assert (cells.first, cells.last) == (first, last)
    assert (ends[:-1] == cells.starts[1:]).all()
    assert (cells.starts % (1 << cells.bits) == 0).all()
    v = np.arange(first, last + 1)
    y = cells.apply(v, cells.find(v))
    exact = np.asarray([f(float(x)) for x in np.ldexp(v.astype(float), -argument)]) * 2.0**result
    assert np.abs(y - exact).max() <= 1.25 * tolerance + 0.6
    assert cells.bounds() == (y.min(), y.max())


def test_cells_are_as_wide_as_the_function_is_flat() -> None:
    cells = fit_cells(math.erf, 12, -(1 << 18), (1 << 18) - 1, 14, 1.0)
    assert cells.widest == 13
    assert len(cells.starts) < 300


def test_too_many_cells_coarsen_the_tolerance() -> None:
    cells = fit_cells(lambda x: math.sin(25 * x), 14, 0, (1 << 16) - 1, 20, 1.5)
    assert len(cells.starts) <= 1 << 13


def test_a_function_without_chords_is_refused() -> None:
    with pytest.raises(ValueError, match="chords"):
        fit_cells(lambda x: math.sin(1e3 * x), 12, 0, (1 << 15) - 1, 20, 1e-3)


def test_a_function_too_large_for_integers_is_refused() -> None:
    with pytest.raises(ValueError, match="steep"):
        fit_cells(lambda x: 1e15 if x > 1.0 else 0.0, 8, 0, 4095, 14, 1.0)


def test_steepest_finds_slopes_at_ends() -> None:
    assert steepest(math.log, 1e-6, 1.0) == pytest.approx(1e6, rel=0.01)
    assert steepest(lambda x: 3.0 * x, -1.0, 1.0) == pytest.approx(3.0, rel=1e-3)


def test_reach_stops_where_f_ends_or_grows() -> None:
    assert reach_of(math.log, 1.0, -4.0, 5.0) == pytest.approx(math.exp(-5), rel=1e-6)
    assert reach_of(math.sqrt, 1.0, -4.0, 5.0) == pytest.approx(0.0, abs=1e-6)
    assert reach_of(math.exp, 0.0, 1e6, 100.0) == pytest.approx(math.log(100))
    assert reach_of(math.sin, 0.0, 7.5, 2.0) == 7.5
