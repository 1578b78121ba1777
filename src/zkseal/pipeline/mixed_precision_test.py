"""Mixed precision: as cheap as the tolerance allows, within it, and always the same."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal import pipeline
from zkseal.errors import ToleranceExceeded
from zkseal.graph import Graph
from zkseal.lowering.harness_test import graph_of, rng_of
from zkseal.pipeline import CompiledModel
from zkseal.pipeline.costs import relation_ms
from zkseal.pipeline.mixed_precision import MixedPrecision

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def convolutions() -> Graph:
    """Two convolutions with a fully connected layer behind, large enough for widths to matter."""
    rng = rng_of(5)
    weights: dict[str, np.ndarray] = {
        "a": rng.normal(size=(4, 1, 3, 3)).astype(np.float32),
        "b": rng.normal(size=(4, 4, 3, 3)).astype(np.float32),
        "c": rng.normal(size=(576, 3)).astype(np.float32) / 24,
    }
    nodes = [
        ("Conv", ["x", "a"], ["h1"]),
        ("Relu", ["h1"], ["r1"]),
        ("Conv", ["r1", "b"], ["h2"]),
        ("Relu", ["h2"], ["r2"]),
        ("Flatten", ["r2"], ["f"]),
        ("MatMul", ["f", "c"], ["y"]),
    ]
    return graph_of(nodes, {"x": (1, 1, 16, 16)}, ["y"], weights)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return rng_of(6).normal(size=(12, 1, 16, 16)).astype(np.float32)


def chosen(graph: Graph, images: np.ndarray, max_error: float, trials: int = 30) -> CompiledModel:
    return pipeline.compile(graph, images, max_error=max_error, precision="mixed", trials=trials)


def test_a_loose_tolerance_is_used_and_kept(convolutions: Graph, images: np.ndarray) -> None:
    wide = pipeline.compile(convolutions, images)
    costs = [relation_ms(wide.relation)]
    for max_error in (0.01, 0.05):
        model = chosen(convolutions, images, max_error)
        assert model.accuracy is not None
        assert pipeline.evaluate(model, images).mean_relative_error == model.accuracy.mean_relative_error <= max_error
        costs.append(relation_ms(model.relation))
    assert costs[0] >= costs[1] > costs[2]
    assert set(model.options.tensor_bits.values()) == {8}
    model.relation.check(model.program.run({"x": images[:1]}).tensors, fast=True)


def test_a_tight_tolerance_leaves_all_values_wide(convolutions: Graph, images: np.ndarray) -> None:
    model = chosen(convolutions, images, 0.001)
    assert dict(model.options.tensor_bits) == {}


def test_a_tolerance_out_of_reach_names_the_worst_node(convolutions: Graph, images: np.ndarray) -> None:
    with pytest.raises(ToleranceExceeded) as caught:
        chosen(convolutions, images, 1e-7)
    assert caught.value.output == "y"
    assert caught.value.node in {node.name for node in convolutions.nodes}
    assert caught.value.node in str(caught.value)


def test_the_same_makes_the_same(convolutions: Graph, images: np.ndarray) -> None:
    first, second = (chosen(convolutions, images, 0.05, trials=8) for _ in range(2))
    assert first.options == second.options
    assert first.relation.encode() == second.relation.encode()


def test_trials_are_bounded(convolutions: Graph, images: np.ndarray) -> None:
    told: list[tuple[str, float]] = []
    pipeline.compile(
        convolutions,
        images,
        min_agreement=0.9,
        precision="mixed",
        trials=5,
        progress=lambda stage, share: told.append((stage, share)),
    )
    shares = [share for stage, share in told if stage == "precision"]
    assert len(shares) <= 6
    assert shares == sorted(shares)


def test_a_tolerance_is_needed(convolutions: Graph, images: np.ndarray) -> None:
    with pytest.raises(ValueError, match="tolerance"):
        pipeline.compile(convolutions, images, precision="mixed")
    with pytest.raises(ValueError, match="trials"):
        MixedPrecision(max_error=0.1, trials=1)
