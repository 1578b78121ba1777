"""A prover that lies in one place, consistent otherwise: rejected; accepted when that defence is taken out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.conformance.slow_prover import Hooks, Proved, Values, prove, seeded_randomness, setup

from zkseal_reference import expansion, ipa, linear, tree, verifier, weights
from zkseal_reference.curve import Point, multi_scalar
from zkseal_reference.errors import LinearClaimRejected, ModelProofRejected, OpeningRejected
from zkseal_reference.field import P, inverse
from zkseal_reference.generators import generator
from zkseal_reference.key import VerifyingKey, model_statement, verify_model_proof
from zkseal_reference.layout import Layout
from zkseal_reference.parameters import Opening
from zkseal_reference.relation import Column
from zkseal_reference.transcript import Transcript
from zkseal_slow_prover import columns

from .cases import CONTEXT, Case, case, check, lie
from .relations import WITNESS, Sketch, tiny

LENIENT = Hooks(message=lambda _label, scalars: scalars)
"""Hooks that change nothing: the prover goes on where an honest one would stop."""

Levels = list[tuple[list[int], list[int]]]


def sketch_case(sketch: Sketch) -> Case:
    """A key of a sketch whose witness may be false."""
    key, model = setup(sketch.relation(), sketch.c, sketch.values, seeded_randomness(1))
    return Case(sketch, key, model, Proved(b"", [], [], b"", b""))


def one_lookup(value: int) -> Sketch:
    """A witness value, looked up in the table 1, 2, 3 with id 0; a second table 7, 8 has id 1."""
    s = Sketch(c=6, loops={"i": 1})
    s.tensor("x", WITNESS, (1,), [value])
    s.progression("own", 1, 3)
    s.progression("other", 7, 2)
    s.table("own", 0, "own")
    s.table("other", 1, "other")
    s.lookup("own", "i", (s.term(1, s.at("x", "i")),))
    return s


def count_in(table: int, row: int, times: int = 1) -> Hooks:
    """Adds to one multiplicity."""

    def change(layout: Layout, values: Values) -> None:
        values[layout.multiplicity(table)][row] += times

    return Hooks(multiplicities=change)


def assert_only_defended_by(
    found: Case, hooks: Hooks, monkeypatch: pytest.MonkeyPatch, *patches: tuple[object, str, object]
) -> None:
    """Rejected; accepted once the defence is patched out, on both sides."""
    with pytest.raises(LinearClaimRejected):
        check(found, lie(found, hooks))
    for owner, name, replacement in patches:
        monkeypatch.setattr(owner, name, replacement)
    check(found, lie(found, hooks))


# Lookups


def test_a_value_of_another_table(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sketch_case(one_lookup(7))
    assert_only_defended_by(found, count_in(1, 0), monkeypatch, (expansion, "id_coefficient", lambda *_: 0))


def test_a_wrong_multiplicity() -> None:
    for table, row, times in ((0, 0, 1), (0, 3, -1), (1, 15, 1)):
        with pytest.raises(LinearClaimRejected):
            check(case("tiny"), lie(case("tiny"), count_in(table, row, times)))


def test_a_multiplicity_in_a_padding_position(monkeypatch: pytest.MonkeyPatch) -> None:
    # The table has 3 rows in a block of 4. If the fourth were read, it would hold the 4 that is looked up.
    found = sketch_case(one_lookup(4))
    layout = found.key.layout
    address = layout.addresses[layout.multiplicity(0)].base + 3

    def rows(_layout: Layout, column: Column, dense: dict[int, list[int]]) -> None:
        if column == Column.WITNESS:
            dense[address >> layout.c][address % layout.parameters.row_length] = 1

    def nodes(_layout: Layout, levels: Levels) -> None:
        own = next(placed for placed in layout.lookup_blocks if placed.lookup is None and placed.table == 0)
        levels[-1][0][own.block.base + 3] = P - 1
        levels[-1][1][own.block.base + 3] = levels[-1][1][lookup_position(layout)]
        rebuild(levels)

    def untruncated(vector: list[int], size: int) -> list[int]:
        return vector if size == 3 else vector[:size]

    hooks = Hooks(rows=rows, tree_nodes=nodes)
    assert_only_defended_by(found, hooks, monkeypatch, (weights, "truncated", untruncated))


def lookup_position(layout: Layout) -> int:
    return next(placed.block.base for placed in layout.lookup_blocks if placed.lookup is not None)


def rebuild(levels: Levels) -> None:
    for j in reversed(range(len(levels) - 1)):
        p, q = levels[j + 1]
        for i in range(len(p) // 2):
            levels[j][0][i] = (p[2 * i] * q[2 * i + 1] + p[2 * i + 1] * q[2 * i]) % P
            levels[j][1][i] = q[2 * i] * q[2 * i + 1] % P


def balance(levels: Levels, j: int, i: int) -> None:
    """Adds to the numerator of node i of layer j what makes the root zero, and rebuilds the tree above it."""
    p, q = levels[j]
    p[i] = (p[i] - sum(a * inverse(b) for a, b in zip(p, q, strict=True)) * q[i]) % P
    rebuild(levels[: j + 1])
    assert levels[0][0] == [0]


@pytest.mark.parametrize(("j", "i"), [(1, 0), (3, 5), (5, 23), (5, 0)])
def test_a_tree_node_that_makes_the_root_zero(j: int, i: int) -> None:
    def nodes(_layout: Layout, levels: Levels) -> None:
        assert levels[0][0] != [0]
        balance(levels, j, i)

    def negative_remainder(_layout: Layout, values: Values) -> None:
        values[case("tiny").sketch.index("r")][0] -= 4
        values[case("tiny").sketch.index("y")][0] += 1
        values[case("tiny").sketch.index("z")][0] = values[case("tiny").sketch.index("y")][0] ** 2

    with pytest.raises(LinearClaimRejected):
        check(case("tiny"), lie(case("tiny"), Hooks(tensors=negative_remainder, tree_nodes=nodes)))


@pytest.mark.parametrize("j", [0, 2, 4])
def test_values_of_a_layer_that_were_not_evaluated(j: int) -> None:
    def values(layer: int, honest: tuple[int, ...]) -> tuple[int, ...]:
        return (honest[0] + 1, *honest[1:]) if layer == j else honest

    with pytest.raises(LinearClaimRejected):
        check(case("tiny"), lie(case("tiny"), Hooks(tree_values=values)))


def test_a_root_that_is_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the claim p_0 = 0 a false lookup passes: here V takes the prover's root instead."""
    found = sketch_case(one_lookup(7))
    roots: list[int] = []
    hooks = Hooks(tree_nodes=lambda _layout, levels: roots.append(levels[0][0][0]))
    proved = lie(found, hooks)
    with pytest.raises(LinearClaimRejected):
        check(found, proved)
    monkeypatch.setattr(tree, "ROOT", tree.NodeClaim((), 0, roots[0], 0, {}, {}))
    check(found, lie(found, hooks))


