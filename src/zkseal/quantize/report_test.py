"""Accuracy reports, against figures worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from zkseal.errors import ToleranceExceeded, WrongInput
from zkseal.quantize import QuantizationOptions, measure_accuracy


def test_errors_and_agreement() -> None:
    expected = np.asarray([[3.0, 4.0], [1.0, 0.0], [0.0, 0.0]])
    actual = np.asarray([[3.0, 4.5], [0.0, 1.0], [0.0, 0.0]])
    (output,) = measure_accuracy({"y": expected}, {"y": actual}).outputs
    assert output.mean_relative_error == pytest.approx((0.1 + np.sqrt(2)) / 3)
    assert output.max_absolute_error == 1.0
    assert output.agreement == pytest.approx(2 / 3)
    assert output.disagreements == (1,)


def test_a_single_score_is_compared_by_sign_and_integers_exactly() -> None:
    report = measure_accuracy(
        {"s": np.asarray([[0.5], [-0.5]]), "k": np.asarray([1, 2])},
        {"s": np.asarray([[0.1], [0.1]]), "k": np.asarray([1, 2])},
    )
    assert [output.agreement for output in report.outputs] == [0.5, 1.0]
    assert report.agreement == 0.5
    json.dumps(report.to_dict())


def test_tolerances_raise_with_fields() -> None:
    report = measure_accuracy({"y": np.asarray([[1.0, 0.0]])}, {"y": np.asarray([[1.1, 0.0]])})
    report.require(max_error=0.2, min_agreement=1.0)
    with pytest.raises(ToleranceExceeded) as caught:
        report.require(max_error=0.05)
    assert caught.value.output == "y"
    assert caught.value.tolerance == 0.05


def test_shapes_must_agree() -> None:
    with pytest.raises(WrongInput):
        measure_accuracy({"y": np.zeros((2, 3))}, {"y": np.zeros((2, 4))})


@pytest.mark.parametrize(
    "options", [{"bits": 3}, {"bits": 17}, {"weight_bits": 2}, {"headroom": 0.5}, {"function_bits": 20}]
)
def test_options_outside_their_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        QuantizationOptions(**options)  # type: ignore[arg-type]
