"""Keras models: graphs that answer as the model does, and errors that say what to do.

Skipped where Keras, TensorFlow or tf2onnx is not installed, but for what needs none; `make frameworks` runs them all.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from zkseal.errors import InvalidModel, MissingDependency, UnsupportedOp
from zkseal.frontends.keras import load, reads
from zkseal.frontends.onnx import FloatSession

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def keras() -> Any:
    """The library, or a skip with the remedy."""
    for needed in ("tensorflow", "tf2onnx"):
        pytest.importorskip(needed, reason=f"{needed} is not installed: make frameworks")
    return pytest.importorskip("keras", reason="keras is not installed: make frameworks")


def sequential() -> Any:
    layers = keras().layers
    return keras().Sequential([keras().Input((3,), name="row"), layers.Dense(4, "relu"), layers.Dropout(0.5)])


def pretended(**attributes: Any) -> Any:
    """Something that says to be a model where Keras is not."""
    kind = type("Model", (), {"__module__": "keras.src.models.model", "built": True, "inputs": None, **attributes})
    return type("Net", (kind,), {"__module__": "a_script"})()


def failing(error: Exception) -> Any:
    def export(self: Any, *arguments: Any, **options: Any) -> None:
        raise error

    return pretended(export=export)


def test_models_are_known_by_their_class_without_keras() -> None:
    assert reads(pretended())
    assert not reads(object())
    assert not reads(type("Model", (), {"__module__": "elsewhere"})())


@pytest.mark.parametrize(
    ("model", "error", "says"),
    [
        (pretended(built=False), InvalidModel, "Call it on a sample first"),
        (failing(ModuleNotFoundError("No module named 'tf2onnx'")), MissingDependency, "pip install"),
        (failing(ValueError("no such layer\nsecond line")), UnsupportedOp, "no such layer Export it"),
    ],
    ids=["not built", "no tf2onnx", "not written"],
)
def test_refusals(model: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        load(model)


def test_without_tf2onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    model = sequential()
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(MissingDependency) as caught:
        load(model)
    assert caught.value.package == "tf2onnx"


@pytest.mark.parametrize("batch", [1, 4])
def test_a_model_that_was_never_called(batch: int) -> None:
    model = sequential()
    graph = load(model, batch=batch)
    assert [(value.name, value.shape) for value in graph.inputs] == [("row", (batch, 3))]
    assert graph.outputs == ("output",)
    found = FloatSession(graph, threads=1).run({"row": X[:batch]})["output"]
    np.testing.assert_allclose(found, model(X[:batch]).numpy(), rtol=1e-5, atol=1e-6)


def test_several_inputs_and_outputs() -> None:
    layers = keras().layers
    left, right = (keras().Input((size,), name=name) for name, size in (("age", 1), ("pay", 2)))
    both = layers.concatenate([left, right])
    model = keras().Model([left, right], [layers.Dense(2)(both), layers.Dense(1)(left)])
    graph = load(model)
    assert {value.name for value in graph.inputs} == {"age", "pay"}
    assert graph.outputs == ("output_0", "output_1")
    named = keras().Model([left, right], {"risk": layers.Dense(2)(both)})
    assert load(named).outputs == ("risk",)
    assert load(model, outputs="output_1").outputs == ("output_1",)


def test_a_subclass_that_was_called() -> None:
    class Own(keras().Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras().layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Own()
    with pytest.raises(InvalidModel, match="Call it"):
        load(model)
    expected = model(X[:1]).numpy()
    graph = load(model)
    found = FloatSession(graph, threads=1).run({graph.inputs[0].name: X[:1]})["output"]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
