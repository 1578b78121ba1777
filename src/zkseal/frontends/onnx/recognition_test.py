"""What exporters write out is recognized, in the forms in which they do, and computes the same."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.frontends.onnx.passes_test import Net, assert_same
from zkseal.graph import Graph, passes

X = "x"


def _layer_norm(net: Net, *, form: str, axes: tuple[int, ...] = (-1,)) -> Graph:
    names = net.const(np.array(axes))
    mean = net.add("ReduceMean", X, names, keepdims=1).last
    net.last = X
    centred = net.add("Sub", X, mean).last
    square = ("Pow", X, net.const(np.float32(2.0))) if form != "Mul" else ("Mul", X, X)
    net.add(*square).add("ReduceMean", X, names, keepdims=1).add("Add", X, net.const(np.float32(1e-3)))
    if form == "PowHalf":
        root = net.add("Pow", X, net.const(np.float32(-0.5))).last
        return net.add("Mul", root, centred).graph()
    root = net.add("Sqrt", X).last
    if form == "Mul":
        root = net.add("Reciprocal", root).last
    return net.add("Mul" if form == "Mul" else "Div", centred, root).graph()


@pytest.mark.parametrize("form", ["Div", "Mul", "PowHalf"])
@pytest.mark.parametrize("axes", [(-1,), (1,), (1, 2)])
def test_layer_normalization(form: str, axes: tuple[int, ...]) -> None:
    graph = _layer_norm(Net((2, 3, 4)), form=form, axes=axes)
    changed = passes.recognize_normalization(graph)
    assert changed.ops()["LayerNormalization"] == 1
    assert not {"Sqrt", "Pow", "ReduceMean"} & set(changed.ops())
    assert_same(graph, changed)


def test_root_mean_square_normalization() -> None:
    net = Net((2, 3, 4))
    net.add("Pow", X, net.const(np.float32(2.0))).add("ReduceMean", X, net.const(np.array([-1])), keepdims=1)
    root = net.add("Add", X, net.const(np.float32(1e-3))).add("Sqrt", X).last
    graph = _by(net, root)
    changed = passes.recognize_normalization(graph)
    assert changed.ops()["RMSNormalization"] == 1
    assert_same(graph, changed)


def _by(net: Net, root: str) -> Graph:
    net.last = "x"
    return net.add("Div", X, root).graph()


def test_l2_normalization_with_a_least_length() -> None:
    net = Net((2, 3, 4))
    norm = (
        net.add("ReduceL2", X, net.const(np.array([1])), keepdims=1).add("Clip", X, net.const(np.float32(1e-12))).last
    )
    graph = _by(net, norm)
    changed = passes.recognize_normalization(graph)
    assert changed.ops()["RMSNormalization"] == 1
    assert_same(graph, changed)


def test_a_mean_over_other_axes_is_no_normalization() -> None:
    net = Net((2, 3, 4))
    mean = net.add("ReduceMean", X, net.const(np.array([1])), keepdims=1).last
    net.last = X
    centred = net.add("Sub", X, mean).last
    net.add("Mul", X, X).add("ReduceMean", X, net.const(np.array([2])), keepdims=1).add("Sqrt", X)
    graph = net.add("Div", centred, X).graph()
    changed = passes.recognize_normalization(graph)
    # It is divided by the root of the mean of its own squares all the same.
    assert "LayerNormalization" not in changed.ops()
    assert_same(graph, changed)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_gelu(order: int) -> None:
    net = Net((2, 5))
    root = net.const(np.float32(np.sqrt(2.0)))
    bell = net.add("Div", X, root).add("Erf", X).add("Add", X, net.const(np.float32(1.0))).last
    half = net.const(np.float32(0.5))
    net.last = "x"
    if order == 0:
        net.add("Mul", X, bell).add("Mul", X, half)
    elif order == 1:
        net.add("Mul", half, X).add("Mul", X, bell)
    else:
        scaled = net.add("Mul", bell, half).last
        net.last = "x"
        net.add("Mul", scaled, X)
    graph = net.graph()
    changed = passes.recognize_activation(graph)
    assert changed.ops() == {"Gelu": 1}
    assert_same(graph, changed)


@pytest.mark.parametrize("power", [True, False])
def test_gelu_by_tanh(power: bool) -> None:
    net = Net((2, 5))
    if power:
        net.add("Pow", X, net.const(np.float32(3.0)))
    else:
        square = net.add("Mul", X, X).last
        net.last = "x"
        net.add("Mul", X, square)
    cube = net.add("Mul", X, net.const(np.float32(0.044715))).last
    net.last = "x"
    net.add("Add", X, cube).add("Mul", X, net.const(np.float32(np.sqrt(2 / np.pi)))).add("Tanh", X)
    bell = net.add("Add", X, net.const(np.float32(1.0))).last
    net.last = "x"
    graph = net.add("Mul", X, bell).add("Mul", X, net.const(np.float32(0.5))).graph()
    changed = passes.recognize_activation(graph)
    assert changed.ops() == {"Gelu": 1}
    assert_same(graph, changed)


@pytest.mark.parametrize("alpha", [1.0, 1.702])
def test_swish(alpha: float) -> None:
    net = Net((2, 5))
    if alpha != 1.0:
        net.add("Mul", X, net.const(np.float32(alpha)))
    share = net.add("Sigmoid", X).last
    net.last = "x"
    graph = net.add("Mul", X, share).graph()
    changed = passes.recognize_activation(graph)
    assert changed.ops() == {"Swish": 1}
    assert_same(graph, changed)


def test_a_gate_of_another_value_is_no_swish() -> None:
    net = Net((2, 5))
    share = net.add("Relu", X).add("Sigmoid", X).last
    net.last = "x"
    graph = net.add("Mul", X, share).graph()
    assert passes.recognize_activation(graph).ops() == graph.ops()
