"""Compiling: what it takes, what it refuses, and that it always makes the same of the same."""

import numpy as np
import pytest

from zkseal import pipeline
from zkseal.conftest import tiny_graph
from zkseal.errors import CalibrationMissing, RangeExceeded, ToleranceExceeded, WrongInput
from zkseal.frontends.onnx import export
from zkseal.pipeline import CompiledModel
from zkseal.pipeline.compile import rebuild
from zkseal.quantize import QuantizationOptions


def test_the_same_makes_the_same(tiny: CompiledModel) -> None:
    again = rebuild(tiny.graph, tiny.calibration, tiny.options, tiny.visibility)
    assert again.relation.encode() == tiny.relation.encode()


def test_a_model_may_be_bytes_or_a_message(tiny: CompiledModel, samples: np.ndarray) -> None:
    message = export(tiny_graph())
    for model in (message, message.SerializeToString()):
        assert pipeline.compile(model, {"x": samples}).relation.encode() == tiny.relation.encode()


def test_the_witness_satisfies_the_relation(tiny: CompiledModel, samples: np.ndarray) -> None:
    tiny.relation.check(tiny.program.run({"x": samples[:1]}).tensors)


def test_evaluate_is_close_to_the_float_model(tiny: CompiledModel, samples: np.ndarray) -> None:
    report = pipeline.evaluate(tiny, samples)
    assert report.outputs[0].samples == 40
    assert report.mean_relative_error < 0.002


def test_eight_bits_are_coarser(samples: np.ndarray, tiny: CompiledModel) -> None:
    coarse = pipeline.compile(tiny_graph(), samples, options=QuantizationOptions(bits=8))
    errors = [pipeline.evaluate(model, samples).mean_relative_error for model in (tiny, coarse)]
    assert errors[0] < errors[1] < 0.1


def test_tolerance(samples: np.ndarray) -> None:
    accuracy = pipeline.compile(tiny_graph(), samples, max_error=0.01).accuracy
    assert accuracy is not None
    assert accuracy.mean_relative_error < 0.01
    with pytest.raises(ToleranceExceeded) as caught:
        pipeline.compile(tiny_graph(), samples, max_error=1e-9)
    assert caught.value.output == "y"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"z": np.zeros((1, 4))}, WrongInput),
        ({"x": np.zeros((1, 4)), "z": np.zeros(1)}, WrongInput),
        (np.zeros((0, 4)), CalibrationMissing),
        (np.zeros((3, 5)), WrongInput),
        (np.array([["a", "b", "c", "d"]]), WrongInput),
        (np.full((3, 4), np.nan), CalibrationMissing),
    ],
)
def test_wrong_samples_are_refused(wrong: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        pipeline.compile(tiny_graph(), wrong)  # type: ignore[arg-type]


def test_progress_is_told_stage_by_stage(samples: np.ndarray) -> None:
    told: list[tuple[str, float]] = []
    pipeline.compile(tiny_graph(), samples, progress=lambda stage, share: told.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["load", "calibrate", "lower"]
    assert all(0 <= share <= 1 for _, share in told)
    assert told[-1] == ("lower", 1.0)


def test_an_input_far_outside_the_calibration_is_named(tiny: CompiledModel) -> None:
    with pytest.raises(RangeExceeded) as caught:
        tiny.program.run({"x": np.full((1, 4), 1000.0)})
    assert caught.value.tensor == "x"
    assert caught.value.value == 1000.0


def test_weights_hold_every_committed_constant(tiny: CompiledModel) -> None:
    assert sum(array.size for array in tiny.weights().values()) >= 4 * 3 + 3 + 3 * 2 + 2
