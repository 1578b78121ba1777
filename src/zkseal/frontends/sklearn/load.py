"""Loads a fitted estimator: skl2onnx writes it as ONNX, the ONNX frontend does the rest."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import onnx

from zkseal.errors import InvalidModel, MissingDependency, UnsupportedOp
from zkseal.frontends.onnx.load import load as load_onnx
from zkseal.graph import Graph, normalize, validate
from zkseal.graph.edit import Editor

LOGITS = "logits"

_LINEAR = frozenset({"Gemm", "MatMul"})


def load(
    estimator: Any, *, n_features: int | None = None, batch: int = 1, outputs: str | Sequence[str] | None = None
) -> Graph:
    """The graph of a fitted estimator or pipeline; its input `X` is float32 of shape (batch, n_features).

    `n_features` is taken from the estimator when it knows (`n_features_in_`). `outputs` chooses what is returned:

    - None, a classifier: `label`, int64 of shape (batch,), as `predict` gives it (for string classes their index in
      `classes_`, and `graph.notes` says so); then `probabilities`, float32 of shape (batch, classes), as
      `predict_proba` gives them, or the scores of `decision_function` where there are no probabilities.
    - None, a regressor: `variable`, float32 of shape (batch, targets), as `predict` gives it.
    - `"logits"`: one value `logits`, the output of the last linear layer: the scores before softmax or sigmoid, of
      shape (batch, classes), or (batch, 1) for two classes, where a positive score means the second class. For a
      regressor this is the prediction itself.
    - names, or a list of them: those values; `"logits"` may be one of them.

    Raises MissingDependency without skl2onnx, InvalidModel when the estimator is not fitted, UnsupportedOp when
    it cannot be written as ONNX or has no linear layer to take logits from.
    """
    model = to_onnx(estimator, n_features=n_features)
    names = [outputs] if isinstance(outputs, str) else outputs
    if names is None or LOGITS not in names:
        return load_onnx(model, batch=batch, outputs=names)
    others = [name for name in names if name != LOGITS]
    known = [value.name for value in model.graph.output]
    scores = known[-1]  # probabilities of a classifier, the prediction of a regressor
    graph = load_onnx(model, batch=batch, outputs=[*others, *([] if scores in others else [scores])])
    return _with_logits(graph, scores, names)


def to_onnx(estimator: Any, *, n_features: int | None = None) -> onnx.ModelProto:
    """The ONNX model that skl2onnx writes for a fitted estimator: input `X` float32 (any, n_features), no ZipMap.

    Raises as `load` does.
    """
    skl2onnx = _import("skl2onnx")
    data_types = _import("skl2onnx.common.data_types")
    _check_fitted(estimator)
    features = n_features if n_features is not None else getattr(estimator, "n_features_in_", None)
    if features is None:
        raise InvalidModel(
            f"{type(estimator).__name__} does not say how many features it takes. Give `n_features`.",
            node=type(estimator).__name__,
        )
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    types = [("X", data_types.FloatTensorType([None, int(features)]))]

    def written(option: str) -> onnx.ModelProto:
        options = {id(last): {option: False}} if hasattr(last, "classes_") else None
        model: onnx.ModelProto = skl2onnx.to_onnx(estimator, initial_types=types, options=options)
        return model

    try:
        try:
            return written("zipmap")
        except NameError:
            # Some classifiers do not know the option, and skl2onnx adds it by itself unless they have another one.
            return written("nocl")
    except Exception as error:
        name = type(estimator).__name__
        text = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UnsupportedOp(
            f"{name} cannot be written as ONNX: {text} Use an estimator that skl2onnx knows.", op=name, node=name
        ) from error


def _check_fitted(estimator: Any) -> None:
    try:
        _import("sklearn.utils.validation").check_is_fitted(estimator)
    except (TypeError, ValueError) as error:  # scikit-learn's NotFittedError is a ValueError.
        name = type(estimator).__name__
        raise InvalidModel(f"{name} is not a fitted estimator. Call its fit method first.", node=name) from error


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.split(".")[0]
        raise MissingDependency(
            f"Loading scikit-learn models needs {package}. Install it: pip install 'zkseal[sklearn]'.", package=package
        ) from error


def _with_logits(graph: Graph, scores: str, names: Sequence[str]) -> Graph:
    """`graph` with outputs `names`, where `logits` is the last linear layer before `scores`."""
    source = _last_linear(graph, scores)
    edit = Editor(graph if len(names) > 1 else replace(graph, notes=()))
    edit.outputs = [source if name == LOGITS else name for name in names]
    renamed = _rename(edit.build(), source, LOGITS) if source not in names else None
    if renamed is None:
        raise InvalidModel(f"Outputs name both 'logits' and {source!r}, which are the same value here.", name=source)
    return validate(normalize(renamed))


def _last_linear(graph: Graph, scores: str) -> str:
    """The output of the linear node that is reached first when walking back from `scores`."""
    pending, seen = [scores], {scores}
    while pending:
        node = graph.producer(pending.pop(0))
        if node is None:
            continue
        if node.op in _LINEAR:
            return node.outputs[0]
        for name in node.inputs:
            if name and name not in seen:
                seen.add(name)
                pending.append(name)
    ops = ", ".join(graph.ops())
    raise UnsupportedOp(f"The model has no linear layer to take logits from; it has {ops}.", op=ops, node=scores)


def _rename(graph: Graph, old: str, new: str) -> Graph:
    """`graph` with computed value `old` called `new`."""

    def name(text: str) -> str:
        return new if text == old else text

    nodes = tuple(
        replace(node, inputs=tuple(map(name, node.inputs)), outputs=tuple(map(name, node.outputs)))
        for node in graph.nodes
    )
    values = {name(key): replace(value, name=name(key)) for key, value in graph.values.items()}
    return replace(graph, nodes=nodes, values=values, outputs=tuple(map(name, graph.outputs)))
