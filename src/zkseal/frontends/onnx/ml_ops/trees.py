"""Trees of `ai.onnx.ml`: every form becomes a TreeEnsembleRegressor of sums, and plain operators behind it.

How onnxruntime decides between two classes was found out by running it (`trees_test`): the operators' documents do not
say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from onnx import TensorProto, numpy_helper

from zkseal.errors import ZksealError
from zkseal.frontends.onnx.ml_ops.labels import as_classes, write_label
from zkseal.frontends.onnx.ml_ops.splits import expand_splits, of_version_5
from zkseal.frontends.onnx.ml_ops.writer import Array, Writer
from zkseal.graph import Node
from zkseal.graph.trees import TREES, Trees

__all__ = ["tree_classifier", "tree_ensemble", "tree_regressor"]

_TRANSFORMS = ("NONE", "LOGISTIC", "SOFTMAX")


def tree_regressor(w: Writer) -> bool:
    """Sums and averages of trees, extremes of trees of one target."""
    return _regressor(w, _attributes(w), w.node.output[0])


def tree_ensemble(w: Writer) -> bool:
    """The one operator of version 5, which has plain arrays."""
    try:
        attributes = of_version_5(_attributes(w))
    except (IndexError, KeyError, ValueError):
        return False
    output = w.node.output[0]
    if "nodes_values_as_tensor" not in attributes:
        return _regressor(w, attributes, output)
    narrow = w.rewrite.fresh(f"{w.stem}_narrow")
    if not _regressor(w, attributes, narrow):
        return False
    w.add("Cast", [narrow], output, to=TensorProto.DOUBLE)
    return True


def _regressor(w: Writer, attributes: Mapping[str, Any], output: str) -> bool:
    transform, aggregate = attributes.get("post_transform", "NONE"), attributes.get("aggregate_function", "SUM")
    targets = int(attributes.get("n_targets", 1))
    if transform not in _TRANSFORMS or (transform == "SOFTMAX" and targets == 1):
        return False
    plain = {**attributes, "post_transform": "NONE"}
    if aggregate in ("MIN", "MAX"):
        return targets == 1 and transform == "NONE" and _extreme(w, plain, aggregate, output)
    trees = _trees(w, plain)
    if trees is None:
        return False
    if transform == "NONE":
        _write(w, trees, output)
    else:
        _transformed(w, _write(w, trees), transform, output)
    return True


def _extreme(w: Writer, attributes: Mapping[str, Any], aggregate: str, output: str) -> bool:
    """Each tree gets a target of its own; then the least or greatest of them."""
    trees = _trees(w, {**attributes, "aggregate_function": "SUM"})
    if trees is None:
        return False
    _, owner = trees.owners()
    count = trees.roots.size
    apart = np.zeros((len(trees.leaves), count))
    apart[np.arange(len(trees.leaves)), owner] = trees.leaves[:, 0]
    base = np.broadcast_to(trees.base, (count,))
    scores = _write(w, _changed(trees, apart, base))
    op = "ReduceMin" if aggregate == "MIN" else "ReduceMax"
    w.add(op, [scores, w.constant("axis", np.array([1], np.int64))], output, keepdims=1)
    return True


def _changed(trees: Trees, leaves: Array, base: Array) -> Trees:
    return replace(trees, leaves=leaves, base=np.asarray(base, np.float64))


def tree_classifier(w: Writer) -> bool:
    """Scores of classes, what is made of them, and the label."""
    attributes = _attributes(w)
    labels = attributes.get("classlabels_int64s") or attributes.get("classlabels_strings") or ()
    transform = attributes.get("post_transform", "NONE")
    if len(labels) < 2 or transform not in _TRANSFORMS:
        return False
    renamed = {name.replace("class_", "target_"): value for name, value in attributes.items()}
    trees = _trees(w, {**renamed, "n_targets": len(labels), "post_transform": "NONE", "aggregate_function": "SUM"})
    if trees is None:
        return False
    if len(labels) > 2:
        return _many_classes(w, trees, transform, labels)
    found = _Pair.of(attributes, trees)
    return found is not None and _two_classes(w, found, transform, labels)


def _many_classes(w: Writer, trees: Trees, transform: str, labels: Any) -> bool:
    probabilities = w.output(1)
    scores = _write(w, trees, probabilities if transform == "NONE" else None)
    if transform != "NONE" and probabilities:
        _transformed(w, scores, transform, probabilities)
    if w.node.output[0]:
        write_label(w, w.add("ArgMax", [scores], axis=1, keepdims=0), as_classes(labels), w.node.output[0])
    return True


@dataclass(frozen=True, eq=False)
class _Pair:
    """Trees of two classes as onnxruntime reads them.

    The score that decides is that of target `decides`, and the second class wins above `threshold`. `whole`: weights of
    one target, the first; then the other score is the opposite, or, if no weight is negative, what is missing to 1.
    """

    trees: Trees
    decides: int
    threshold: float
    whole: bool

    @staticmethod
    def of(attributes: Mapping[str, Any], trees: Trees) -> _Pair | None:
        """None for forms without a clear meaning: base values of the second class."""
        ids = {int(target) for target in attributes.get("class_ids", ())}
        base = attributes.get("base_values", ())
        weights = np.asarray(attributes.get("class_weights", ()), np.float64)
        if "class_weights_as_tensor" in attributes:
            weights = np.asarray(attributes["class_weights_as_tensor"], np.float64)
        positive = bool((weights >= 0).all())
        if len(base) > 1 or "base_values_as_tensor" in attributes:
            return None
        first = float(base[0]) if len(base) else 0.0
        if ids == {0}:
            alone = _changed(trees, trees.leaves[:, :1], np.array([first]))
            return _Pair(alone, 0, 0.5 if positive else 0.0, True)
        if ids == {1} and first == 0.0:
            return _Pair(trees, 1, 0.5 if positive else 0.0, False)
        if ids == {0, 1}:
            return _Pair(_changed(trees, trees.leaves, np.array([first, 0.0])), 1, 0.0, False)
        return None


def _two_classes(w: Writer, pair: _Pair, transform: str, labels: Any) -> bool:
    probabilities = w.output(1)
    plain = not pair.whole and transform == "NONE"
    scores = _write(w, pair.trees, probabilities if plain else None)
    if pair.whole and probabilities:
        second = w.add("Sigmoid", [scores]) if transform == "LOGISTIC" else scores
        if transform == "LOGISTIC" or pair.threshold > 0.0:
            first = w.add("Sub", [w.constant("one", np.ones((1, 1), np.float32)), second])
        else:
            first = w.add("Neg", [second])
        w.add("Concat", [first, second], probabilities, axis=1)
    elif probabilities and not plain:
        _transformed(w, scores, transform, probabilities)
    if w.node.output[0]:
        deciding = scores
        if not pair.whole:
            ends = [w.constant(name, np.array([at], np.int64)) for name, at in (("from", 1), ("to", 2), ("along", 1))]
            deciding = w.add("Slice", [scores, *ends])
        above = w.add("Greater", [deciding, w.constant("threshold", np.full((1, 1), pair.threshold, np.float32))])
        index = w.add("Cast", [above], to=TensorProto.INT64)
        flat = w.add("Reshape", [index, w.constant("flat", np.array([-1], np.int64))])
        write_label(w, flat, as_classes(labels), w.node.output[0])
    return True


def _transformed(w: Writer, scores: str, transform: str, output: str) -> str:
    if transform == "LOGISTIC":
        return w.add("Sigmoid", [scores], output)
    return w.add("Softmax", [scores], output, axis=1)


def _attributes(w: Writer) -> dict[str, Any]:
    """Attributes as graphs have them: texts, numbers, tuples, arrays."""
    found: dict[str, Any] = {}
    for name, value in w.attributes.items():
        if isinstance(value, bytes):
            found[name] = value.decode("utf-8", "replace")
        elif isinstance(value, list):
            found[name] = tuple(v.decode() if isinstance(v, bytes) and name == "nodes_modes" else v for v in value)
        elif hasattr(value, "data_type"):
            found[name] = numpy_helper.to_array(value)
        else:
            found[name] = value
    return found


def _trees(w: Writer, attributes: Mapping[str, Any]) -> Trees | None:
    """The trees; None if they are of a form that lowering then refuses by name."""
    try:
        trees = Trees.of(Node(w.stem, w.node.op_type, (), (), expand_splits(attributes)))
    except (ZksealError, IndexError, KeyError, ValueError):
        return None
    double = w.rewrite.types.get(w.node.input[0]) == TensorProto.DOUBLE
    # Without the attribute NaN fails every comparison, which is an answer too.
    return replace(trees, dtype="float64" if double else trees.dtype, accepts_missing=True)


def _write(w: Writer, trees: Trees, output: str | None = None) -> str:
    kind = TensorProto.DOUBLE if trees.dtype == "float64" else TensorProto.FLOAT
    x = w.add("Cast", [w.node.input[0]], to=kind)
    attributes = {
        name: numpy_helper.from_array(value, name) if isinstance(value, np.ndarray) else value
        for name, value in trees.attributes().items()
    }
    return w.add(TREES, [x], output, **attributes)
