from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from bench.families import FAMILIES, Family, Point, subject
from bench.models import SUBJECTS
from bench.stage import ROOT

SMALL = [point for family in FAMILIES for point in family.chosen(small=True)]


def _family(name: str) -> Family:
    return next(family for family in FAMILIES if family.name == name)


def _spread(values: list[int]) -> float:
    return max(values) / min(values) - 1


@pytest.mark.parametrize(
    ("name", "grows", "constant"),
    [
        ("activations", "activations", ("weights", "layers")),
        ("weights", "weights", ("activations", "layers")),
        ("depth", "layers", ("activations", "weights")),
    ],
)
def test_one_count_grows_and_the_others_stand_still(name: str, grows: str, constant: tuple[str, str]) -> None:
    points = _family(name).points
    values = [getattr(point, grows) for point in points]
    assert len(points) == 6
    assert values == sorted(set(values)) == [point.at for point in points]
    assert values[-1] >= 32 * values[0]
    for count in constant:
        assert _spread([getattr(point, count) for point in points]) < 0.02


@pytest.mark.parametrize("point", SMALL, ids=lambda point: point.subject.name)
def test_models_have_as_many_weights_as_they_say(point: Point) -> None:
    data = point.subject.data()
    tensors = [tuple(tensor.dims) for tensor in data.model.graph.initializer]
    assert sum(int(np.prod(dims)) for dims in tensors if len(dims) > 1) == point.weights
    assert [node.op_type for node in data.model.graph.node].count("Relu") == point.layers


@pytest.mark.parametrize("point", SMALL[::2], ids=lambda point: point.subject.name)
def test_models_run_and_are_always_the_same(point: Point) -> None:
    first, second = point.subject.data(), point.subject.data()
    assert first.model.SerializeToString() == second.model.SerializeToString()
    np.testing.assert_array_equal(first.held_out, second.held_out)
    outputs: Any = ReferenceEvaluator(first.model).run(None, {"input": first.held_out[:2]})
    (logits,) = outputs
    assert logits.shape[0] == 2
    assert logits.size <= 16
    assert np.ptp(logits) > 0


def test_a_point_and_a_row_of_the_tables_are_found_by_name() -> None:
    assert subject("lenet") is SUBJECTS["lenet"]
    assert subject("depth_32").title.startswith("32 x ")
    assert not {point.subject.name for family in FAMILIES for point in family.points} & set(SUBJECTS)


def test_to_look_for_a_subject_loads_no_framework() -> None:
    """What a stage loads before it proves would be counted as memory of the proof."""
    code = "import sys, bench.families; sys.exit('onnx' in sys.modules or 'zkseal' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
