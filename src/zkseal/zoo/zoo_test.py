"""The zoo: shapes and sizes as announced, accuracy, determinism, and a cache that trusts nothing."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zkseal.errors import MissingDependency
from zkseal.zoo import cache
from zkseal.zoo.layers import Conv, Dense, Flatten, MaxPool, Relu

pytest.importorskip("sklearn")
pytest.importorskip("skl2onnx")

from zkseal import zoo

# name: (input shape, logits, weights, least accuracy)
EXPECTED = {
    "breast_cancer": ((1, 30), 1, 30 * 16 + 16 * 8 + 8 + 25, 0.95),
    "digits": ((1, 64), 10, 64 * 64 + 64 * 10 + 74, 0.95),
    "mlp_credit": ((1, 20), 1, 20 * 64 + 64 * 32 + 32 + 97, 0.95),
    "lenet": ((1, 1, 28, 28), 10, 61_706, 0.97),
    "dense": ((1, 1024), 1024, 4 * 1024 * 1025, 0.97),
    "cifar": ((1, 3, 32, 32), 10, 262_714, 0.90),
}


@pytest.mark.parametrize("name", zoo.MODELS)
def test_model_is_what_it_says(name: str) -> None:
    shape, columns, weights, least = EXPECTED[name]
    model = zoo.MODELS[name]()
    graph = model.graph()
    assert graph.inputs[0].shape == shape
    assert graph.values["logits"].shape == (1, columns)
    linear = [node for node in graph.nodes if node.op in ("Conv", "Gemm")]
    assert sum(graph.initializers[key].size for node in linear for key in node.inputs[1:]) == weights
    assert model.calibration.dtype == model.held_out.dtype == np.float32
    assert model.calibration.shape[1:] == model.held_out.shape[1:] == shape[1:]
    assert len(model.held_out) == len(model.labels) >= 100
    assert model.accuracy() >= least
    if columns >= 10:
        assert np.bincount(model.predictions()).max() <= 0.2 * len(model.labels)


def test_layers_backpropagate_the_derivative() -> None:
    rng = np.random.default_rng(0)
    layers: list[Any] = [Conv(rng, 2, 3, 3, padding=1), Relu(), MaxPool(), Flatten(), Dense(rng, 12, 2)]
    for layer in layers:
        layer.weights = [weight.astype(np.float64) for weight in layer.weights]
    x, direction = rng.standard_normal((2, 2, 4, 4)), rng.standard_normal((2, 2))

    def loss() -> float:
        value = x
        for layer in layers:
            value = layer.forward(value)
        return float((value * direction).sum())

    loss()
    gradient = direction
    for layer in reversed(layers):
        gradient = layer.backward(gradient)
    for layer in (layers[0], layers[-1]):
        for weight, analytic in zip(layer.weights, layer.gradients, strict=True):
            index = tuple(int(rng.integers(size)) for size in weight.shape)
            kept, step = weight[index], 1e-5
            weight[index] = kept + step
            above = loss()
            weight[index] = kept - step
            slope = (above - loss()) / (2 * step)
            weight[index] = kept
            assert analytic[index] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_cache_keeps_and_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    weights, calls = [np.zeros(3, np.float32)], []

    def train() -> None:
        calls.append(1)
        weights[0][:] = 7

    for _ in range(2):
        weights[0][:] = 0
        cache.cached("m", "recipe", weights, train)
        assert weights[0].tolist() == [7, 7, 7]
    assert len(calls) == 1
    cache.cached("m", "another recipe", weights, train)
    assert len(calls) == 2
    for path in (tmp_path / "zkseal").iterdir():
        data = bytearray(path.read_bytes())
        data[-50] ^= 1
        path.write_bytes(bytes(data))
    cache.cached("m", "recipe", weights, train)
    assert len(calls) == 3


def test_missing_scikit_learn_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(MissingDependency, match="pip install"):
        zoo.breast_cancer.__wrapped__()
