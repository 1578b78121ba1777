"""Losses and LRN against onnx's reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.graph.decompose.harness_test import check, normal

SHAPE = (3, 5, 2)
TARGETS = np.random.default_rng(8).integers(0, 5, (3, 2))


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [None, 2, -1])
def test_negative_log_likelihood(reduction: str, weighted: bool, ignored: int | None) -> None:
    targets = TARGETS.copy()
    targets[0, 0] = 0 if ignored is None else ignored
    inputs = {"x": normal(1, *SHAPE), "t": targets, "w": np.abs(normal(2, 5)) + 0.1 if weighted else None}
    options: dict[str, Any] = {} if ignored is None else {"ignore_index": ignored}
    proved = weighted and reduction == "mean" and ignored == 2
    options |= {"reduction": reduction, "proved": proved, "runtime": "onnxruntime"}
    check("NegativeLogLikelihoodLoss", inputs, constants=("w",), **options)


def test_softmax_cross_entropy() -> None:
    inputs = {"x": normal(1, *SHAPE), "t": TARGETS}
    check("SoftmaxCrossEntropyLoss", inputs, ("y", "logarithms"), reduction="mean")


@pytest.mark.parametrize("size", [1, 3, 5])
def test_lrn(size: int) -> None:
    options: dict[str, Any] = {"alpha": 0.3, "beta": 0.6, "bias": 1.2}
    check("LRN", {"x": normal(1, 2, 4, 2, 3)}, size=size, proved=size == 3, runtime="onnxruntime", **options)
