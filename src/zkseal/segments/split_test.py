"""Splits keep everything: each step, each constraint and each value of the whole is in a segment, bit for bit."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from zkseal import pipeline
from zkseal.errors import SetupError, UnsatisfiedConstraint
from zkseal.graph import Graph, Node, Value
from zkseal.lowering.values import Environment
from zkseal.pipeline import CompiledModel
from zkseal.relation import Column
from zkseal.segments import Split, cuts, split
from zkseal.segments.cuts import choose_cuts
from zkseal.segments.partition import passed_name
from zkseal.segments.uses import Uses

Floats = npt.NDArray[np.float32]


def deep_graph(layers: int = 6, *, shared: bool = False) -> Graph:
    """Layers of Gemm 4 -> 4 and Relu, the second one's result added to the last; one weight for all if `shared`."""
    random = np.random.default_rng(9)
    names = ["w"] * layers if shared else [f"w{k}" for k in range(layers)]
    weights = {name: (random.normal(size=(4, 4)) * 0.6).astype(np.float32) for name in names}
    nodes, last = [], "x"
    values = {"x": Value("x", (1, 4), "float32")}
    for k, name in enumerate(names):
        nodes += [Node(f"g{k}", "MatMul", (last, name), (f"h{k}",)), Node(f"r{k}", "Relu", (f"h{k}",), (f"a{k}",))]
        last = f"a{k}"
        values |= {computed: Value(computed, (1, 4), "float32") for computed in (f"h{k}", last)}
    nodes.append(Node("skip", "Add", (last, "a1"), ("y",)))
    values["y"] = Value("y", (1, 4), "float32")
    values |= {name: Value(name, (4, 4), "float32") for name in weights}
    return Graph("deep", (values["x"],), ("y",), values, weights, tuple(nodes))


