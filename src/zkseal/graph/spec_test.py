"""The validator accepts good graphs and names what is wrong with bad ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zkseal.errors import DynamicShape, InvalidModel, NonFiniteWeight, UnsupportedDtype, ZksealError
from zkseal.graph import Graph, Node, Value, validate


def linear() -> Graph:
    weight, bias = np.ones((3, 2), np.float32), np.zeros(2, np.float32)
    x, h, y = Value("x", (1, 3), "float32"), Value("h", (1, 2), "float32"), Value("y", (1, 2), "float32")
    constants = {"w": weight, "b": bias}
    described = {name: Value(name, array.shape, "float32") for name, array in constants.items()}
    return Graph(
        name="linear",
        inputs=(x,),
        outputs=("y",),
        values={"x": x, "h": h, "y": y, **described},
        initializers=constants,
        nodes=(Node("gemm", "Gemm", ("x", "w", "b"), ("h",)), Node("relu", "Relu", ("h",), ("y",))),
    )


def test_validate_returns_a_good_graph() -> None:
    graph = linear()
    assert validate(graph) is graph


def test_graph_lookups() -> None:
    graph = linear()
    assert graph.producer("h") is graph.nodes[0]
    assert graph.producer("x") is None
    assert graph.consumers("h") == (graph.nodes[1],)
    assert graph.ops() == {"Gemm": 1, "Relu": 1}


def broken(kind: str) -> Graph:
    graph = linear()
    gemm, relu = graph.nodes
    values = dict(graph.values)
    if kind == "use before definition":
        return replace(graph, nodes=(relu, gemm))
    if kind == "undefined input":
        return replace(graph, nodes=(gemm, replace(relu, inputs=("nothing",))))
    if kind == "node name twice":
        return replace(graph, nodes=(gemm, replace(relu, name="gemm")))
    if kind == "value defined twice":
        return replace(graph, nodes=(gemm, replace(relu, outputs=("h",))))
    if kind == "undefined output":
        return replace(graph, outputs=("nothing",))
    if kind == "value without definition":
        return replace(graph, values={**values, "ghost": Value("ghost", (1,), "float32")})
    if kind == "shape of initializer":
        return replace(graph, values={**values, "w": Value("w", (2, 3), "float32")})
    if kind == "shape of node output":
        return replace(graph, values={**values, "y": Value("y", (1, 3), "float32")})
    if kind == "inputs do not fit":
        x = Value("x", (1, 4), "float32")
        return replace(graph, inputs=(x,), values={**values, "x": x})
    if kind == "dynamic":
        return replace(graph, values={**values, "h": Value("h", (0, 2), "float32")})
    if kind == "dtype":
        return replace(graph, values={**values, "h": Value("h", (1, 2), "complex64")})
    assert kind == "not finite"
    return replace(graph, initializers={**graph.initializers, "b": np.array([0, np.inf], np.float32)})


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("use before definition", InvalidModel),
        ("undefined input", InvalidModel),
        ("node name twice", InvalidModel),
        ("value defined twice", InvalidModel),
        ("undefined output", InvalidModel),
        ("value without definition", InvalidModel),
        ("shape of initializer", InvalidModel),
        ("shape of node output", InvalidModel),
        ("inputs do not fit", InvalidModel),
        ("dynamic", DynamicShape),
        ("dtype", UnsupportedDtype),
        ("not finite", NonFiniteWeight),
    ],
)
def test_validate_refuses(kind: str, error: type[ZksealError]) -> None:
    with pytest.raises(error):
        validate(broken(kind))


def test_validate_names_weight_and_index() -> None:
    with pytest.raises(NonFiniteWeight) as caught:
        validate(broken("not finite"))
    assert (caught.value.tensor, caught.value.index) == ("b", (1,))
