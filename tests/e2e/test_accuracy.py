"""Accuracy as users set it, from a model to a verified receipt: narrow tensors, clamped values, reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.e2e import small_models

import zkseal
from zkseal import files
from zkseal.lowering.blocks.saturate import Saturate

pytestmark = pytest.mark.native


def test_a_clamped_narrow_model_is_proved_as_it_is(tmp_path: Path) -> None:
    options = zkseal.QuantizationOptions(percentile=70, headroom=1.0, tensor_bits={"h": 8})
    samples = small_models.SAMPLES
    model = zkseal.compile(small_models.perceptron(), samples, options=options)
    assert any(isinstance(step, Saturate) for step in model.program.steps)
    report = zkseal.report(model, samples)
    assert report.saturated > 0
    files.save_model(tmp_path / "m.zkc", model)
    loaded = files.load_model(tmp_path / "m.zkc")
    assert (loaded.options, loaded.relation) == (model.options, model.relation)
    proving_key, verifying_key = zkseal.setup(loaded)
    clamped = max(range(len(samples)), key=lambda k: zkseal.report(model, samples[k : k + 1]).saturated)
    result = zkseal.prove(proving_key, samples[clamped], context=b"accuracy")
    statement = zkseal.verify(result.receipt, verifying_key, context=b"accuracy")
    (name,) = statement.outputs
    expected = model.program.predict({model.graph.inputs[0].name: samples[clamped : clamped + 1]})
    np.testing.assert_array_equal(statement.outputs[name], expected[name])


def test_mixed_precision_survives_its_file(tmp_path: Path) -> None:
    model = zkseal.compile(small_models.perceptron(), small_models.SAMPLES, max_error=0.2, precision="mixed", trials=8)
    files.save_model(tmp_path / "m.zkc", model)
    loaded = files.load_model(tmp_path / "m.zkc")
    assert loaded.options == model.options
    assert loaded.accuracy == model.accuracy