@pytest.fixture(scope="module")
def inputs() -> Floats:
    return np.random.default_rng(10).normal(size=(20, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def deep(inputs: Floats) -> CompiledModel:
    return pipeline.compile(deep_graph(), inputs)


def run(parts: Split, inputs: Floats) -> dict[str, npt.NDArray[np.int64]]:
    """Every tensor of every segment, by name; a name that occurs again has to have equal values."""
    environment = Environment()
    parts.head.read({"x": inputs}, environment)
    found: dict[str, npt.NDArray[np.int64]] = {}
    for segment in parts.segments:
        for step in segment.program.steps:
            step.execute(environment)
        witness = segment.program.witness(environment)
        segment.program.relation.check(witness.tensors, fast=True)
        for name, array in witness.tensors.items():
            assert np.array_equal(found.setdefault(name, array), array)
    return found


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_segments_compute_what_the_whole_computes(deep: CompiledModel, inputs: Floats, count: int) -> None:
    found = run(split(deep, count), inputs[:1])
    whole = deep.program.run({"x": inputs[:1]}).tensors
    assert set(whole) <= set(found)
    assert all(np.array_equal(found[name], array) for name, array in whole.items())


@pytest.mark.parametrize("count", [2, 3, 5])
def test_every_constraint_is_in_one_segment(deep: CompiledModel, count: int) -> None:
    relations = [segment.program.relation for segment in split(deep, count).segments]
    for kind in ("lookups", "zeros"):
        found = Counter(name for relation in relations for name in getattr(relation.names, kind))
        own = {name: times for name, times in found.items() if not name.endswith("/passed on")}
        assert own == dict.fromkeys(getattr(deep.relation.names, kind), 1)


def test_neighbours_declare_what_crosses_alike(deep: CompiledModel) -> None:
    relations = [segment.program.relation for segment in split(deep, 4).segments]
    for before, behind in pairwise(relations):
        leaving, entering = before.tensors_of(Column.OUTPUT), behind.tensors_of(Column.INPUT)
        names = [name.removesuffix(passed_name("")) for name in leaving]
        assert names == list(entering)
        assert [(t.shape, t.lo, t.hi) for t in leaving.values()] == [(t.shape, t.lo, t.hi) for t in entering.values()]


def test_a_value_that_skips_a_segment_is_passed_on_and_tied(deep: CompiledModel, inputs: Floats) -> None:
    parts = split(deep, 4)
    middle = parts.segments[2].program.relation
    assert "a1" in middle.tensors_of(Column.INPUT)
    assert passed_name("a1") in middle.tensors_of(Column.OUTPUT)
    values = {name: np.array(array) for name, array in run(parts, inputs[:1]).items() if name in middle.names.tensors}
    values[passed_name("a1")][0, 0] += 1
    with pytest.raises(UnsatisfiedConstraint, match="passed on"):
        middle.check(values)


def test_a_split_of_one_model_is_the_same_each_time(deep: CompiledModel) -> None:
    first, second = split(deep, 3), split(deep, 3)
    assert first.annotation == second.annotation
    for one, other in zip(first.segments, second.segments, strict=True):
        assert one.program.relation.encode() == other.program.relation.encode()


def test_no_cut_parts_the_readers_of_a_private_weight(inputs: Floats) -> None:
    model = pipeline.compile(deep_graph(shared=True), inputs)
    uses = Uses.of(model.program, model.relation)
    assert uses.shared_weights == ["w"]
    first, last = uses.spans[model.relation.tensor_index("w")]
    assert first < last
    assert not [cut for cut in uses.cuts if first < cut <= last]
    with pytest.raises(SetupError, match="'w'"):
        split(model, 4)


def test_public_weights_may_be_read_on_both_sides(inputs: Floats) -> None:
    model = pipeline.compile(deep_graph(shared=True), inputs, weights="public")
    relations = [segment.program.relation for segment in split(model, 3).segments]
    assert [relation.tensors_of(Column.TABLE)["w"].shape for relation in relations] == [(4, 4)] * 3


def test_cuts_balance_costs(deep: CompiledModel) -> None:
    uses = Uses.of(deep.program, deep.relation)
    two = [0, *choose_cuts(uses, 2), uses.steps]
    shares = [uses.costs[first:last].sum() for first, last in pairwise(two)]
    every = [max(uses.costs[:cut].sum(), uses.costs[cut:].sum()) for cut in uses.cuts]
    assert max(shares) <= 1.2 * min(every)


def test_of_very_many_cuts_those_are_kept_where_the_least_crosses(
    deep: CompiledModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    uses = Uses.of(deep.program, deep.relation)
    monkeypatch.setattr(cuts, "MAX_PLACES", 3)
    pairs = [uses.cuts[first : first + 2] for first in range(0, len(uses.cuts), 2)]
    best = {min(pair, key=lambda cut: uses.crossing_costs[cut]) for pair in pairs}
    assert len(uses.cuts) > 4 >= len(best)
    assert set(choose_cuts(uses, 2)) <= best


@pytest.mark.parametrize("count", [-1, 0, 1, 257, 40])
def test_a_number_of_segments_that_is_not_possible(deep: CompiledModel, count: int) -> None:
    with pytest.raises(SetupError):
        split(deep, count)


def test_a_bound_of_memory_is_kept_or_refused(tiny: CompiledModel) -> None:
    assert len(split(tiny, max_bytes=1 << 40).segments) == 2
    with pytest.raises(SetupError):
        split(tiny, max_bytes=1 << 20)
    with pytest.raises(SetupError):
        split(tiny)
    with pytest.raises(SetupError):
        split(tiny, 2, max_bytes=1)


def test_every_private_weight_is_in_one_segment(deep: CompiledModel) -> None:
    relations = [segment.program.relation for segment in split(deep, 4).segments]
    found = Counter(name for relation in relations for name in relation.tensors_of(Column.MODEL))
    assert found == dict.fromkeys(deep.relation.tensors_of(Column.MODEL), 1)
