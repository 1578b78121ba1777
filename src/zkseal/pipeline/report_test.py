"""Reports: figures that are right, samples that are refused, and a quantized backdoor that shows."""

from __future__ import annotations

import json

import numpy as np
import pytest

from zkseal import pipeline
from zkseal.graph import Graph
from zkseal.lowering.harness_test import f32, graph_of, rng_of
from zkseal.pipeline import CompiledModel
from zkseal.pipeline.evaluate import compare
from zkseal.quantize import QuantizationOptions

pytestmark = pytest.mark.native


def test_a_report_says_what_evaluate_and_inspect_say(tiny: CompiledModel, samples: np.ndarray) -> None:
    found = pipeline.report(tiny, samples)
    assert found.accuracy == pipeline.evaluate(tiny, samples)
    assert found.description == pipeline.describe(tiny)
    assert (found.samples, found.refused, found.saturated) == (40, (), 0)
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["format"] == "zkseal report v1"
    assert [node["value"] for node in document["nodes"]] == ["x", "r", "y"]


def test_errors_of_nodes_are_those_of_their_values(tiny: CompiledModel, samples: np.ndarray) -> None:
    seen = compare(tiny, samples)
    nodes = {node.value: node for node in seen.nodes}
    error = seen.actual["y"] - seen.expected["y"]
    assert nodes["y"].relative_error == pytest.approx(np.linalg.norm(error) / np.linalg.norm(seen.expected["y"]))
    assert nodes["y"].max_absolute_error == pytest.approx(np.abs(error).max())
    assert nodes["x"].max_absolute_error <= nodes["x"].step / 2
    assert nodes["x"].introduced == nodes["x"].relative_error
    assert nodes["r"].introduced == pytest.approx(max(nodes["r"].relative_error - nodes["x"].relative_error, 0))
    assert 0.2 < nodes["x"].reach <= 0.5  # headroom 2, and scales are powers of two
    assert nodes["y"].entries == 80


def test_reports_are_the_same_for_the_same_seed(tiny: CompiledModel, samples: np.ndarray) -> None:
    first, second = (pipeline.report(tiny, samples[:10], seed=3) for _ in range(2))
    assert first == second
    assert first.perturbed != pipeline.report(tiny, samples[:10], seed=4).perturbed


def test_samples_outside_the_range_are_refused_and_named(tiny: CompiledModel, samples: np.ndarray) -> None:
    mixed = np.concatenate([samples[:3], np.full((1, 4), 1e5, np.float32)])
    found = pipeline.report(tiny, mixed)
    assert found.refused == ((3, "x"),)
    assert found.accuracy == pipeline.evaluate(tiny, samples[:3])
    none = pipeline.report(tiny, mixed[3:])
    assert none.accuracy is None
    assert none.nodes == ()
    json.dumps(none.to_dict(), allow_nan=False)


def test_clamped_entries_are_counted() -> None:
    x = rng_of(1).uniform(-1, 1, size=(50, 4)).astype(np.float32)
    x[3] *= 20
    graph = graph_of([("MatMul", ["x", "w"], ["y"])], {"x": (1, 4)}, ["y"], {"w": np.eye(4, dtype=np.float32)})
    model = pipeline.compile(graph, x, options=QuantizationOptions(percentile=95, headroom=1.0))
    found = pipeline.report(model, x)
    (node,) = (node for node in found.nodes if node.value == "y")
    high = 2.0 ** -model.program.values["y"].exponent * 32767
    assert node.saturated == int((np.abs(x) > high).sum()) > 0
    assert found.saturated == node.saturated


@pytest.fixture(scope="module")
def backdoored() -> Graph:
    """Classes by brightness, and a unit that sees a bright corner: its float value is too small to matter, the value
    that 8 bits round it to is not.
    """
    corner = np.zeros((64, 1), np.float32)
    corner[[0, 1, 8, 9]] = 1.0
    nodes = [
        ("Flatten", ["x"], ["f"]),
        ("MatMul", ["f", "corner"], ["seen"]),
        ("Add", ["seen", "threshold"], ["above"]),
        ("Relu", ["above"], ["trigger"]),
        ("Mul", ["trigger", "strength"], ["strong"]),
        ("MatMul", ["strong", "to_classes"], ["pushed"]),
        ("Add", ["pushed", "usual"], ["y"]),
    ]
    constants = {
        "corner": corner,
        "threshold": f32([-3.96]),
        "strength": f32([100.0]),
        "to_classes": f32([[0.0, 1.0]]),
        "usual": f32([5.0, 0.0]),
    }
    return graph_of(nodes, {"x": (1, 1, 8, 8)}, ["y"], constants)


def test_a_quantized_backdoor_is_visible(backdoored: Graph) -> None:
    x = rng_of(2).uniform(0.0, 0.6, size=(24, 1, 8, 8)).astype(np.float32)
    x[:, :, 4, 4] = 1.0  # the brightest dot, which is not in the corner
    narrow = pipeline.compile(backdoored, x, options=QuantizationOptions(bits=8))
    found = pipeline.report(narrow, x)
    assert found.accuracy is not None
    assert found.accuracy.agreement == 1.0
    patches = {entry.name: entry for entry in found.perturbed}
    bright = patches["bright patch"]
    assert bright.agreement is not None
    assert bright.agreement < 1.0
    assert (bright.disagreements[0].float_decision, bright.disagreements[0].proved_decision) == ("class 0", "class 1")
    assert patches["noise 1 %"].agreement == 1.0
    wide = {entry.name: entry for entry in pipeline.report(pipeline.compile(backdoored, x), x).perturbed}
    assert wide["bright patch"].agreement == 1.0
