"""Lies that no integers tell: hints that are fractions modulo p, in remainders that still come out small.

x / s of a DynamicQuantizeLinear near a tie: the scale sigma = m / 3 makes another step of it where all steps are
multiples of 3. The defence is the range of the gaps between floats, which makes sigma an integer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import pytest
from tests.conformance import slow_prover as slow

from zkseal.lowering.blocks.dynamic_steps import FIRST_GAP, GAPS, TOP, DynamicScale
from zkseal.lowering.harness_test import calibrated, graph_of
from zkseal.quantize import QuantizationOptions
from zkseal.relation import Relation
from zkseal_reference import verifier
from zkseal_reference.decoder import decode_relation
from zkseal_reference.field import P
from zkseal_reference.relation import Expression
from zkseal_slow_prover.values import Evaluator

from .native import Attempt, reference_key, verdict
from .programs import smallest_rows
from .protocol_provers import GO_ON
from .test_operator_lies import without

pytestmark = pytest.mark.native

LARGEST, LEAST = 2811765, -4183358
SIGMA = Fraction(42135328, 3)
STEPS, ZERO = (102, -153), 153
"""The honest steps are 102, -152 with zero point 152."""
DEFENCE = "n0/range_16/top"

Values = dict[str, list[int]]


def in_field(numbers: Sequence[Fraction]) -> list[int]:
    return [number.numerator * pow(number.denominator, -1, P) % P for number in numbers]


def forged(honest: Mapping[str, np.ndarray]) -> Values:
    """All values but limbs, modulo p."""
    gaps = []
    for k in range(GAPS):
        unit = 1 << (FIRST_GAP + k)
        gaps.append((SIGMA - SIGMA.numerator * pow(SIGMA.denominator, -1, unit) % unit) / unit)
    values = {name: [int(v) for v in np.ravel(array)] for name, array in honest.items()}
    for what, side in (("lower", -1), ("upper", 1)):
        coefficients, addends = DynamicScale._combination(side)
        bounds = in_field(
            [
                sum((int(c) * gap for c, gap in zip(row, gaps, strict=True)), Fraction(int(addend)))
                for row, addend in zip(coefficients.T, addends, strict=True)
            ]
        )
        values[f"y/{what}"] = bounds
        values[f"y/zero_{what}"] = [bounds[ZERO + TOP]]
        values[f"y/step_{what}"] = [bounds[step + TOP] for step in STEPS]
    values |= {"y/sigma": in_field([SIGMA]), "y/gap": in_field(gaps), "y/step": list(STEPS)}
    return values | {"z": [ZERO], "y": [step + ZERO for step in STEPS]}


def by_index(relation: Relation, values: Values) -> dict[int, list[int]]:
    return {k: [v % P for v in values[name]] for k, name in enumerate(relation.names.tensors) if name in values}


def evaluated(evaluator: Evaluator, expression: Expression, loops: tuple[int, ...]) -> list[int]:
    return [evaluator.expression(expression, at) for at in evaluator.indices(loops)]


def complete(relation: Relation, c: int, values: Values) -> None:
    """Adds limbs: the low bits of what is ranged, read as an integer modulo p."""
    decoded = decode_relation(relation.encode())
    layout, names = verifier.Layout(decoded, slow.Parameters(c)), relation.names.tensors
    for part in relation.derived:
        for limb in part.limbs:
            values[names[limb]] = [0] * relation.tensors[limb].size
        lookup, scale = decoded.lookups[part.lookup], 1 << (part.limb_bits * len(part.limbs))
        found = evaluated(Evaluator(layout, by_index(relation, values)), lookup.expressions[0], lookup.loops)
        for position, limb in enumerate(part.limbs):
            mask, shift = (1 << part.limb_bits) - 1, part.limb_bits * position
            values[names[limb]] = [(v * scale % P >> shift) & mask for v in found]


def proved(relation: Relation, c: int, values: Values) -> Attempt:
    own = by_index(relation, values)
    made, model = slow.setup(decode_relation(relation.encode()), c, own, slow.seeded_randomness(1))
    key = made.encode()
    proof = slow.prove(reference_key(key), model, own, b"", slow.seeded_randomness(2), GO_ON)
    return Attempt(key, b"", {}, proof.input_commitments, proof.output_commitments, proof.proof)


def test_a_scale_that_is_a_fraction() -> None:
    graph = graph_of([("DynamicQuantizeLinear", ["x"], ["y", "s", "z"])], {"x": (2,)}, ["y"])
    sample = {"x": np.ldexp(np.asarray([LARGEST, LEAST], np.float32), -22)}
    program = calibrated(graph, [sample], QuantizationOptions(headroom=1.0), outputs="private")
    honest, relation = program.run(sample).tensors, program.relation
    assert list(honest["x"]) == [LARGEST, LEAST]
    assert list(honest["y"]) == [254, 0]
    values = forged(honest)
    assert values["y"] == [255, 0]
    c = smallest_rows(relation.encode())
    complete(relation, c, values)
    assert verdict(proved(relation, c, values)) == "LinearClaimRejected"
    assert verdict(proved(without(relation, DEFENCE), c, values)) == "accepted"
