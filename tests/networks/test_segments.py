"""Small networks in segments: whatever is public or private, the receipt says what the program computes, to the bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from tests.networks import decoder

import zkseal
from zkseal import segments
from zkseal.errors import OpeningRejected, WrongInput, WrongModel
from zkseal.graph import Graph
from zkseal.pipeline import CompiledModel
from zkseal.relation import Column
from zkseal.segments.split import cut_at
from zkseal.segments.split_test import deep_graph
from zkseal.segments.uses import Uses

pytestmark = pytest.mark.native

Visibility = Literal["private", "public"]
SIDES: tuple[Visibility, ...] = ("private", "public")
SAMPLES = np.random.default_rng(15).normal(size=(20, 4)).astype(np.float32)


def with_early_output() -> Graph:
    """The deep graph that also returns what its second layer computes."""
    graph = deep_graph(4)
    return Graph(graph.name, graph.inputs, ("a1", "y"), graph.values, graph.initializers, graph.nodes)


def proved(model: CompiledModel, count: int, x: dict[str, np.ndarray]) -> None:
    """Proves in segments, verifies, opens, and compares with the program in one piece."""
    expected = model.program.predict(x)
    key, verifying_key = segments.setup_segments(segments.split(model, count))
    result = zkseal.prove(key, x, context=b"c")
    said = zkseal.verify(result.receipt, verifying_key, context=b"c")
    shown = zkseal.check_opening(result.receipt, result.opening, verifying_key)
    for name, value in expected.items():
        assert np.array_equal(result.outputs[name], value)
        assert np.array_equal((said.outputs | shown)[name], value)
    inputs = said.inputs | shown
    assert set(inputs) >= set(x)


@pytest.mark.parametrize("weights", SIDES)
@pytest.mark.parametrize("outputs", SIDES)
@pytest.mark.parametrize("inputs", SIDES)
def test_inputs_outputs_and_weights_of_every_visibility(
    inputs: Visibility, outputs: Visibility, weights: Visibility
) -> None:
    model = zkseal.compile(with_early_output(), SAMPLES, inputs=inputs, outputs=outputs, weights=weights)
    proved(model, 3, {"x": SAMPLES[:1]})


@pytest.mark.parametrize("inputs", SIDES)
def test_a_decoder_of_public_or_hidden_tokens(inputs: Visibility) -> None:
    ids = np.random.default_rng(16).integers(0, 32, (3, 4))
    source = decoder.build(tokens=4, layers=2, width=16, heads=2, vocabulary=32)
    model = zkseal.compile(source, {"ids": ids[:2]}, inputs=inputs)
    proved(model, 4, {"ids": ids[2:]})


def test_a_boundary_that_only_public_values_cross_has_no_commitments() -> None:
    """The first layer's value is an output, so that everybody knows it; the next one reads nothing else."""
    graph = deep_graph(3)
    nodes = tuple(node for node in graph.nodes if node.name != "skip")
    graph = Graph("chain", graph.inputs, ("a0", "a2"), graph.values, graph.initializers, nodes)
    model = zkseal.compile(graph, SAMPLES, outputs="public")
    uses = Uses.of(model.program, model.relation)
    (cut,) = [cut for cut in uses.cuts if not uses.crossing(cut)]
    parts = cut_at(model, uses, [cut])
    key, verifying_key = segments.setup_segments(parts)
    assert parts.segments[1].program.relation.tensors_of(Column.INPUT) == {}
    result = zkseal.prove(key, SAMPLES[:1])
    assert result.receipt.segmented.boundaries == ((),)
    said = zkseal.verify(result.receipt, verifying_key)
    assert np.array_equal(said.outputs["a2"], model.program.predict({"x": SAMPLES[:1]})["a2"])


def test_openings_and_inputs_that_do_not_fit() -> None:
    model = zkseal.compile(deep_graph(3), SAMPLES)
    key, verifying_key = segments.setup_segments(segments.split(model, 2))
    first, second = (zkseal.prove(key, SAMPLES[:1]) for _ in range(2))
    with pytest.raises(OpeningRejected):
        zkseal.check_opening(first.receipt, second.opening, verifying_key)
    with pytest.raises(WrongInput):
        zkseal.prove(key, SAMPLES[:2])
    with pytest.raises(WrongInput):
        zkseal.prove(key, SAMPLES[:1], opening=first.opening)
    with pytest.raises(WrongInput):
        zkseal.answer(key, SAMPLES[:1])


def test_an_auditor_sees_whether_a_key_is_of_this_model() -> None:
    model, other = (zkseal.compile(deep_graph(layers), SAMPLES) for layers in (4, 5))
    verifying_key = segments.setup_segments(segments.split(model, 3))[1]
    segments.require_split_of(model, verifying_key)
    with pytest.raises(WrongModel):
        segments.require_split_of(other, verifying_key)
    moved = Uses.of(model.program, model.relation).cuts[-2:]
    elsewhere = segments.setup_segments(cut_at(model, Uses.of(model.program, model.relation), moved))[1]
    with pytest.raises(WrongModel) as caught:
        segments.require_split_of(model, elsewhere)
    assert caught.value.segment == 0


def test_an_auditor_sees_tables_and_public_weights_that_were_changed() -> None:
    model = zkseal.compile(deep_graph(4), SAMPLES, weights="public")
    parts = segments.split(model, 2)
    segments.require_split_of(model, segments.setup_segments(parts)[1])
    second = parts.segments[1]
    fixed = {name: np.array(contents) for name, contents in second.program.relation.fixed.items()}
    fixed["w3"].flat[0] -= np.sign(fixed["w3"].flat[0])
    relation = replace(second.program.relation, fixed=fixed)
    changed = replace(second, program=replace(second.program, relation=relation))
    forged = segments.setup_segments(replace(parts, segments=(parts.segments[0], changed)))[1]
    with pytest.raises(WrongModel) as caught:
        segments.require_split_of(model, forged)
    assert caught.value.segment == 1
