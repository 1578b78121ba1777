"""Gemm with factors and computed operands against onnx's reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from zkseal.frontends.onnx import FloatSession, load
from zkseal.graph.decompose.harness_test import model_of, normal

FORMS: list[dict[str, Any]] = [
    {"alpha": 0.25},
    {"beta": 0.5},
    {"alpha": 0.25, "beta": -0.5, "transA": 1, "transB": 1},
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("constants", [(), ("b",), ("c",)])
def test_gemm(form: dict[str, Any], constants: tuple[str, ...]) -> None:
    a, b, c = normal(1, 3, 4), normal(2, 4, 5), normal(3, 1, 5)
    given = {
        "a": a.T.copy() if form.get("transA") else a,
        "b": b.T.copy() if form.get("transB") else b,
        "c": c,
    }
    model = model_of("Gemm", given, ("y",), constants, **form)
    graph = load(model)
    fed = {name: array for name, array in given.items() if name not in constants}
    (expected,) = ReferenceEvaluator(model).run(None, fed)
    assert np.allclose(FloatSession(graph).run(fed)["y"], expected, atol=1e-5)
    assert all(node.attributes.get("alpha", 1.0) == node.attributes.get("beta", 1.0) == 1.0 for node in graph.nodes)
