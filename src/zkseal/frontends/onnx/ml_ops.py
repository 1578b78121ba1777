"""Writes operators of `ai.onnx.ml` with plain ONNX operators, in place.

| operator | becomes |
| --- | --- |
| Scaler | Sub, Mul (merged into one affine node later) |
| LinearRegressor | Gemm |
| LinearClassifier | Gemm, then Softmax, or Sigmoid (and 1 - p, Concat for two classes), ArgMax, Gather |
| Normalizer | LpNormalization; nothing behind a softmax, whose rows already sum to 1 |
| ArrayFeatureExtractor | Gather; nothing where the classes are 0, 1, 2, ... |
| ZipMap | its tensor input |

String labels become class indices, and a note tells the names. A form that is not known stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

_ML = "ai.onnx.ml"
Array: TypeAlias = npt.NDArray[Any]


class _Writer:
    """Nodes and constants that take the place of one node."""

    def __init__(self, rewrite: _Rewrite, node: onnx.NodeProto) -> None:
        self.rewrite = rewrite
        self.node = node
        self.attributes: dict[str, Any] = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        self.stem = node.name or node.output[0]
        self.nodes: list[onnx.NodeProto] = []

    def constant(self, name: str, array: Array) -> str:
        full = self.rewrite.fresh(f"{self.stem}_{name}")
        self.rewrite.model.graph.initializer.append(numpy_helper.from_array(array, full))
        return full

    def add(self, op: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        """Appends a node; without `output` its result gets a fresh name. Returns the name of the result."""
        result = output or self.rewrite.fresh(f"{self.stem}_{op.lower()}")
        name = self.rewrite.fresh(f"{self.stem}_{op}")
        self.nodes.append(helper.make_node(op, inputs, [result], name=name, **attributes))
        return result

    def floats(self, name: str) -> Array:
        return np.asarray(self.attributes.get(name, ()), np.float32)

    def float_input(self) -> str:
        return self.add("Cast", [self.node.input[0]], to=TensorProto.FLOAT)


class _Rewrite:
    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.notes: list[str] = []
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self.makers = {name: node for node in model.graph.node for name in node.output if name}
        values = (*model.graph.input, *model.graph.output, *model.graph.initializer)
        self.names = {value.name for value in values} | set(self.makers) | {n.name for n in model.graph.node}

    def fresh(self, stem: str) -> str:
        name, count = stem, 1
        while name in self.names:
            name, count = f"{stem}_{count}", count + 1
        self.names.add(name)
        return name

    def retype_output(self, name: str, elem_type: int) -> None:
        for value in self.model.graph.output:
            if value.name == name:
                value.CopyFrom(helper.make_tensor_value_info(name, elem_type, None))


def rewrite_ml_ops(model: onnx.ModelProto) -> list[str]:
    """Rewrites the operators of the table above in `model`; returns notes for people."""
    rewrite = _Rewrite(model)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        writer = _Writer(rewrite, node)
        rule = _RULES.get(node.op_type) if node.domain == _ML else None
        nodes.extend(writer.nodes if rule is not None and rule(writer) else [node])
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    return rewrite.notes


def _scaler(w: _Writer) -> bool:
    offset, scale = w.floats("offset"), w.floats("scale")
    if offset.size == 0 or scale.size == 0:
        return False
    centred = w.add("Sub", [w.float_input(), w.constant("offset", offset)])
    w.add("Mul", [centred, w.constant("scale", scale)], w.node.output[0])
    return True


def _gemm(w: _Writer, rows: int, coefficients: Array, intercepts: Array, output: str | None = None) -> str:
    """x @ coefficients.T + intercepts."""
    weight = w.constant("weight", np.ascontiguousarray(coefficients.reshape(rows, -1).T))
    inputs = [w.float_input(), weight]
    if intercepts.size:
        inputs.append(w.constant("bias", intercepts))
    return w.add("Gemm", inputs, output)


def _linear_regressor(w: _Writer) -> bool:
    if w.attributes.get("post_transform", b"NONE") != b"NONE":
        return False
    _gemm(w, int(w.attributes.get("targets", 1)), w.floats("coefficients"), w.floats("intercepts"), w.node.output[0])
    return True


def _linear_classifier(w: _Writer) -> bool:
    labels = w.attributes.get("classlabels_ints") or w.attributes.get("classlabels_strings") or []
    coefficients, intercepts = w.floats("coefficients"), w.floats("intercepts")
    transform = w.attributes.get("post_transform", b"NONE")
    rows = len(labels)
    if rows < 2 or intercepts.size not in (0, rows) or transform not in (b"NONE", b"LOGISTIC", b"SOFTMAX"):
        return False
    if coefficients.size % rows:
        return False
    probabilities = w.node.output[1] if len(w.node.output) > 1 and w.node.output[1] else None
    per_class = coefficients.reshape(rows, -1)
    if rows == 2 and transform == b"LOGISTIC" and _opposite(per_class) and _opposite(intercepts):
        score = _gemm(w, 1, per_class[1], intercepts[1:])
        positive = w.add("Sigmoid", [score])
        negative = w.add("Sub", [w.constant("one", np.ones(1, np.float32)), positive])
        scores = w.add("Concat", [negative, positive], probabilities, axis=1)
    else:
        scores = _gemm(w, rows, per_class, intercepts, probabilities if transform == b"NONE" else None)
        if transform == b"LOGISTIC":
            scores = w.add("Sigmoid", [scores], probabilities)
        elif transform == b"SOFTMAX":
            scores = w.add("Softmax", [scores], probabilities, axis=1)
    if w.node.output[0]:
        index = w.add("ArgMax", [scores], axis=1, keepdims=0)
        _label(w, index, _as_classes(labels), w.node.output[0])
    return True


def _opposite(pair: Array) -> bool:
    return pair.size == 0 or bool(np.all(pair[0] == -pair[1]))


def _as_classes(labels: Sequence[int | bytes]) -> Array:
    if isinstance(labels[0], bytes):
        return np.array([label.decode("utf-8", "replace") for label in labels if isinstance(label, bytes)], object)
    return np.asarray(labels, np.int64)


def _label(w: _Writer, index: str, classes: Array, output: str) -> None:
    """Writes the label that belongs to class `index` into `output`."""
    numbers = np.arange(classes.size)
    if classes.dtype == object:
        w.rewrite.notes.append(
            f"Labels are indices into the classes {[str(label) for label in classes]}, not their names."
        )
        w.rewrite.retype_output(output, TensorProto.INT64)
        w.add("Identity", [index], output)
    elif np.array_equal(classes, numbers):
        w.add("Cast", [index], output, to=helper.np_dtype_to_tensor_dtype(classes.dtype))
    else:
        w.add("Gather", [w.constant("classes", classes), index], output, axis=0)


def _array_feature_extractor(w: _Writer) -> bool:
    tensor = w.rewrite.constants.get(w.node.input[0])
    if tensor is None:
        return False
    classes = numpy_helper.to_array(tensor)
    if classes.size != classes.shape[-1]:
        return False
    if tensor.data_type == TensorProto.STRING:
        classes = np.array([_text(item) for item in classes.reshape(-1)], object)
    flat = w.add("Reshape", [w.node.input[1], w.constant("flat", np.array([-1], np.int64))])
    chosen = w.rewrite.fresh(f"{w.stem}_chosen")
    _label(w, flat, classes.reshape(-1), chosen)
    w.add("Reshape", [chosen, w.constant("row", np.array([1, -1], np.int64))], w.node.output[0])
    if tensor.data_type == TensorProto.STRING:
        _retype_behind(w.rewrite, w.node.output[0])
    return True


def _text(item: object) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)


def _retype_behind(rewrite: _Rewrite, name: str) -> None:
    """Labels that were strings are int64 now: so are graph outputs reached through Reshape, Cast or Identity."""
    rewrite.retype_output(name, TensorProto.INT64)
    for node in rewrite.model.graph.node:
        if name not in node.input or node.op_type not in ("Reshape", "Cast", "Identity", "Squeeze", "Flatten"):
            continue
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.STRING:
                attribute.i = TensorProto.INT64
        _retype_behind(rewrite, node.output[0])


def _normalizer(w: _Writer) -> bool:
    norm = w.attributes.get("norm", b"MAX")
    if norm not in (b"L1", b"L2"):
        return False
    maker = w.rewrite.makers.get(w.node.input[0])
    if norm == b"L1" and maker is not None and _rows_sum_to_one(maker):
        w.add("Identity", [w.node.input[0]], w.node.output[0])
    else:
        w.add("LpNormalization", [w.float_input()], w.node.output[0], axis=-1, p=1 if norm == b"L1" else 2)
    return True


def _rows_sum_to_one(maker: onnx.NodeProto) -> bool:
    if maker.op_type == "Softmax":
        return True
    transforms = [a.s for a in maker.attribute if a.name == "post_transform"]
    return maker.op_type == "LinearClassifier" and transforms == [b"SOFTMAX"]


def _zip_map(w: _Writer) -> bool:
    name = w.node.output[0]
    names = w.attributes.get("classlabels_int64s") or w.attributes.get("classlabels_strings") or []
    shown = [_text(item) for item in names]
    w.rewrite.notes.append(f"Output {name!r} is a tensor with one column for each class of {shown}, not a ZipMap.")
    w.rewrite.retype_output(name, TensorProto.FLOAT)
    w.add("Identity", [w.node.input[0]], name)
    return True


_RULES: Mapping[str, Callable[[_Writer], bool]] = {
    "ArrayFeatureExtractor": _array_feature_extractor,
    "LinearClassifier": _linear_classifier,
    "LinearRegressor": _linear_regressor,
    "Normalizer": _normalizer,
    "Scaler": _scaler,
    "ZipMap": _zip_map,
}
