"""The graph of a tree model: trees, and what the model makes of their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidModel
from zkseal.graph import Graph, Node, Value, normalize, validate
from zkseal.graph.trees import TREES, Trees

__all__ = ["Link", "TreeModel", "graph_of"]

Link = Literal["identity", "logistic", "exp", "softmax", "shares"]
"""What a model makes of its scores. `logistic`: of each a probability. `shares`: they are probabilities."""


@dataclass(frozen=True, eq=False)
class TreeModel:
    """What a reader finds in an estimator.

    - `features`: number of inputs; `dtype`: their float type.
    - `classes`: labels by index; None for a regressor.
    - `zero_is_second`: whether a score of exactly 0 means the second of two classes.
    """

    name: str
    trees: Trees
    features: int
    dtype: str
    link: Link
    classes: npt.NDArray[Any] | None = None
    zero_is_second: bool = False


class _Writer:
    """Nodes and values of a graph, in order. Names of values serve as names of nodes."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.values: dict[str, Value] = {}
        self.constants: dict[str, npt.NDArray[Any]] = {}

    def value(self, name: str, shape: tuple[int, ...], dtype: str) -> str:
        self.values[name] = Value(name, shape, dtype)
        return name

    def constant(self, name: str, array: npt.NDArray[Any]) -> str:
        self.constants[name] = array
        return self.value(name, array.shape, array.dtype.name)

    def add(self, op: str, inputs: Sequence[str], output: Value, **attributes: object) -> str:
        self.values[output.name] = output
        self.nodes.append(Node(f"{output.name}_{op}", op, tuple(inputs), (output.name,), attributes))
        return output.name


def graph_of(model: TreeModel, *, batch: int = 1, outputs: str | Sequence[str] | None = None) -> Graph:
    """The graph; its input `X` has shape (batch, features).

    Outputs of a classifier are `label`, int64 of shape (batch,) (for other classes than integers their index, and
    `graph.notes` says so), and `probabilities`, (batch, classes); of a regressor `variable`, (batch, targets). Asked
    for by name there is also `logits`, the scores of the trees: (batch, classes), or (batch, 1) for two classes where
    one score decides.
    """
    _check(model)
    w = _Writer()
    x = w.value("X", (batch, model.features), model.dtype)
    if model.trees.dtype != model.dtype:
        x = w.add("Cast", [x], Value("X_cast", (batch, model.features), model.trees.dtype), to=_elem(model.trees.dtype))
    scores = Value("logits", (batch, model.trees.targets), "float32")
    w.add(TREES, [x], scores, **model.trees.attributes())
    known = {"logits": "logits"}
    notes: tuple[str, ...] = ()
    if model.classes is None:
        known = {"variable": _variable(w, model, scores)} | known
    else:
        probabilities = _probabilities(w, model, scores)
        label, notes = _label(w, model, scores)
        known = {"label": label, "probabilities": probabilities} | known
    names = [name for name in known if name != "logits"] if outputs is None else outputs
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        if name not in known:
            raise InvalidModel(f"A tree model has no value {name!r}. It has {', '.join(known)}.", name=name)
    if len({known[name] for name in names}) != len(names) or not names:
        raise InvalidModel("`outputs` has to name at least one value, each once.", outputs=names)
    graph = Graph(model.name, (w.values["X"],), tuple(names), w.values, w.constants, tuple(w.nodes), notes)
    return validate(normalize(_aliased(graph, known)))


def _check(model: TreeModel) -> None:
    """Raises `InvalidModel` for what is no forest: files may be damaged."""
    trees = model.trees
    trees.levels()
    features = trees.features
    if features.size and not (features.min() >= 0 and features.max() < model.features):
        raise InvalidModel(f"{model.name} compares a feature that it does not have. Save it again.", node=model.name)
    if not (np.isfinite(trees.leaves).all() and np.isfinite(trees.base).all()):
        raise InvalidModel(f"{model.name} has a leaf that is NaN or infinite. Train it again.", node=model.name)


def _elem(dtype: str) -> int:
    """ONNX's numbers of float types (TensorProto.DataType)."""
    return {"float32": 1, "float64": 11}[dtype]


def _aliased(graph: Graph, known: dict[str, str]) -> Graph:
    """Writes an Identity for outputs that are another value under a name of their own."""
    values, nodes = dict(graph.values), list(graph.nodes)
    for name, source in known.items():
        if name in graph.outputs and name != source:
            values[name] = replace(values[source], name=name)
            nodes.append(Node(f"{name}_Identity", "Identity", (source,), (name,), {}))
    return replace(graph, values=values, nodes=tuple(nodes))


def _variable(w: _Writer, model: TreeModel, scores: Value) -> str:
    ops = {"identity": None, "exp": "Exp", "logistic": "Sigmoid"}
    op = ops[model.link]
    return scores.name if op is None else w.add(op, [scores.name], replace(scores, name="variable"))


def _probabilities(w: _Writer, model: TreeModel, scores: Value) -> str:
    assert model.classes is not None
    batch, classes = scores.shape[0], model.classes.size
    result = Value("probabilities", (batch, classes), "float32")
    if scores.shape[1] == 1 and classes == 2:
        second = w.add("Sigmoid", [scores.name], Value("second", (batch, 1), "float32"))
        one = w.constant("one", np.ones((1, 1), np.float32))
        first = w.add("Sub", [one, second], Value("first", (batch, 1), "float32"))
        return w.add("Concat", [first, second], result, axis=1)
    if model.link == "softmax":
        return w.add("Softmax", [scores.name], result, axis=1)
    if model.link == "logistic":
        return w.add("Sigmoid", [scores.name], result)
    return scores.name


def _label(w: _Writer, model: TreeModel, scores: Value) -> tuple[str, tuple[str, ...]]:
    assert model.classes is not None
    batch, classes = scores.shape[0], model.classes
    names = classes.dtype.kind not in "biu"
    plain = names or np.array_equal(classes, np.arange(classes.size))
    index = Value("label" if plain else "index", (batch,), "int64")
    if scores.shape[1] == 1:
        zero = w.constant("zero", np.zeros((1, 1), np.float32))
        op = "GreaterOrEqual" if model.zero_is_second else "Greater"
        second = w.add(op, [scores.name, zero], Value("is_second", (batch, 1), "bool"))
        number = w.add("Cast", [second], Value("second_index", (batch, 1), "int64"), to=7)
        found = w.add("Reshape", [number, w.constant("flat", np.array([batch], np.int64))], index)
    else:
        found = w.add("ArgMax", [scores.name], index, axis=1, keepdims=0)
    if not plain:
        labels = w.constant("classes", classes.astype(np.int64))
        found = w.add("Gather", [labels, found], Value("label", (batch,), "int64"), axis=0)
    if not names:
        return found, ()
    return found, (f"Labels are indices into the classes {[str(label) for label in classes]}, not their names.",)
