"""Every place where a prover lies about the protocol itself: one table.

A lie is a proof (by the Rust prover with `Lies`, or by the slow prover with its hooks) that both verifiers must reject,
and `without`, which takes one small check out of the reference verifier and returns the proof that then passes. Provers
that share code with the reference run under the same patch, so that everything but the lie stays consistent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import pytest
from reference.tests.relations import INPUT, MODEL, PUBLIC, WITNESS, Sketch
from tests.conformance import slow_prover as slow

from zkseal_reference import expansion, ipa, linear, sumcheck, tree, verifier, weights
from zkseal_reference.curve import multi_scalar
from zkseal_reference.field import P, encode_scalar, eq_index, inverse
from zkseal_reference.generators import generator
from zkseal_reference.key import VerifyingKey
from zkseal_reference.model_relation import derive_model_relation
from zkseal_reference.proof import proof_length
from zkseal_reference.relation import encode_relation
from zkseal_reference.transcript import Transcript
from zkseal_slow_prover import columns

from .native import Attempt, Lies, Setting, reference_key, reference_verdict

CONTEXT = b"a context"
Patch = pytest.MonkeyPatch
Levels = list[tuple[list[int], list[int]]]


@dataclass(frozen=True)
class ProtocolLie:
    """`without(patch, attempt)` takes out the defence and returns a proof of the same lie, often the same proof."""

    what: str
    defence: str
    error: str
    attempt: Callable[[], Attempt]
    without: Callable[[Patch, Attempt], Attempt]


# Relations


def lookups(*values: int) -> Sketch:
    """Witness values, looked up in the table 1 .. 5 with id 0; a second table 7, 8 has id 1."""
    s = Sketch(c=7, loops={"i": len(values)})
    s.tensor("x", WITNESS, (len(values),), values)
    s.progression("own", 1, 5)
    s.progression("other", 7, 2)
    s.table("own", 0, "own")
    s.table("other", 1, "other")
    s.lookup("own", "i", (s.term(1, s.at("x", "i")),))
    return s


def labelled() -> Sketch:
    """A public value that no constraint reads, and an input that is a square."""
    s = Sketch(c=6, loops={"i": 2})
    s.tensor("label", PUBLIC, (2,), [4, 2])
    s.tensor("x", INPUT, (2,), [3, -5])
    s.tensor("y", WITNESS, (2,), [9, 25])
    s.zero("i", s.term(1, s.at("x", "i"), s.at("x", "i")), s.term(-1, s.at("y", "i")))
    return s


def weighted(*W: int) -> Sketch:
    """y = W x with private weights of 4 bits."""
    s = Sketch(c=7, loops={"i": 2})
    s.tensor("W", MODEL, (2,), W, (-8, 7))
    s.tensor("x", INPUT, (2,), [3, -5])
    s.tensor("y", WITNESS, (1,), [3 * W[0] - 5 * W[1]])
    s.zero("", s.term(1, s.at("W", "i"), s.at("x", "i"), sums="i"), s.term(-1, s.at("y", 0)))
    return s


def divided(*, ranged: bool) -> Sketch:
    """x = 4 y + r with r in 0 .. 3; y in -8 .. 7 only if `ranged`."""
    s = Sketch(c=7, loops={"i": 2})
    s.tensor("x", INPUT, (2,), [13, -6])
    s.tensor("y", WITNESS, (2,), [3, -2])
    s.tensor("r", WITNESS, (2,), [1, 2])
    s.progression("t4", 0, 4)
    s.progression("t16", -8, 16)
    s.table("r4", 0, "t4")
    s.table("r16", 1, "t16")
    s.lookup("r4", "i", (s.term(1, s.at("r", "i")),))
    if ranged:
        s.lookup("r16", "i", (s.term(1, s.at("y", "i")),))
    s.zero("i", s.term(1, s.at("x", "i")), s.term(-4, s.at("y", "i")), s.term(-1, s.at("r", "i")))
    return s


# Provers


def rust(sketch: Sketch, lies: Lies, *, context: bytes = CONTEXT) -> Attempt:
    """A proof by the Rust prover, under a fresh key."""
    setting = Setting(encode_relation(sketch.relation()), sketch.c, sketch.values)
    return setting.prove(sketch.values, lies, context=context)


def by_slow_prover(sketch: Sketch, key: bytes | None = None, hooks: slow.Hooks | None = None) -> Attempt:
    """A proof by the slow prover; `key` is that of the same relation without model tensors."""
    made, model = slow.setup(sketch.relation(), sketch.c, sketch.values, slow.seeded_randomness(1))
    data = made.encode() if key is None else key
    proved = slow.prove(reference_key(data), model, sketch.values, CONTEXT, slow.seeded_randomness(2), hooks or GO_ON)
    public = {index: sketch.values[index] for index in made.relation.public_tensors}
    return Attempt(data, CONTEXT, public, proved.input_commitments, proved.output_commitments, proved.proof)


GO_ON = slow.Hooks(message=lambda _label, scalars: scalars)
"""Hooks that change nothing: the prover goes on where an honest one would stop."""


def layout_of(sketch: Sketch) -> verifier.Layout:
    return verifier.Layout(sketch.relation(), slow.Parameters(sketch.c))


def block_of(sketch: Sketch, table: int | None) -> int:
    """The first leaf of a table, or of the only lookup."""
    for placed in layout_of(sketch).lookup_blocks:
        if (placed.lookup is None and placed.table == table) or (placed.lookup is not None and table is None):
            return placed.block.base
    raise AssertionError(table)


def same(_patch: Patch, attempt: Attempt) -> Attempt:
    return attempt


def integer(attempt: Attempt, name: str) -> int:
    return int.from_bytes(attempt.extra[name], "big")


# Lookups


def another_table(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(expansion, "id_coefficient", lambda *_: 0)

    def counted(layout: verifier.Layout, values: slow.Values) -> None:
        values[layout.multiplicity(1)][0] += 1

    return by_slow_prover(lookups(2, 7), attempt.key, slow.Hooks(multiplicities=counted))


def any_root(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(tree, "ROOT", tree.NodeClaim((), 0, integer(attempt, "root"), 0, {}, {}))
    return attempt


def value_in_padding() -> Attempt:
    """The table has 5 rows in a block of 8: the sixth position holds the 6 that is looked up."""
    sketch = lookups(2, 6)
    layout, leaf = layout_of(sketch), block_of(sketch, 0) + 5
    address = layout.addresses[layout.multiplicity(0)].base + 5
    looked_up = block_of(sketch, None) + 1
    return rust(sketch, Lies(padding=[(address, 1)], leaves=[(leaf, -1, looked_up)]))


def untruncated_table(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(weights, "truncated", lambda vector, size: vector if size == 5 else vector[:size])
    sketch = lookups(2, 6)
    layout, leaf = layout_of(sketch), block_of(sketch, 0) + 5
    address = layout.addresses[layout.multiplicity(0)].base + 5

    def rows(_layout: object, column: int, dense: dict[int, list[int]]) -> None:
        if column == WITNESS:
            dense[address >> layout.c][address % layout.parameters.row_length] = 1

    def nodes(_layout: object, levels: Levels) -> None:
        p, q = levels[-1]
        p[leaf] = P - 1
        for k in range(3):  # alpha - 6, alpha - 7, alpha - 8: the table goes on through its padding
            q[leaf + k] = (q[block_of(sketch, None) + 1] - k) % P
        rebuild(levels)

    return by_slow_prover(sketch, attempt.key, slow.Hooks(rows=rows, tree_nodes=nodes))


def rebuild(levels: Levels) -> None:
    for j in reversed(range(len(levels) - 1)):
        p, q = levels[j + 1]
        for i in range(len(p) // 2):
            levels[j][0][i] = (p[2 * i] * q[2 * i + 1] + p[2 * i + 1] * q[2 * i]) % P
            levels[j][1][i] = q[2 * i] * q[2 * i + 1] % P


def missing_row() -> Attempt:
    """The third of three lookups is false and left out of the tree: its leaf is that of a padding position, 0/1."""
    base = block_of(lookups(1, 2, 9), None)
    return rust(lookups(1, 2, 9), Lies(leaves=[(base + 2, 0, base + 3)]))


def two_rows(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(weights, "truncated", lambda vector, size: vector[: 2 if size == 3 else size])
    leaf = block_of(lookups(1, 2, 9), None) + 2

    def nodes(_layout: object, levels: Levels) -> None:
        levels[-1][0][leaf], levels[-1][1][leaf] = 0, 1
        rebuild(levels)

    return by_slow_prover(lookups(1, 2, 9), attempt.key, slow.Hooks(tree_nodes=nodes))


def extra_row() -> Attempt:
    """A fourth row of the lookup, in its padding, takes away what the false third one adds."""
    base = block_of(lookups(1, 2, 9), None)
    return rust(lookups(1, 2, 9), Lies(leaves=[(base + 3, -1, base + 2)]))


def counted_extra_row(patch: Patch, attempt: Attempt) -> Attempt:
    leaf, in_range, key_value = block_of(lookups(1, 2, 9), None) + 3, tree.in_range, tree.key_value

    def with_extra(layout: verifier.Layout, r: tuple[int, ...]) -> tuple[int, int]:
        selected, inside = in_range(layout, r)
        return (selected - eq_index(leaf, r)) % P, (inside + eq_index(leaf, r)) % P

    def with_its_key(claim: tree.NodeClaim, inside: int, alpha: int) -> int:
        return (key_value(claim, inside, alpha) - (1 - claim.r0) * eq_index(leaf, claim.r) * 9) % P

    patch.setattr(tree, "in_range", with_extra)
    patch.setattr(tree, "key_value", with_its_key)
    return attempt


# The fraction tree. Masks are zero here, so that the true value of every mask claim G_j is known: 0.


def false_node(layer: int, node: int) -> Callable[[], Attempt]:
    return lambda: rust(lookups(1, 2, 9), Lies(balance=(layer, node), naked=True))


def unchecked_layers(*layers: int) -> Callable[[Patch, Attempt], Attempt]:
    """The rounds of these layers prove nothing: their claims G_j are taken to hold."""

    def patched(patch: Patch, attempt: Attempt) -> Attempt:
        honest = tree.verify_layer

        def verify_layer(transcript: Transcript, layout: object, j: int, *rest: object) -> tuple[object, object]:
            claim, mask = honest(transcript, layout, j, *rest)  # type: ignore[arg-type]
            return claim, replace(mask, value=0) if j in layers else mask

        patch.setattr(tree, "verify_layer", verify_layer)
        return attempt

    return patched


def any_numerator(leaf: int) -> Callable[[Patch, Attempt], Attempt]:
    """The multiplicities are not what is left of the numerators of the leaves."""

    def patched(patch: Patch, attempt: Attempt) -> Attempt:
        honest, added = tree.multiplicity_value, integer(attempt, "balanced")

        def value(claim: tree.NodeClaim, selected: int) -> int:
            return (honest(claim, selected) + (1 - claim.r0) * eq_index(leaf, claim.r) * added) % P

        patch.setattr(tree, "multiplicity_value", value)
        return attempt

    return patched


# The last claims


def unchecked_last_claim(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(linear, "check_last_claim", lambda *_: None)
    return attempt


def unchecked_opening(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(ipa, "check_product", lambda _: None)
    return attempt


def other_weights() -> Attempt:
    """The prover computes with weights (1, 1) and says that it has those of the key, (2, -1)."""
    mine, own = weighted(1, 1), weighted(2, -1)
    key = Setting(encode_relation(own.relation()), own.c, own.values)
    key.fixed = {0: mine.values[0]}
    return key.prove(mine.values)


def commitment_with_another_generator() -> Attempt:
    original = columns.commit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "commit", lambda *row: multi_scalar([(1, original(*row)), (5, generator(b"U"))]))
        return by_slow_prover(labelled(), slow_key("labelled"))


@cache
def slow_key(name: str) -> bytes:
    sketch = {"labelled": labelled}[name]()
    return slow.setup(sketch.relation(), sketch.c, sketch.values, slow.seeded_randomness(1))[0].encode()


# Wrapped accumulator


def quotient_mod_p(*, ranged: bool) -> Attempt:
    """x = 4 y + r holds in the field for any r: y = (x - r) / 4 mod p."""
    sketch = divided(ranged=ranged)

    def wrapped(_layout: object, values: slow.Values) -> None:
        values[sketch.index("r")][0] = 3
        values[sketch.index("y")][0] = (13 - 3) * inverse(4) % P

    return by_slow_prover(sketch, hooks=slow.Hooks(tensors=wrapped))


# Binding: a message that is not absorbed may change afterwards


def forget(patch: Patch, label: str) -> None:
    honest = Transcript.absorb

    def absorb(self: Transcript, name: str, data: bytes) -> None:
        if name != label:
            honest(self, name, data)

    patch.setattr(Transcript, "absorb", absorb)


def other_relation(attempt: Attempt) -> Attempt:
    """The same constraints under another annotation."""
    key = reference_key(attempt.key)
    relation = replace(key.relation, annotation=b"another meaning")
    return attempt.changed(key=replace(key, relation=relation, relation_bytes=encode_relation(relation)).encode())


CHANGES: Mapping[str, Callable[[Attempt], Attempt]] = {
    "context": lambda attempt: attempt.changed(context=b"another context"),
    "public": lambda attempt: attempt.changed(public={0: [4, 3]}),
    "relation": other_relation,
}


def reused(label: str) -> Callable[[], Attempt]:
    return lambda: CHANGES[label](rust(labelled(), Lies()))


def forgotten(label: str) -> Callable[[Patch, Attempt], Attempt]:
    def patched(patch: Patch, _attempt: Attempt) -> Attempt:
        key = slow_key("labelled")
        reference_key(key)
        forget(patch, label)
        return CHANGES[label](by_slow_prover(labelled(), key))

    return patched


def model_proof_as_inference() -> Attempt:
    """The model relation as a relation of its own, under the same commitments; its proof is the model proof."""
    sketch = weighted(2, -1)
    main = Setting(encode_relation(sketch.relation()), sketch.c, sketch.values)
    bounds = derive_model_relation(sketch.relation())
    assert bounds is not None
    own = Setting(encode_relation(bounds), sketch.c, sketch.values, main.blindings)
    proof = VerifyingKey.decode(main.key).model_proof
    assert VerifyingKey.decode(own.key).model_commitments == VerifyingKey.decode(main.key).model_commitments
    return Attempt(own.key, b"", {}, [], [], proof)


def one_kind(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(verifier, "INFERENCE", verifier.MODEL)
    return attempt


def false_square(_layout: object, values: slow.Values) -> None:
    values[2][0] += 1


def late_blinding_value(patch: Patch | None, key: bytes) -> Attempt:
    """t_q, chosen after chi so that the last claim of the column rounds holds for a false witness."""
    if patch is not None:
        forget(patch, "blinding value")
    attempt = by_slow_prover(labelled(), key, slow.Hooks(tensors=false_square))
    points: list[list[int]] = []
    ends: list[tuple[int, int]] = []
    rounds = sumcheck.verify_rounds
    with pytest.MonkeyPatch.context() as spy:

        def verify_rounds(*arguments: object) -> tuple[list[int], int]:
            point, last = rounds(*arguments)  # type: ignore[arg-type]
            points.append(point)
            return point, last

        spy.setattr(sumcheck, "verify_rounds", verify_rounds)
        spy.setattr(linear, "check_last_claim", lambda last, y, k: ends.append((last, y * k % P)))
        reference_verdict(attempt)
    (last, expected) = ends[0]
    correction = expected - last
    for x in points[-1]:  # a round passes the claim on times x
        correction = correction * inverse(x) % P
    proof = bytearray(attempt.proof)
    at = offset_of_blinding_value(key)
    value = (int.from_bytes(proof[at : at + 32], "big") + correction) % P
    proof[at : at + 32] = encode_scalar(value)
    return attempt.changed(proof=bytes(proof))


def offset_of_blinding_value(key: bytes) -> int:
    layout = reference_key(key).layout
    after = 2 * (layout.c + 1) + 2 + 2 * layout.c + 1  # column rounds, y s, opening
    return proof_length(layout) - 32 * (after + 1)


def false_witness() -> Attempt:
    sketch = labelled()
    sketch.values[2][0] += 1
    return rust(sketch, Lies())


LINEAR, OPENING = "LinearClaimRejected", "OpeningRejected"

LIES = (
    ProtocolLie(
        "value that only another table has",
        "table id in the key",
        LINEAR,
        lambda: rust(lookups(2, 7), Lies(multiplicities=[(1, 0, 1)])),
        another_table,
    ),
    ProtocolLie(
        "multiplicity one too high",
        "the root is zero",
        LINEAR,
        lambda: rust(lookups(2, 4), Lies(multiplicities=[(0, 1, 1)])),
        any_root,
    ),
    ProtocolLie(
        "negative multiplicity of an unused row",
        "the root is zero",
        LINEAR,
        lambda: rust(lookups(2, 4), Lies(multiplicities=[(0, 0, -1)])),
        any_root,
    ),
    ProtocolLie(
        "multiplicity of a row in a table that nothing looks up",
        "the root is zero",
        LINEAR,
        lambda: rust(lookups(2, 4), Lies(multiplicities=[(1, 1, 1)])),
        any_root,
    ),
    ProtocolLie("value in no table", "the root is zero", LINEAR, lambda: rust(lookups(2, 9), Lies()), any_root),
    ProtocolLie(
        "value only in a padding position of its table",
        "m(x), k(x), in(x) are truncated",
        LINEAR,
        value_in_padding,
        untruncated_table,
    ),
    ProtocolLie("missing row", "number of rows in sel(x), in(x)", LINEAR, missing_row, two_rows),
    ProtocolLie("extra row", "sel(x), in(x) are truncated", LINEAR, extra_row, counted_extra_row),
    *(
        ProtocolLie(
            f"node {node} of layer {layer} makes the root zero",
            f"rounds of layer {layer} (claim G_{layer})",
            LINEAR,
            false_node(layer, node),
            unchecked_layers(layer),
        )
        for layer, node in ((1, 0), (2, 3), (3, 5))
    ),
    *(
        ProtocolLie(
            f"{where} makes the root zero",
            "numerators of the leaves (claim M)",
            LINEAR,
            false_node(4, leaf),
            any_numerator(leaf),
        )
        for where, leaf in (
            ("in-range leaf", block_of(lookups(1, 2, 9), None)),
            ("out-of-range leaf", block_of(lookups(1, 2, 9), None) + 3),
        )
    ),
    ProtocolLie(
        "values of a layer that were not evaluated",
        "claims G_1, G_2",
        LINEAR,
        lambda: rust(lookups(1, 2, 4), Lies(tree_values=[(1, 0, 1)], naked=True)),
        unchecked_layers(1, 2),
    ),
    ProtocolLie("false witness", "last claim of the column rounds", LINEAR, false_witness, unchecked_last_claim),
    ProtocolLie("other weights under the key's commitments", "the opening", OPENING, other_weights, unchecked_opening),
    ProtocolLie(
        "commitment with a part in another generator",
        "the opening",
        OPENING,
        commitment_with_another_generator,
        unchecked_opening,
    ),
    ProtocolLie(
        "quotient mod p (wrapped accumulator)",
        "range of the quotient",
        LINEAR,
        lambda: quotient_mod_p(ranged=True),
        lambda _patch, _attempt: quotient_mod_p(ranged=False),
    ),
    *(
        ProtocolLie(
            f"proof reused under another {label}", f"{label} is absorbed", LINEAR, reused(label), forgotten(label)
        )
        for label in CHANGES
    ),
    ProtocolLie(
        "model proof passed off as an inference proof",
        "kind of proof is absorbed",
        LINEAR,
        model_proof_as_inference,
        one_kind,
    ),
    ProtocolLie(
        "t_q chosen after its challenge",
        "blinding value is absorbed",
        LINEAR,
        lambda: late_blinding_value(None, slow_key("labelled")),
        lambda patch, attempt: late_blinding_value(patch, attempt.key),
    ),
)
