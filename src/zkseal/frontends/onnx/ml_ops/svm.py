"""Support vector machines of `ai.onnx.ml`: kernels, decisions of pairs of classes, votes.

Kernels of an input x and a support vector s: x.s (LINEAR), (gamma x.s + c)^degree (POLY), tanh(gamma x.s + c)
(SIGMOID), exp(-gamma |x - s|^2) (RBF). The last one is exp(2 gamma x.s - gamma |s|^2 - gamma |x|^2), with x and s moved
by the mean of the support vectors, which keeps all three terms small.
"""

from __future__ import annotations

import itertools

import numpy as np
import onnx
from onnx import TensorProto

from zkseal.frontends.onnx.ml_ops.labels import as_classes, write_label
from zkseal.frontends.onnx.ml_ops.writer import Array, Writer

__all__ = ["svm_classifier", "svm_regressor"]


def svm_regressor(w: Writer) -> bool:
    """The sum of kernels times coefficients; its sign for a model of one class."""
    supports = int(w.attributes.get("n_supports", 0))
    coefficients, rho = w.floats("coefficients"), w.floats("rho")
    if w.text("post_transform", "NONE") != "NONE" or rho.size != 1 or supports == 0 or coefficients.size != supports:
        return False
    kernels = _kernels(w, supports)
    if kernels is None:
        return False
    one_class = bool(w.attributes.get("one_class", 0))
    total = _gemm(w, kernels, coefficients[np.newaxis], rho, None if one_class else w.node.output[0])
    if one_class:
        above = w.add("Cast", [_positive(w, total)], to=TensorProto.FLOAT)
        doubled = w.add("Mul", [above, w.constant("two", np.full((), 2.0, np.float32))])
        w.add("Sub", [doubled, w.constant("one", np.ones((), np.float32))], w.node.output[0])
    return True


def svm_classifier(w: Writer) -> bool:
    """The class with the most votes of pairs, the first of several; and scores.

    Scores are the decisions of all pairs; of two classes (-s, s), or probabilities by Platt's sigmoid. Those of more
    classes come from an iteration: the original node stays for them, in case they are asked for.
    """
    labels = w.attributes.get("classlabels_ints") or w.attributes.get("classlabels_strings") or []
    counts = [int(count) for count in w.attributes.get("vectors_per_class", ())]
    pairs = list(itertools.combinations(range(len(labels)), 2))
    rho = w.floats("rho")
    if len(labels) < 2 or len(counts) != len(labels) or rho.size != len(pairs) or sum(counts) == 0:
        return False
    weights = _pair_weights(w.floats("coefficients"), counts, pairs)
    kernels = _kernels(w, sum(counts)) if weights is not None else None
    if weights is None or kernels is None or w.text("post_transform", "NONE") != "NONE":
        return False
    decisions = _gemm(w, kernels, weights, rho)
    if w.node.output[0]:
        write_label(w, _most_votes(w, decisions, len(labels), pairs), as_classes(labels), w.node.output[0])
    scores = w.output(1)
    if scores:
        _scores(w, decisions, len(labels), scores)
    return True


def _pair_weights(coefficients: Array, counts: list[int], pairs: list[tuple[int, int]]) -> Array | None:
    """Row for each pair (i, j): coefficients of the vectors of i against j and of j against i, 0 for all others."""
    total = sum(counts)
    if coefficients.size != (len(counts) - 1) * total:
        return None
    rows = coefficients.reshape(len(counts) - 1, total)
    starts = np.cumsum([0, *counts])
    weights = np.zeros((len(pairs), total), np.float32)
    for row, (i, j) in zip(weights, pairs, strict=True):
        first, second = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
        row[first], row[second] = rows[j - 1, first], rows[i, second]
    return weights


def _kernels(w: Writer, count: int) -> str | None:
    """The kernels of all support vectors, (rows, count); None for an unknown kind."""
    vectors, parameters = w.floats("support_vectors"), w.floats("kernel_params")
    kind = w.text("kernel_type", "LINEAR")
    if vectors.size == 0 or vectors.size % count or (kind != "LINEAR" and parameters.size < 3):
        return None
    s = vectors.reshape(count, -1).astype(np.float64)
    if kind == "LINEAR":
        return _gemm(w, w.float_input(), s, None)
    gamma, constant, degree = (float(value) for value in parameters[:3])
    if kind == "RBF":
        return _rbf(w, s, gamma)
    if kind not in ("POLY", "SIGMOID"):
        return None
    inner = _gemm(w, w.float_input(), gamma * s, np.full(count, constant))
    if kind == "SIGMOID":
        return w.add("Tanh", [inner])
    return w.add("Pow", [inner, w.constant("degree", np.asarray(degree, np.float32))])


def _rbf(w: Writer, s: Array, gamma: float) -> str:
    middle = s.mean(axis=0).astype(np.float32)
    s = s - middle
    x = w.add("Sub", [w.float_input(), w.constant("middle", middle)])
    product = _gemm(w, x, 2.0 * gamma * s, -gamma * (s**2).sum(axis=1))
    axes = w.constant("features", np.array([1], np.int64))
    size = w.add("ReduceSum", [w.add("Mul", [x, x]), axes], keepdims=1)
    scaled = w.add("Mul", [size, w.constant("gamma", np.asarray(gamma, np.float32))])
    return w.add("Exp", [w.add("Sub", [product, scaled])])


def _gemm(w: Writer, x: str, rows: Array, addends: Array | None, output: str | None = None) -> str:
    """x @ rows.T + addends."""
    inputs = [x, w.constant("weight", np.ascontiguousarray(rows.T, np.float32))]
    if addends is not None:
        inputs.append(w.constant("bias", np.asarray(addends, np.float32)))
    return w.add("Gemm", inputs, output)


def _positive(w: Writer, values: str) -> str:
    return w.add("Greater", [values, w.constant("zero", np.zeros((), np.float32))])


def _most_votes(w: Writer, decisions: str, classes: int, pairs: list[tuple[int, int]]) -> str:
    """A positive decision of (i, j) is a vote for i, any other one for j."""
    ballots = np.zeros((len(pairs), classes))
    silent = np.zeros(classes)
    for ballot, (i, j) in zip(ballots, pairs, strict=True):
        ballot[i], ballot[j] = 1.0, -1.0
        silent[j] += 1.0
    bits = w.add("Cast", [_positive(w, decisions)], to=TensorProto.FLOAT)
    return w.add("ArgMax", [_gemm(w, bits, ballots.T, silent)], axis=1, keepdims=0)


def _scores(w: Writer, decisions: str, classes: int, output: str) -> None:
    slopes, offsets = w.floats("prob_a"), w.floats("prob_b")
    if slopes.size == 0:
        if classes == 2:
            w.add("Concat", [w.add("Neg", [decisions]), decisions], output, axis=1)
        else:
            w.add("Identity", [decisions], output)
        return
    if classes > 2:
        kept = onnx.NodeProto.FromString(w.node.SerializeToString())
        kept.output[0] = w.rewrite.fresh(f"{w.stem}_unused_label")
        w.nodes.append(kept)
        return
    # Platt: P(first) = 1 / (1 + exp(A s + B)), the sigmoid of -(A s + B).
    scaled = w.add("Mul", [decisions, w.constant("slope", -slopes[:1])])
    first = w.add("Sigmoid", [w.add("Sub", [scaled, w.constant("offset", offsets[:1])])])
    second = w.add("Sub", [w.constant("whole", np.ones(1, np.float32)), first])
    w.add("Concat", [first, second], output, axis=1)
