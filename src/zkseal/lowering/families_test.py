"""Nodes that compute one function at one scale share a table."""

from __future__ import annotations

import pytest

from zkseal.lowering import Program
from zkseal.lowering.blocks.function import TableLookup
from zkseal.lowering.blocks.piecewise import Piecewise
from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify

SILU = [("Sigmoid", ["h"], ["s"]), ("Mul", ["h", "s"], ["a"]), ("Sigmoid", ["g"], ["t"]), ("Mul", ["g", "t"], ["b"])]


def tables(program: Program, form: type) -> int:
    """How many tables the lookups of two nodes of this form use."""
    relation = program.relation
    origins = {f"n{k}" for k in range(9)}
    used = {
        lookup.table
        for lookup, origin, name in zip(relation.lookups, relation.origins.lookups, relation.names.lookups, strict=True)
        if origin in origins and "/lookup_" in name
    }
    assert sum(isinstance(step, form) for step in program.steps) == 2
    return len(used)


@pytest.mark.parametrize("op", ["HardSwish", "Softplus"])
@pytest.mark.parametrize(("size", "form"), [(6, Piecewise), (20_000, TableLookup)])
def test_two_nodes_with_slightly_different_ranges_have_one_table(op: str, size: int, form: type) -> None:
    rng = rng_of(1)
    nodes = [(op, ["x"], ["a"]), (op, ["z"], ["b"]), ("Concat", ["a", "b"], ["y"], {"axis": 0})]
    samples = [{"x": f32(rng.uniform(-4.2, 4.2, size=size)), "z": f32(rng.uniform(-4.4, 4.5, size=size))}]
    samples[0]["x"][:2], samples[0]["z"][:2] = (-5.0, 5.0), (-5.2, 5.3)
    program = verify(graph_of(nodes, {"x": (size,), "z": (size,)}, ["y"]), samples=samples)
    assert tables(program, form) == 1


def test_functions_with_other_attributes_have_other_tables() -> None:
    rng = rng_of(2)
    nodes = [("Elu", ["x"], ["a"]), ("Elu", ["z"], ["b"], {"alpha": 0.5}), ("Add", ["a", "b"], ["y"])]
    samples = [{"x": f32(rng.uniform(-4, 4, size=6)), "z": f32(rng.uniform(-4, 4, size=6))}]
    program = verify(graph_of(nodes, {"x": (6,), "z": (6,)}, ["y"]), samples=samples)
    assert tables(program, Piecewise) == 2


def test_a_family_of_formulas() -> None:
    rng = rng_of(3)
    nodes = [("Identity", ["x"], ["h"]), ("Identity", ["z"], ["g"]), *SILU, ("Sub", ["a", "b"], ["y"])]
    samples = [{"x": f32(rng.uniform(-4, 4, size=6)), "z": f32(rng.uniform(-4.2, 4.3, size=6))}]
    samples[0]["x"][:2], samples[0]["z"][:2] = (-5.0, 5.0), (-5.2, 5.3)
    program = verify(graph_of(nodes, {"x": (6,), "z": (6,)}, ["y"]), samples=samples)
    assert tables(program, Piecewise) == 1