# Zeros, public values, transcript


def test_a_false_zero_without_its_constraint(monkeypatch: pytest.MonkeyPatch) -> None:
    def forged(_layout: Layout, values: Values) -> None:
        values[case("tiny").sketch.index("z")][1] += 1

    def only_first(eta: int, lanes: int, j: int) -> int:
        return pow(eta, lanes + j, P) if j == 0 else 0

    hooks = Hooks(tensors=forged)
    assert_only_defended_by(case("tiny"), hooks, monkeypatch, (expansion, "zero_coefficient", only_first))


def test_an_unchecked_last_claim_accepts_any_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    def forged(_layout: Layout, values: Values) -> None:
        values[case("rows").sketch.index("out")][0] += 1

    hooks = Hooks(tensors=forged)
    assert_only_defended_by(case("rows"), hooks, monkeypatch, (linear, "check_last_claim", lambda *_: None))


def test_a_context_that_is_not_absorbed_is_not_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    found = case("batched_attention")
    with pytest.raises(LinearClaimRejected):
        check(found, found.proved, context=b"other")
    honest = Transcript.absorb

    def forgetful(self: Transcript, label: str, data: bytes) -> None:
        if label != "context":
            honest(self, label, data)

    monkeypatch.setattr(Transcript, "absorb", forgetful)
    check(found, lie(found, Hooks(tensors=lambda *_: None)), context=b"other")


def test_a_message_of_a_sumcheck_that_is_not_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    for label in ("product round", "row round", "column round", "tree round", "blinding value"):
        with pytest.raises(LinearClaimRejected):
            check(case("tiny"), lie(case("tiny"), Hooks(message=off_by_one(label))))
    with pytest.raises(OpeningRejected):
        check(case("tiny"), lie(case("tiny"), Hooks(message=off_by_one("ipa a"))))
    monkeypatch.setattr(ipa, "check_product", lambda _: None)
    check(case("tiny"), lie(case("tiny"), Hooks(message=off_by_one("ipa a"))))


def off_by_one(label: str) -> Callable[[str, tuple[int, ...]], tuple[int, ...]]:
    def change(name: str, scalars: tuple[int, ...]) -> tuple[int, ...]:
        return ((scalars[0] + 1) % P, *scalars[1:]) if name == label else scalars

    return change


