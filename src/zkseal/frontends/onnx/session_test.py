"""Float execution: intermediate values, many samples at once, typed refusals."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import InvalidModel, WrongInput
from zkseal.frontends.onnx import FloatSession, load
from zkseal.frontends.onnx.load_test import mlp


def session() -> FloatSession:
    return FloatSession(load(mlp()), threads=1)


def test_intermediate_values_inputs_and_constants() -> None:
    run, x = session(), np.ones((1, 3), np.float32)
    graph = run.graph
    gemm = graph.nodes[0]
    found = run.run({"x": x}, [*gemm.inputs, *gemm.outputs, "y"])
    _, weight, bias = (found[name] for name in gemm.inputs)
    np.testing.assert_allclose(found[gemm.outputs[0]], x @ weight + bias, rtol=1e-6)
    assert set(found) == {*gemm.inputs, *gemm.outputs, "y"}


def test_many_samples_equal_one_at_a_time() -> None:
    run, x = session(), np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    rows = [run.run({"x": x[i : i + 1]})["y"] for i in range(4)]
    np.testing.assert_array_equal(run.run({"x": x})["y"], np.concatenate(rows))


@pytest.mark.parametrize("shape", [(1, 4), (3,), (0, 3), (1, 1, 3)])
def test_wrong_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(WrongInput) as caught:
        session().run({"x": np.zeros(shape, np.float32)})
    assert (caught.value.name, caught.value.expected, caught.value.got) == ("x", (1, 3), shape)


def test_missing_and_unknown_inputs_and_values() -> None:
    x = np.zeros((1, 3), np.float32)
    with pytest.raises(WrongInput):
        session().run({})
    with pytest.raises(WrongInput):
        session().run({"x": x, "z": x})
    with pytest.raises(InvalidModel):
        session().run({"x": x}, ["nothing"])
