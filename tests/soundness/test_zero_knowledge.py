"""Zero knowledge of the Rust prover, as a rank: its randomness moves all that it reveals, but for one equation.

Challenges are fixed (test-hooks), mu, q and q' are injected, and all scalars that a proof reveals come back: rounds
and values of the tree or of the helper argument, product rounds, U and V, row rounds, t_q, and z, z', of which column
rounds and opening (either one) show less. Messages have degree at most 2 in each entry of that randomness, so that
central differences give the exact Jacobian. Its rank has to be their number less one, for `<z,a> + <z',b'> = t_q +
chi t'`, which a verifier knows anyway: chapter 8.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

import numpy as np
import pytest
from reference.tests.relations import Sketch, merged, tiny

from zkseal import _native
from zkseal_reference.curve import encode_compressed
from zkseal_reference.field import HALF, P, encode_scalar, inverse
from zkseal_reference.layout import Layout
from zkseal_reference.parameters import LookupArgument, Parameters
from zkseal_reference.proof import HelperMessages, KzgMessages, decode_proof
from zkseal_reference.relation import encode_relation

from .native import Attempt, Lies, Setting, Values, reference_key, verdict

pytestmark = pytest.mark.native

Vector = list[int]
Place = tuple[str, int]
"""An entry of mu, q or q'."""
Messages = dict[str, Vector]
Step = tuple[list[Place], tuple[str, ...]]
"""Entries, and the stages whose messages they explain."""

STAGES = (
    "tree rounds",
    "tree values",
    "helper rounds",
    "helper values",
    "product rounds",
    "product values",
    "row rounds",
    "blinding value",
    "opened",
)


