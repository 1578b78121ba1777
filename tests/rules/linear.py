"""Products of matrices, convolutions, pooling, sums, and what is affine by channel."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.rules.drawn import SAMPLES, Drawn, Rng, draws, graph_with, shape

from zkseal.lowering.folding import LINEAR
from zkseal.lowering.harness_test import f32, graph_of
from zkseal.lowering.saturation import SATURATE
from zkseal.quantize import QuantizationOptions


def sizes(rng: Rng, count: int, low: int = 1, high: int = 5) -> list[int]:
    """Sizes of axes."""
    return [int(v) for v in rng.integers(low, high + 1, size=count)]


@draws("MatMul")
def mat_mul(op: str, rng: Rng) -> Drawn:
    """With batches on either side; the right one constant or not."""
    batch, (m, k, n) = shape(rng, 0, 2, largest=3), sizes(rng, 3)
    left = (*batch, m, k) if rng.random() < 0.7 else (m, k)
    right = (k, n) if rng.random() < 0.5 or len(left) < 3 else (*batch, k, n)
    entries = {"a": lambda: f32(rng.normal(size=left)), "b": lambda: f32(rng.normal(size=right))}
    return graph_with(rng, [(op, ["a", "b"], ["y"])], entries, sometimes_constant=["b"])


@draws("Gemm")
def gemm(op: str, rng: Rng) -> Drawn:
    """Either operand transposed, scaled, with a bias."""
    m, k, n = sizes(rng, 3, high=7)
    trans_a, trans_b = (int(v) for v in rng.integers(0, 2, size=2))
    attributes = {"transA": trans_a, "transB": trans_b, "alpha": 0.5, "beta": 2.0}
    constants = {"w": f32(rng.normal(size=(n, k) if trans_b else (k, n))), "c": f32(rng.normal(size=(n,)))}
    entries = {"x": lambda: f32(rng.normal(size=(k, m) if trans_a else (m, k)))}
    return graph_with(rng, [(op, ["x", "w", "c"], ["y"], attributes)], entries, constants=constants)


@draws(LINEAR)
def folded(op: str, rng: Rng) -> Drawn:
    """A scaled feature matrix in front of a product: one layer after folding."""
    m, k, n = sizes(rng, 3, high=6)
    constants = {name: f32(rng.uniform(0.5, 2, size=k)) for name in ("scale", "shift")}
    constants["w"] = f32(rng.normal(size=(k, n)))
    nodes = [("Mul", ["x", "scale"], ["s"]), ("Add", ["s", "shift"], ["t"]), ("MatMul", ["t", "w"], ["y"])]
    return graph_with(rng, nodes, {"x": lambda: f32(rng.normal(size=(m, k)))}, constants=constants)


@draws("Conv", "ConvTranspose")
def convolution(op: str, rng: Rng) -> Drawn:
    """One to three dimensions, groups, strides, dilations, pads; constant or computed weights."""
    rank, groups = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3]))
    inner, rows = sizes(rng, 2, high=2)
    kernel, strides = sizes(rng, rank, high=3), sizes(rng, rank, high=2)
    attributes: dict[str, Any] = {"group": groups, "strides": strides, "pads": sizes(rng, 2 * rank, low=0, high=1)}
    if op == "Conv":
        attributes["dilations"] = sizes(rng, rank, high=2)
    weights = (groups * rows, inner, *kernel) if op == "Conv" else (groups * inner, rows, *kernel)
    source = (sizes(rng, 1, high=2)[0], groups * inner, *sizes(rng, rank, low=5, high=6 if rank < 3 else 5))
    bias = f32(rng.normal(size=groups * rows))
    entries = {"x": lambda: f32(rng.normal(size=source)), "w": lambda: f32(rng.normal(size=weights))}
    nodes = [(op, ["x", "w", "b"], ["y"], attributes)]
    return graph_with(rng, nodes, entries, constants={"b": bias}, sometimes_constant=["w"])


@draws("MaxPool", "AveragePool")
def pool(op: str, rng: Rng) -> Drawn:
    """Windows that overlap and stand over the edge."""
    rank = int(rng.integers(1, 4))
    kernel = sizes(rng, rank, low=2, high=3)
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": sizes(rng, rank, high=2)}
    attributes |= {"pads": sizes(rng, 2 * rank, low=0, high=1), "ceil_mode": int(rng.integers(2))}
    if op == "AveragePool":
        attributes["count_include_pad"] = int(rng.integers(2))
    source = (*sizes(rng, 2, high=2), *sizes(rng, rank, low=4, high=6))
    return graph_with(rng, [(op, ["x"], ["y"], attributes)], {"x": lambda: f32(rng.normal(size=source))})


@draws("GlobalAveragePool")
def global_pool(op: str, rng: Rng) -> Drawn:
    """Means of channels."""
    source = (*sizes(rng, 2, high=3), *shape(rng, 1, 3))
    return graph_with(rng, [(op, ["x"], ["y"])], {"x": lambda: f32(rng.normal(size=source))})


@draws("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin")
def reduction(op: str, rng: Rng) -> Drawn:
    """Over some of the axes."""
    source = shape(rng, 1, 4)
    axes = rng.permutation(len(source))[: int(rng.integers(1, len(source) + 1))]
    node = (op, ["x", "axes"], ["y"], {"keepdims": int(rng.integers(2))})
    entries = {"x": lambda: f32(rng.normal(size=source))}
    return graph_with(rng, [node], entries, constants={"axes": axes.astype(np.int64)})


@draws("CumSum")
def cumulative(op: str, rng: Rng) -> Drawn:
    """Along any axis, either way."""
    source = shape(rng, 1, 3, largest=6)
    constants = {"axis": np.asarray(rng.integers(-len(source), len(source)), np.int64)}
    attributes = {name: int(rng.integers(2)) for name in ("exclusive", "reverse")}
    entries = {"x": lambda: f32(rng.normal(size=source))}
    return graph_with(rng, [(op, ["x", "axis"], ["y"], attributes)], entries, constants=constants)


@draws("BatchNormalization")
def batch_normalization(op: str, rng: Rng) -> Drawn:
    """The form of inference."""
    source = (*sizes(rng, 2, high=4), *shape(rng, 0, 2))
    names = ["scale", "shift", "mean", "variance"]
    constants = {name: f32(rng.uniform(0.3, 2.0, size=source[1])) for name in names}
    entries = {"x": lambda: f32(rng.normal(size=source))}
    return graph_with(rng, [(op, ["x", *names], ["y"])], entries, constants=constants)


@draws("Scaler")
def scaler(op: str, rng: Rng) -> Drawn:
    """An offset and a factor for each feature."""
    rows, features = sizes(rng, 2)
    attributes = {"offset": rng.normal(size=features).tolist(), "scale": rng.uniform(0.5, 2, size=features).tolist()}
    entries = {"x": lambda: f32(rng.normal(size=(rows, features)))}
    return graph_with(rng, [(op, ["x"], ["y"], attributes)], entries)


@draws(SATURATE)
def saturating(op: str, rng: Rng) -> Drawn:
    """A product that is large where no sample but one of calibration is: on the others nothing is clamped."""
    features, columns = int(rng.integers(30, 60)), int(rng.integers(1, 4))
    w = f32(rng.uniform(0.5, 1.0, size=(features, columns)))
    samples = [{"x": f32(rng.uniform(-1, 1, size=(1, features)))} for _ in range(60)]
    nodes: list[tuple[Any, ...]] = [("MatMul", ["x", "w"], ["h"]), ("Relu", ["h"], ["y"])]
    nodes = nodes if rng.random() < 0.5 else [("MatMul", ["x", "w"], ["y"])]
    outlier = [{"x": f32(np.ones((1, features)))}]
    graph = graph_of(nodes, {"x": (1, features)}, ["y"], {"w": w})
    options = QuantizationOptions(percentile=90.0)
    return Drawn(graph, samples[:SAMPLES], options=options, seen=samples[SAMPLES:] + outlier)