def test_masks_and_blinding_vectors_decide_nothing() -> None:
    """Whatever they hold, a true statement passes and a false one does not (they hide, they prove nothing)."""

    def constant_mask(_layout: Layout, mu: list[int]) -> None:
        mu[:] = [5] * len(mu)

    def no_blinding(_layout: Layout, q: list[int], q_prime: list[int]) -> None:
        q[:], q_prime[:] = [0] * len(q), [0] * len(q_prime)

    def forged(_layout: Layout, values: Values) -> None:
        values[case("merged").sketch.index("c")][0] += 1

    check(case("merged"), lie(case("merged"), Hooks(mu=constant_mask, q=no_blinding)))
    with pytest.raises(LinearClaimRejected):
        check(case("merged"), lie(case("merged"), Hooks(mu=constant_mask, q=no_blinding, tensors=forged)))


# Commitments


def test_garbage_in_padding_positions_is_harmless() -> None:
    layout = case("tiny").key.layout

    def rows(_layout: Layout, column: Column, dense: dict[int, list[int]]) -> None:
        if column == Column.INPUT:  # x has 3 entries in a block of 4
            (row,) = dense.values()
            assert row[3] == 0
            row[3:] = [77] * (layout.parameters.row_length - 3)

    check(case("tiny"), lie(case("tiny"), Hooks(rows=rows)))


def test_a_commitment_with_a_part_in_another_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vector is honest, the commitment has U in it: the opening must not close."""
    found = case("batched_attention")
    honest = prove(found.key, found.model, found.sketch.values, CONTEXT, seeded_randomness(4))

    def shifted(vector: list[int], blinding: int, opening: Opening) -> Point:
        return multi_scalar([(1, original(vector, blinding, opening)), (5, generator(b"U"))])

    original = columns.commit
    monkeypatch.setattr(columns, "commit", shifted)
    with pytest.raises(OpeningRejected):
        check(found, prove(found.key, found.model, found.sketch.values, CONTEXT, seeded_randomness(4)))
    check(found, honest)


# The model proof


def test_a_weight_out_of_bounds_has_no_model_proof() -> None:
    sketch = tiny()
    sketch.values[sketch.index("W")][0] = 6  # bounds [-2, 5]
    key, _ = setup(sketch.relation(), sketch.c, sketch.values, seeded_randomness(1), LENIENT)
    with pytest.raises(ModelProofRejected):
        VerifyingKey.decode(key.encode())


@pytest.mark.parametrize(("tensor", "entry"), [("hot", 0), ("ten", 1)])
def test_a_model_that_breaks_a_scope_1_constraint_or_a_limb(tensor: str, entry: int) -> None:
    sketch = case("limbs").sketch
    index = sketch.index(tensor)
    values = {i: list(entries) for i, entries in sketch.values.items()}
    values[index][entry] += 1
    key, _ = setup(sketch.relation(), sketch.c, values, seeded_randomness(1), LENIENT)
    with pytest.raises(ModelProofRejected) as caught:
        verify_model_proof(key)
    assert isinstance(caught.value.__cause__, LinearClaimRejected)


def test_a_model_proof_is_no_inference_proof() -> None:
    """The kind of proof stands in the transcript."""
    found = case("tiny")
    statement = model_statement_of_kind(found, verifier.INFERENCE)
    with pytest.raises(LinearClaimRejected):
        verifier.verify_statement(statement, found.key.model_proof)
    verifier.verify_statement(model_statement_of_kind(found, verifier.MODEL), found.key.model_proof)


def model_statement_of_kind(found: Case, kind: str) -> verifier.Statement:
    statement = model_statement(found.key)
    assert statement is not None
    return replace(statement, kind=kind)


def test_a_proof_by_another_model_column() -> None:
    """Other weights under the same graph: the first model's key refuses the proof."""
    found = case("tiny")
    other = tiny()
    other.values[other.index("W")][2] = 1
    acc = [sum(other.values[0][3 * o + i] * other.values[1][i] for i in range(3)) for o in range(2)]
    other.values.update({2: [a // 4 for a in acc], 3: [a % 4 for a in acc], 4: [(a // 4) ** 2 for a in acc]})
    key, model = setup(other.relation(), other.c, other.values, seeded_randomness(1))
    proved = prove(key, model, other.values, CONTEXT, seeded_randomness(2))
    check(Case(other, key, model, proved), proved)
    with pytest.raises(LinearClaimRejected):
        check(found, proved)
    assert key.model_id != found.key.model_id
