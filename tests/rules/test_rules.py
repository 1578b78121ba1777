"""Each lowering rule: random shapes against onnxruntime, and a lie in each of its hints.

A rule without a draw fails `test_every_rule_is_drawn`; a draw that its rule never sees fails, too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zlib import crc32

import pytest
from tests.rules import elementwise, layout, linear, quantized, rows  # noqa: F401 - they fill DRAWS
from tests.rules.drawn import DRAWS, Drawn
from tests.soundness.native import Setting, rust_verdict, verdict
from tests.soundness.programs import OPTIONS, by_index, smallest_rows

from zkseal import errors
from zkseal.graph import Node
from zkseal.lowering import registry
from zkseal.lowering.harness_test import calibrated, false_values, rng_of, verify
from zkseal.lowering.plan import Plan

SEEDS = 8

REJECTED = ("LinearClaimRejected", "StatementMismatch")
"""What verifiers may say about a proof of something false."""


def drawn(op: str, seed: int) -> Drawn:
    return DRAWS[op](op, rng_of(crc32(f"{op} {seed}".encode())))


@pytest.fixture
def uses(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The operators whose rules are called."""
    registry.supported_ops()
    called: set[str] = set()
    for op, rule in registry._RULES.items():

        def spy(node: Node, plan: Plan, rule: registry.Rule = rule) -> None:
            called.add(node.op)
            rule(node, plan)

        monkeypatch.setitem(registry._RULES, op, spy)
    return called


def test_every_rule_is_drawn() -> None:
    registry.supported_ops()
    assert sorted(DRAWS) == sorted(registry._RULES)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("op", DRAWS)
def test_random_shapes_agree_with_onnxruntime_and_lies_break_the_relation(op: str, seed: int, uses: set[str]) -> None:
    case = drawn(op, seed)
    visibility: Any = {"outputs": "private" if seed % 2 else "public"}
    verify(
        case.graph, samples=case.samples, seen=case.seen, tolerance=case.tolerance, options=case.options, **visibility
    )
    assert op in uses


@pytest.mark.native
@pytest.mark.parametrize("op", DRAWS)
def test_a_prover_that_lies_in_a_hint_is_rejected(op: str) -> None:
    """A lie in each committed value, proved by the malicious prover; the reference checks one of them, too."""
    case = drawn(op, 0)
    program = calibrated(case.graph, [*case.samples, *case.seen], replace(OPTIONS, percentile=percentile(case)))
    honest = dict(program.run(case.samples[0]).tensors)
    relation = program.relation
    setting = Setting(relation.encode(), smallest_rows(relation.encode()), by_index(relation, honest))
    assert verdict(setting.prove(by_index(relation, honest))) == "accepted"
    rng = rng_of(0)
    lied: set[str] = set()
    for name, false in false_values(program, honest, rng, count=1):
        attempt = setting.prove(by_index(relation, false))
        said = rust_verdict(attempt) if lied else verdict(attempt)
        assert said in REJECTED, f"{name}: {said}"
        lied.add(name)
    assert lied


def percentile(case: Drawn) -> float:
    """The percentile of calibration that a case asks for."""
    return case.options.percentile if case.options else OPTIONS.percentile


def test_rejections_are_no_crashes() -> None:
    assert all(issubclass(getattr(errors, name), errors.ProofRejected) for name in REJECTED)
