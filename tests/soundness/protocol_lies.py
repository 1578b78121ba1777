"""Every place where a prover lies about the protocol itself: one table (`protocol_provers` says what a lie is).

Those about lookups are in `lookup_lies`; here are openings, wrapped accumulators, and what the transcript binds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import pytest
from tests.conformance import slow_prover as slow

from zkseal_reference import ipa, linear, sumcheck, verifier
from zkseal_reference.curve import multi_scalar
from zkseal_reference.field import P, encode_scalar, inverse
from zkseal_reference.generators import generator
from zkseal_reference.key import VerifyingKey
from zkseal_reference.model_relation import derive_model_relation
from zkseal_reference.proof import proof_length
from zkseal_reference.relation import encode_relation
from zkseal_reference.transcript import Transcript
from zkseal_slow_prover import columns

from .helper_lies import HELPER_LIES
from .lookup_lies import LOOKUP_LIES
from .mercury_lies import MERCURY_LIES
from .native import Attempt, Lies, Setting, reference_key, reference_verdict
from .protocol_provers import LINEAR, OPENING, Patch, ProtocolLie, by_slow_prover, divided, labelled, rust, weighted

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


LIES = (
    *LOOKUP_LIES,
    *HELPER_LIES,
    *MERCURY_LIES,
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