def tiny_sketch(x: Sequence[int]) -> Sketch:
    """`relations.tiny` for another input: y = floor(W x / 4), z = y^2."""
    s = tiny()
    W = s.values[s.index("W")]
    acc = [sum(W[3 * o + i] * x[i] for i in range(3)) for o in range(2)]
    s.values.update({s.index("x"): list(x), s.index("y"): [a // 4 for a in acc], s.index("r"): [a % 4 for a in acc]})
    s.values[s.index("z")] = [(a // 4) ** 2 for a in acc]
    return s


class Experiment:
    """One relation and key; `messages` proves with given randomness and returns all that is revealed."""

    def __init__(self, sketch: Sketch, lanes: int | None = None, tau: int | None = None) -> None:
        self.setting = Setting(encode_relation(sketch.relation()), sketch.c, sketch.values, lanes=lanes, tau=tau)
        self.prover = self.setting.prover
        self.layout: Layout = reference_key(self.setting.key).layout
        lengths = {"mu": self.layout.mask.length, "q": 1 << sketch.c, "q'": self.layout.mask.length}
        source = random.Random(7)
        self.base = {name: [source.randrange(P) for _ in range(n)] for name, n in lengths.items()}
        self.places: list[Place] = [(name, i) for name, n in lengths.items() for i in range(n)]

    def messages(self, values: Values, vectors: Mapping[str, Vector]) -> Messages:
        words = tuple([encode_scalar(x) for x in vectors[name]] for name in ("mu", "q", "q'"))
        own = {t: v for t, v in values.items() if t not in self.setting.fixed}
        revealed = self.prover.messages(own, Lies(vectors=words))  # type: ignore[arg-type]
        return {stage: [int.from_bytes(word, "big") for word in revealed[stage]] for stage in STAGES}

    def moved(self, vectors: Mapping[str, Vector], places: Iterable[Place], by: int) -> dict[str, Vector]:
        out = {name: list(vector) for name, vector in vectors.items()}
        for name, i in places:
            out[name][i] = (out[name][i] + by) % P
        return out

    def derivative(self, values: Values, vectors: Mapping[str, Vector], places: Sequence[Place]) -> Vector:
        """How all messages move with entries that move together."""
        up, down = (flat(self.messages(values, self.moved(vectors, places, by))) for by in (1, -1))
        return [(a - b) * HALF % P for a, b in zip(up, down, strict=True)]


def flat(messages: Messages) -> Vector:
    return [x for stage in STAGES for x in messages[stage]]


def rank(rows: Iterable[Vector]) -> int:
    found: dict[int, Vector] = {}  # by leading column, leading entry 1
    for row in rows:
        current = list(row)
        for column in range(len(current)):
            lead = current[column]
            if lead == 0:
                continue
            if column not in found:
                scale = inverse(lead)
                found[column] = [x * scale % P for x in current]
                break
            current = [(x - lead * y) % P if y else x for x, y in zip(current, found[column], strict=True)]
    return len(found)


SKETCHES: dict[str, Callable[[], Sketch]] = {"tiny": tiny, "merged": merged}


@cache
def jacobian(name: str, lanes: int | None = None, tau: int | None = None) -> tuple[Experiment, dict[Place, Vector]]:
    sketch = SKETCHES[name]()
    experiment = Experiment(sketch, lanes, tau)
    rows = {place: experiment.derivative(sketch.values, experiment.base, [place]) for place in experiment.places}
    return experiment, rows


@pytest.mark.parametrize("name", SKETCHES)
def test_every_message_is_masked(name: str) -> None:
    _, rows = jacobian(name)
    assert rank(rows.values()) == len(next(iter(rows.values()))) - 1


@pytest.mark.parametrize(("name", "lanes", "tau"), [("tiny", 1, None), ("tiny", 3, 77), ("merged", 2, None)])
def test_every_message_of_the_helper_argument_is_masked(name: str, lanes: int, tau: int | None) -> None:
    experiment, rows = jacobian(name, lanes, tau)
    n, degree = experiment.layout.n, lanes + 2
    revealed = experiment.messages(SKETCHES[name]().values, experiment.base)
    assert len(revealed["helper rounds"]) == (n + 1) * degree
    assert len(revealed["helper values"]) == degree
    assert not revealed["tree rounds"]
    assert rank(rows.values()) == len(next(iter(rows.values()))) - 1


# The test sees flaws


def flaws(layout: Layout) -> dict[str, list[list[int]]]:
    """What a careless prover might do to mu: entries of a group are drawn as one; a group of one entry is constant."""
    mask, n = layout.mask, layout.n
    layers = range(1, n + 1)
    return {
        "a constant pad": [[mask.pad("p", 2, 1)]],
        "constant pads of U and V": [[mask.u], [mask.v]],
        "one pad for both children": [[mask.pad(kind, j, b) for b in (0, 1)] for j in layers for kind in "pq"],
        "one pad for p and q": [[mask.pad(kind, j, b) for kind in "pq"] for j in layers for b in (0, 1)],
        "the same pads in all layers": [[mask.pad(kind, j, b) for j in layers] for kind in "pq" for b in (0, 1)],
        "no mask of degree 2 in a layer": [[mask.tree(n - 1, 0, 2)]],
        "one mask for both degrees": [[mask.tree(n - 1, 0, d) for d in (1, 2)]],
        "no mask in a product round": [[mask.g2(1, 1)], [mask.g2(1, 2)]],
        "no mask in a row round": [[mask.g3(0, 1)]],
        "one mask for product and row rounds": [[mask.g2(0, d), mask.g3(0, d)] for d in (1, 2)],
    }


def helper_flaws(layout: Layout) -> dict[str, list[list[int]]]:
    """The same for the helper argument."""
    mask, lanes, rounds = layout.mask, range(layout.parameters.lanes), range(layout.n + 1)
    degrees = range(1, layout.parameters.lanes + 3)
    return {
        "a constant key pad": [[mask.key_pad(0)]],
        "a constant pad of h": [[mask.helper_pad]],
        "a constant pad of m": [[mask.multiplicity_pad]],
        "one key pad for all lanes": [[mask.key_pad(lane) for lane in lanes]],
        "one pad for h and m": [[mask.helper_pad, mask.multiplicity_pad]],
        "one pad for h and a key": [[mask.helper_pad, mask.key_pad(1)]],
        **{f"no mask of degree {d} in a round": [[mask.g1(1, d)]] for d in degrees},
        "no mask in the last round": [[mask.g1(layout.n, d)] for d in degrees],
        "one mask for all degrees": [[mask.g1(0, d) for d in degrees]],
        "the same masks in all rounds": [[mask.g1(i, d) for i in rounds] for d in degrees],
        "one mask for helper and product rounds": [[mask.g1(0, d), mask.g2(0, d)] for d in (1, 2)],
        "a mask that is also a pad": [[mask.g1(0, 1), mask.key_pad(0)]],
    }


FLAWS = tuple(flaws(Layout(merged().relation(), Parameters(6))))
HELPER_FLAWS = tuple(helper_flaws(Layout(merged().relation(), Parameters(6, LookupArgument.HELPER, 2))))


@pytest.mark.parametrize("flaw", FLAWS)
def test_the_rank_sees_a_flaw(flaw: str) -> None:
    experiment, rows = jacobian("merged")
    assert_flawed(rows, flaws(experiment.layout)[flaw])


@pytest.mark.parametrize("flaw", HELPER_FLAWS)
def test_the_rank_sees_a_flaw_of_the_helper_argument(flaw: str) -> None:
    experiment, rows = jacobian("merged", 2)
    assert_flawed(rows, helper_flaws(experiment.layout)[flaw])


def assert_flawed(rows: Mapping[Place, Vector], groups: list[list[int]]) -> None:
    touched = {i for group in groups for i in group}
    drawn = [row for (name, i), row in rows.items() if name != "mu" or i not in touched]
    for group in groups:
        if len(group) > 1:
            drawn.append([sum(entries) % P for entries in zip(*(rows["mu", i] for i in group), strict=True)])
    assert rank(drawn) < len(drawn[0]) - 1


def test_the_rank_sees_a_blinding_vector_that_is_left_out() -> None:
    _, rows = jacobian("merged")
    assert rank(row for (name, _), row in rows.items() if name != "q'") < len(rows["mu", 0]) - 1


# A transcript of one witness, explained by another


def solve(experiment: Experiment, values: Values, target: Messages, vectors: dict[str, Vector], step: Step) -> None:
    """Changes the entries of a step, in which its messages are affine, until these are the target's."""
    places, stages = step
    found = experiment.messages(values, vectors)
    wanted = [(a - b) % P for stage in stages for a, b in zip(target[stage], found[stage], strict=True)]
    columns = []
    for place in places:
        moved = experiment.messages(values, experiment.moved(vectors, [place], 1))
        columns.append([(a - b) % P for stage in stages for a, b in zip(moved[stage], found[stage], strict=True)])
    for (name, i), change in zip(places, linear_solution(columns, wanted), strict=True):
        vectors[name][i] = (vectors[name][i] + change) % P


def linear_solution(columns: Sequence[Vector], wanted: Vector) -> Vector:
    """x with sum x_k column_k = wanted; free unknowns are zero, an equation that cannot hold is left to the caller."""
    rows = [[*entries, value] for *entries, value in zip(*columns, wanted, strict=True)]
    solution, pivots = [0] * len(columns), 0
    for k in range(len(columns)):
        pivot = next((i for i in range(pivots, len(rows)) if rows[i][k]), None)
        if pivot is None:
            continue
        rows[pivots], rows[pivot] = rows[pivot], rows[pivots]
        scale = inverse(rows[pivots][k])
        lead = rows[pivots] = [x * scale % P for x in rows[pivots]]
        for i, row in enumerate(rows):
            if i != pivots and row[k]:
                factor = row[k]
                rows[i] = [(x - factor * y) % P if y else x for x, y in zip(row, lead, strict=True)]
        solution[k] = -1 - pivots  # the row of this unknown, until all are known
        pivots += 1
    return [rows[-1 - k][-1] if k < 0 else 0 for k in solution]


def steps(layout: Layout) -> list[Step]:
    """Which randomness explains which messages: pads, then masks, then q and q'."""
    mask = layout.mask
    first_mask = mask.g1(0, 1) if layout.has_helper else mask.tree(0, 0, 1)
    pads, masks = range(2, first_mask), range(first_mask, mask.length)
    blinding = [("q", i) for i in range(layout.parameters.row_length)] + [("q'", i) for i in range(mask.length)]
    return [
        ([("mu", i) for i in pads], ("tree values", "helper values")),
        ([("mu", mask.u), ("mu", mask.v)], ("product values",)),
        ([("mu", i) for i in masks], ("tree rounds", "helper rounds", "product rounds", "row rounds")),
        (blinding, ("opened",)),
    ]


@pytest.mark.parametrize("lanes", [None, 2])
def test_a_transcript_of_one_witness_is_explained_by_another(lanes: int | None) -> None:
    """For the same challenges there is randomness under which the other witness reveals exactly the same."""
    one, other = tiny_sketch([2, -1, 3]), tiny_sketch([1, 3, -2])
    assert one.values != other.values
    experiment = Experiment(one, lanes)
    target = experiment.messages(one.values, experiment.base)
    vectors = {name: list(vector) for name, vector in experiment.base.items()}
    assert experiment.messages(other.values, vectors) != target
    for step in steps(experiment.layout):
        solve(experiment, other.values, target, vectors, step)
    assert experiment.messages(other.values, vectors) == target
    assert vectors != experiment.base


# Commitments


def points(attempt: Attempt) -> set[bytes]:
    """Every point of a statement and a proof."""
    proof = decode_proof(reference_key(attempt.key).layout, attempt.proof)
    sent = [*proof.witness, proof.mask, *proof.blinding]
    if isinstance(proof.lookups, HelperMessages):
        sent += proof.lookups.commitments
    if isinstance(proof.opening, KzgMessages):
        sent += proof.opening.points
    else:
        sent += [point for pair in proof.opening.rounds for point in pair]
    return {*attempt.inputs, *attempt.outputs, *(encode_compressed(point) for point in sent)}


def test_two_proofs_of_the_same_input_share_no_commitment() -> None:
    """By the release module, from the same key, values and context."""
    sketch = tiny()
    key, blindings = _native.setup(encode_relation(sketch.relation()), sketch.c, {0: np.array(sketch.values[0])})
    tensors = {t: np.array(values) for t, values in sketch.values.items()}
    prover = _native.ProvingKey(_native.VerifyingKey(key), blindings, {0: tensors.pop(0)})
    attempts = []
    for _ in range(2):
        made = prover.prove(b"", tensors)
        attempts.append(Attempt(key, b"", {}, made["input_commitments"], made["output_commitments"], made["proof"]))
        assert verdict(attempts[-1]) == "accepted"
    first, second = (points(attempt) for attempt in attempts)
    assert len(first) == len(second) == 1 + 1 + 1 + 1 + 2 + 2 * sketch.c
    assert not first & second
    words = [{a.proof[at : at + 32] for at in range(0, len(a.proof), 32)} for a in attempts]
    assert not words[0] & words[1]


def test_two_short_proofs_of_the_same_input_share_no_commitment() -> None:
    """With a helper column and the kzg opening."""
    sketch = tiny()
    setting = Setting(encode_relation(sketch.relation()), sketch.c, sketch.values, lanes=2, tau=77)
    attempts = [setting.prove(sketch.values) for _ in range(2)]
    assert [verdict(attempt) for attempt in attempts] == ["accepted"] * 2
    first, second = (points(attempt) for attempt in attempts)
    assert len(first) == len(second) == 1 + 1 + 1 + 1 + 2 + 1 + 7
    assert not first & second
    words = [{a.proof[at : at + 32] for at in range(0, len(a.proof), 32)} for a in attempts]
    assert not words[0] & words[1]


def test_two_setups_of_the_same_model_share_no_commitment() -> None:
    sketch = tiny()
    keys = [
        reference_key(_native.setup(encode_relation(sketch.relation()), sketch.c, {0: np.array(sketch.values[0])})[0])
        for _ in range(2)
    ]
    assert not set(keys[0].model_commitments) & set(keys[1].model_commitments)
