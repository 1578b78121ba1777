"""The graph spec: what every `Graph` promises, as a program.

1. Names are unique: one definition for each value, one node for each node name.
2. Every value that a node or an output uses is defined before its use, so there are no cycles.
3. Every defined value has an entry in `values`, and `values` has no others; dimensions are positive integers.
4. Initializers have the shape and dtype of their entry, and finite entries where they are floats.
5. Shapes agree with the operators that `zkseal.graph.shapes` knows.

Frontends validate what they return; tests validate what each pass returns.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from zkseal.errors import DynamicShape, InvalidModel, NonFiniteWeight, UnsupportedDtype
from zkseal.graph.shapes import expected_shapes
from zkseal.graph.types import Graph, Node, Value

DTYPES = frozenset(
    {"float16", "float32", "float64", "bool"} | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)


def validate(graph: Graph) -> Graph:
    """Returns `graph` when it keeps the spec.

    Raises InvalidModel, DynamicShape, UnsupportedDtype or NonFiniteWeight, naming node or tensor.
    """
    _check_unique("node", (node.name for node in graph.nodes))
    _check_unique("value", _definitions(graph))
    _check_unique("output", graph.outputs)
    for value in graph.values.values():
        _check_value(value)
    _check_defined(graph)
    _check_initializers(graph)
    for node in graph.nodes:
        _check_node_shapes(graph, node)
    return graph


def _definitions(graph: Graph) -> Iterable[str]:
    yield from (value.name for value in graph.inputs)
    yield from graph.initializers
    yield from (name for node in graph.nodes for name in node.outputs if name)


def _check_unique(kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not name:
            raise InvalidModel(f"A {kind} has no name. Give it one.", name=name)
        if name in seen:
            raise InvalidModel(f"The {kind} name {name!r} is defined twice. Rename one of them.", name=name)
        seen.add(name)


def _check_value(value: Value) -> None:
    for axis, size in enumerate(value.shape):
        if not isinstance(size, int) or size < 1:
            raise DynamicShape(
                f"Axis {axis} of value {value.name!r} is {size!r}; every dimension has to be a positive number.",
                tensor=value.name,
                axis=axis,
            )
    if value.dtype not in DTYPES:
        raise UnsupportedDtype(
            f"Value {value.name!r} has element type {value.dtype}, which cannot be proved. "
            "Cut it off with `select=` (zkseal compile: --select), or convert the model to float32.",
            tensor=value.name,
            dtype=value.dtype,
        )


def _check_defined(graph: Graph) -> None:
    defined = {value.name for value in graph.inputs} | set(graph.initializers)
    for node in graph.nodes:
        for name in node.inputs:
            if name and name not in defined:
                raise InvalidModel(f"Node {node.name!r} reads {name!r} before it is defined.", node=node.name)
        defined.update(name for name in node.outputs if name)
    for name in graph.outputs:
        if name not in defined:
            raise InvalidModel(f"Output {name!r} is not defined by any node, input or initializer.", name=name)
    for name in sorted(defined ^ set(graph.values)):
        raise InvalidModel(f"Value {name!r} is defined or described, but not both.", name=name)
    for value in graph.inputs:
        if graph.values[value.name] != value:
            raise InvalidModel(f"Input {value.name!r} disagrees with its entry in `values`.", name=value.name)


def _check_initializers(graph: Graph) -> None:
    for name, array in graph.initializers.items():
        value = graph.values[name]
        if (tuple(array.shape), array.dtype.name) != (value.shape, value.dtype):
            raise InvalidModel(
                f"Initializer {name!r} is {array.dtype.name}{list(array.shape)}, described as "
                f"{value.dtype}{list(value.shape)}.",
                name=name,
            )
        check_finite(name, array)


def check_finite(name: str, array: np.ndarray) -> None:
    """Raises NonFiniteWeight naming the first NaN or infinite entry of a float array."""
    if not np.issubdtype(array.dtype, np.floating) or np.isfinite(array).all():
        return
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    raise NonFiniteWeight(
        f"Weight {name!r} is {array[index]} at index {list(index)}. Retrain or repair the model: it has no finite "
        "answer.",
        tensor=name,
        index=index,
    )


def _check_node_shapes(graph: Graph, node: Node) -> None:
    shapes = [graph.values[name].shape if name else None for name in node.inputs]
    constants = [graph.initializers.get(name) for name in node.inputs]
    expected = expected_shapes(node, shapes, constants)
    if expected is None:
        return
    for name, shape in zip(node.outputs, expected, strict=False):
        if name and graph.values[name].shape != shape:
            raise InvalidModel(
                f"Node {node.name!r} ({node.op}) makes {name!r} of shape {list(shape)}, described as "
                f"{list(graph.values[name].shape)}.",
                node=node.name,
            )
