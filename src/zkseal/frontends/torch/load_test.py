"""PyTorch modules: graphs that answer as the module does in evaluation mode, and errors that say what to do.

Skipped where torch is not installed, but for what needs none; `make frameworks` installs it and runs them all.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from zkseal.errors import InvalidModel, MissingDependency, UnsupportedOp, WrongInput, ZksealError
from zkseal.frontends.onnx import FloatSession
from zkseal.frontends.torch import load, reads

X = np.random.default_rng(0).normal(size=(6, 3))


def torch() -> Any:
    """The library, or a skip with the remedy."""
    return pytest.importorskip("torch", reason="torch is not installed: make frameworks")


def scaled() -> Any:
    """A module of one argument and one parameter, with a dropout that only training has."""
    nn = torch().nn

    class Scaled(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch().tensor([1.0, 2.0, -3.0]))
            self.dropout = nn.Dropout(0.5)

        def forward(self, row: Any) -> Any:
            return self.dropout(row * self.factor)

    return Scaled()


def returning(result: Any) -> Any:
    """A module that makes something of its argument."""

    class Returning(torch().nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return result(x)

    return Returning()


def pretended() -> Any:
    """Something that says to be a module where torch is not."""
    kind = type("Module", (), {"__module__": "torch.nn.modules.module"})
    return type("Net", (kind,), {"__module__": "a_script"})()


def test_modules_are_known_by_their_class_without_torch() -> None:
    assert reads(pretended())
    assert not reads(object())
    assert not reads(type("Module", (), {"__module__": "elsewhere"})())


def test_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependency, match="pip install") as caught:
        load(pretended(), samples=X)
    assert caught.value.package == "torch"


def test_an_old_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(__version__="2.6.0+cu124"))
    with pytest.raises(MissingDependency, match=r"2\.7 or newer"):
        load(pretended(), samples=X)


def test_a_module_is_read_in_evaluation_mode_and_left_as_it_was() -> None:
    module = scaled()
    module.dropout.train()
    graph = load(module, samples=X)
    assert (module.training, module.dropout.training) == (True, True)
    assert [(value.name, value.shape, value.dtype) for value in graph.inputs] == [("row", (1, 3), "float32")]
    found = FloatSession(graph, threads=1).run({"row": X[:1].astype(np.float32)})
    np.testing.assert_allclose(found["output"], X[:1] * [1, 2, -3], rtol=1e-6)


def test_parts_that_are_frozen_stay_frozen() -> None:
    module = scaled()
    module.dropout.eval()
    load(module, samples=X)
    assert (module.training, module.dropout.training) == (True, False)


@pytest.mark.parametrize("batch", [1, 4])
def test_the_shape_is_that_of_a_batch(batch: int) -> None:
    assert load(scaled(), samples=X, batch=batch).inputs[0].shape == (batch, 3)


def test_inputs_and_outputs_have_the_names_of_the_module() -> None:
    class Two(torch().nn.Module):  # type: ignore[misc]
        def forward(self, left: Any, right: Any) -> Any:
            return {"sum": left + right, "difference": left - right}

    graph = load(Two(), samples={"right": X, "left": 2 * X})
    assert {value.name for value in graph.inputs} == {"left", "right"}
    assert graph.outputs == ("sum", "difference")
    feeds = {"left": X[:1].astype(np.float32), "right": 3 * X[:1].astype(np.float32)}
    np.testing.assert_allclose(FloatSession(graph, threads=1).run(feeds)["difference"], -2 * X[:1], rtol=1e-6)
    assert load(Two(), samples={"left": X, "right": X}, outputs="sum").outputs == ("sum",)


def test_several_results_are_numbered() -> None:
    assert load(returning(lambda x: (x + 1, x * 2)), samples=X).outputs == ("output_0", "output_1")


def test_tokens_stay_integers() -> None:
    module = torch().nn.Embedding(7, 2)
    assert load(module, samples=np.arange(6).reshape(2, 3)).inputs[0].dtype == "int64"


@pytest.mark.parametrize(
    ("make", "samples", "error", "says"),
    [
        (scaled, None, InvalidModel, "samples"),
        (scaled, np.zeros((6, 4)), WrongInput, "fails on samples"),
        (scaled, {"line": X}, WrongInput, "fails on samples"),
        (scaled, np.zeros(()), WrongInput, "first axis"),
        (scaled, np.array([["a", "b", "c"]]), WrongInput, "numbers are needed"),
        (lambda: returning(lambda x: "text"), X, UnsupportedOp, "not tensors"),
        (lambda: returning(lambda x: x if float(x.sum()) > 0 else -x), X, UnsupportedOp, "cannot be written as ONNX"),
    ],
    ids=["no samples", "shape", "name", "scalar", "text", "no tensor", "branch"],
)
def test_refusals(make: Any, samples: Any, error: type[ZksealError], says: str) -> None:
    with pytest.raises(error, match=says):
        load(make(), samples=samples)


def test_arguments_without_names_need_samples_by_name() -> None:
    class Unnamed(torch().nn.Module):  # type: ignore[misc]
        def forward(self, *rows: Any) -> Any:
            return rows[0]

    with pytest.raises(WrongInput, match="by name"):
        load(Unnamed(), samples=X)
