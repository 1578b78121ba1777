"""Linear models, scaling and normalization of `ai.onnx.ml`."""

from __future__ import annotations

import numpy as np
import onnx

from zkseal.frontends.onnx.ml_ops.labels import as_classes, write_label
from zkseal.frontends.onnx.ml_ops.writer import Array, Writer

__all__ = ["linear_classifier", "linear_regressor", "normalizer", "scaler"]


def scaler(w: Writer) -> bool:
    """(x - offset) * scale."""
    offset, scale = w.floats("offset"), w.floats("scale")
    if offset.size == 0 or scale.size == 0:
        return False
    centred = w.add("Sub", [w.float_input(), w.constant("offset", offset)])
    w.add("Mul", [centred, w.constant("scale", scale)], w.node.output[0])
    return True


def _gemm(w: Writer, rows: int, coefficients: Array, intercepts: Array, output: str | None = None) -> str:
    """x @ coefficients.T + intercepts."""
    weight = w.constant("weight", np.ascontiguousarray(coefficients.reshape(rows, -1).T))
    inputs = [w.float_input(), weight]
    if intercepts.size:
        inputs.append(w.constant("bias", intercepts))
    return w.add("Gemm", inputs, output)


def linear_regressor(w: Writer) -> bool:
    """x @ coefficients + intercepts, and a transformation of it."""
    transform, targets = w.text("post_transform", "NONE"), int(w.attributes.get("targets", 1))
    if transform not in ("NONE", "LOGISTIC", "SOFTMAX") or (transform == "SOFTMAX" and targets == 1):
        return False
    output = w.node.output[0]
    scores = _gemm(
        w, targets, w.floats("coefficients"), w.floats("intercepts"), output if transform == "NONE" else None
    )
    if transform == "SOFTMAX":
        w.add("Softmax", [scores], output, axis=1)
    elif transform == "LOGISTIC":
        w.add("Sigmoid", [scores], output)
    return True


def linear_classifier(w: Writer) -> bool:
    """Scores of classes, what is made of them, and the label."""
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
        write_label(w, index, as_classes(labels), w.node.output[0])
    return True


def _opposite(pair: Array) -> bool:
    return pair.size == 0 or bool(np.all(pair[0] == -pair[1]))


def normalizer(w: Writer) -> bool:
    """Rows divided by a norm. onnxruntime's MAX divides by the largest entry, not by the largest magnitude."""
    norm = w.attributes.get("norm", b"MAX")
    if norm == b"MAX":
        x = w.float_input()
        axes = w.constant("axes", np.array([-1], np.int64))
        w.add("Div", [x, w.add("ReduceMax", [x, axes], keepdims=1)], w.node.output[0])
        return True
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
