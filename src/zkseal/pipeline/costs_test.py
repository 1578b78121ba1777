"""Cost by node: the parts add up to the prediction, and everything has a node."""

from __future__ import annotations

import json

import numpy as np
import pytest

from zkseal import pipeline
from zkseal.lowering.harness_test import f32, graph_of
from zkseal.pipeline import CompiledModel
from zkseal.pipeline.costs import cost_by_node, relation_ms
from zkseal.proving import lay_out, predict
from zkseal.proving.cost import choose_row_bits

pytestmark = pytest.mark.native


def test_parts_add_up(tiny: CompiledModel) -> None:
    report, cost = cost_by_node(tiny), tiny.relation.cost
    parts = [part.prove_ms for part in (*report.nodes, *report.tables)]  # type: ignore[attr-defined]
    assert sum(parts) + report.shared_ms == pytest.approx(report.prove_ms)
    assert sum(parts) == pytest.approx(relation_ms(tiny.relation))
    assert report.shared_ms > 0
    assert sum(node.lookups for node in report.nodes) == cost.lookups
    assert sum(table.rows for table in report.tables) == cost.table_rows
    assert sum(node.product_slots for node in report.nodes) == cost.product_slots
    encoded = tiny.relation.encode()
    layout = lay_out(encoded, choose_row_bits(tiny.relation, encoded))
    assert report.prove_ms == pytest.approx(predict(tiny.relation, layout, cores=1).prove_ms)
    json.dumps(report.to_dict(), allow_nan=False)


def test_weights_and_roundings_belong_to_their_layer(tiny: CompiledModel) -> None:
    nodes = {node.node: node for node in cost_by_node(tiny).nodes}
    assert set(nodes) == {"input", "first", "second"}
    assert nodes["first"].op == "Gemm"
    assert nodes["first"].weights == 4 * 3 + 3


def test_the_dearest_node_comes_first() -> None:
    """And an input that is called "input" stays one."""
    rng = np.random.default_rng(0)
    nodes = [("MatMul", ["input", "w"], ["h"]), ("Softmax", ["h"], ["y"])]
    graph = graph_of(nodes, {"input": (1, 4)}, ["y"], {"w": f32(rng.normal(size=(4, 40)))})
    report = cost_by_node(pipeline.compile(graph, f32(rng.normal(size=(20, 4)))))
    assert report.nodes[0].op == "Softmax"
    assert [node.prove_ms for node in report.nodes] == sorted((node.prove_ms for node in report.nodes), reverse=True)
    assert {node.node for node in report.nodes} == {"input", "n0", "n1", "tables"}
