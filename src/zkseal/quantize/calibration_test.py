"""Calibration statistics."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import CalibrationMissing
from zkseal.quantize import Calibration


def test_runs_are_merged() -> None:
    runs = [{"x": np.asarray([[1.0, -2.0]])}, {"x": np.asarray([[0.25, 3.0]])}]
    seen = Calibration.from_runs(runs).of("x")
    assert (seen.minimum, seen.maximum, seen.magnitude) == (-2.0, 3.0, 3.0)
    assert seen.feature_magnitude == (1.0, 3.0)
    assert seen.exact_exponent == 2


def test_values_that_are_not_dyadic_are_not_exact() -> None:
    assert Calibration.from_arrays({"x": np.asarray([0.1])}).of("x").exact_exponent is None


@pytest.mark.parametrize("array", [np.zeros((0, 3)), np.asarray([np.nan]), np.asarray([np.inf])])
def test_empty_or_non_finite_samples_are_refused(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    with pytest.raises(CalibrationMissing) as caught:
        Calibration.from_arrays({"x": array})
    assert caught.value.tensor == "x"


def test_no_runs_and_unknown_values_are_refused() -> None:
    with pytest.raises(CalibrationMissing):
        Calibration.from_runs([])
    with pytest.raises(CalibrationMissing):
        Calibration({}).of("x")


def test_percentiles_leave_the_largest_out() -> None:
    values = np.linspace(-1.0, 1.0, 2001)
    runs = [{"x": values}, {"x": np.asarray([100.0, -50.0])}]
    seen = Calibration.from_runs(runs, percentile=99.0).of("x")
    assert seen.magnitude == 100.0
    assert seen.typical is not None
    assert 0.99 <= seen.typical <= 0.99 * 1.04
    assert Calibration.from_runs(runs).of("x").typical is None


@pytest.mark.parametrize(("values", "typical"), [([0.0, 0.0, 0.0, 5.0], 0.0), ([0.25] * 4, 0.25), ([1e-300], 1e-300)])
def test_percentiles_of_few_values(values: list[float], typical: float) -> None:
    assert Calibration.from_runs([{"x": np.asarray(values)}], percentile=75.0).of("x").typical == typical


def test_steps_of_a_sequence_are_calibrated_together() -> None:
    run = {"lstm/step_0/gates": [[1.0, -2.0]], "lstm/step_12/gates": [[0.5, 7.0]], "other": [[0.25, 0.25]]}
    calibration = Calibration.from_runs([run])
    assert calibration.of("lstm/step_0/gates") == calibration.of("lstm/step_12/gates")
    assert (calibration.of("lstm/step_0/gates").minimum, calibration.of("lstm/step_0/gates").maximum) == (-2.0, 7.0)
    assert calibration.of("other").magnitude == 0.25
