"""A prover that hashes a second encoding of one message, and is honest otherwise.

All equations hold, so that nothing but the check of encodings can refuse it: a verifier without that check accepts, and
proofs are malleable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from reference.tests.cases import CONTEXT, case
from tests.chain.evm import ACCEPTED, Answer, Arguments, machine, place, public_values
from tests.chain.verified import flat
from tests.conformance.slow_prover import prove, seeded_randomness
from tests.conformance.verifiers import decoded_key

from zkseal import _native
from zkseal_reference.curve import Point, Q, encode_uncompressed
from zkseal_reference.field import P, encode_scalar
from zkseal_reference.transcript import Transcript

pytestmark = pytest.mark.native

SUBJECTS = (("tiny", "helper2-kzg"), ("embedding", "helper1-kzg"))
POINTS = (
    "input",
    "output",
    "witness",
    "mask",
    "helper",
    "blinding",
    "kzg rows",
    "kzg quotient",
    "kzg products",
    "kzg batch",
)
SCALARS = (
    "helper round",
    "helper values",
    "product round",
    "product values",
    "row round",
    "blinding value",
    "column round",
    "combined",
    "kzg values",
)
NOT_IN = {"embedding": ("helper", "helper round", "helper values"), "tiny": ()}


@pytest.fixture(scope="session", autouse=True)
def anvil() -> None:
    """Not needed here."""


@dataclass
class Second:
    """Puts something else in the place of the last element of what is absorbed under a label."""

    label: str
    kind: str
    changed: list[tuple[bytes, bytes]] = field(default_factory=list)

    def point(self, point: Point) -> bytes:
        assert point is not None
        x, y = point
        own = encode_uncompressed(point)
        return self.put(own, {"x": (x + Q, y), "y": (x, y + Q)}[self.kind])

    def scalar(self, scalar: int) -> bytes:
        return self.put(encode_scalar(scalar), (scalar + P,))

    def put(self, own: bytes, words: Sequence[int]) -> bytes:
        new = b"".join(word.to_bytes(32, "big") for word in words)
        self.changed.append((own, new))
        return new


def proved(name: str, scheme: str, monkeypatch: pytest.MonkeyPatch, second: Second | None) -> Arguments:
    """Arguments of a proof, with the second encoding where there is one."""
    found = case(name, scheme)

    def absorb_points(self: Transcript, label: str, points: Sequence[Point]) -> None:
        parts = [encode_uncompressed(point) for point in points]
        if second is not None and label == second.label and points:
            parts[-1] = second.point(points[-1])
        self.absorb(label, b"".join(parts))

    def absorb_scalars(self: Transcript, label: str, scalars: Sequence[int]) -> None:
        parts = [encode_scalar(scalar) for scalar in scalars]
        if second is not None and label == second.label:
            parts[-1] = second.scalar(scalars[-1])
        self.absorb(label, b"".join(parts))

    monkeypatch.setattr(Transcript, "absorb_points", absorb_points)
    monkeypatch.setattr(Transcript, "absorb_scalars", absorb_scalars)
    made = prove(found.key, found.model, found.sketch.values, CONTEXT, seeded_randomness(7))
    key = decoded_key(found.key.encode())
    commitments = _native.chain_commitments(made.input_commitments + made.output_commitments)
    proof = _native.chain_proof(key, False, made.proof)
    for own, new in second.changed if second is not None else []:
        assert (commitments + proof).count(own) == 1
        commitments, proof = commitments.replace(own, new), proof.replace(own, new)
    return Arguments(CONTEXT, public_values(flat(found.public)), commitments, proof)


def verified(name: str, scheme: str, arguments: Arguments) -> Answer:
    program = _native.chain_program(decoded_key(case(name, scheme).key.encode()), False)
    return machine().verify(program, arguments)


@pytest.mark.parametrize(("name", "scheme"), SUBJECTS)
def test_the_prover_is_honest_otherwise(name: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verified(name, scheme, proved(name, scheme, monkeypatch, None)) == ACCEPTED


@pytest.mark.parametrize("kind", ["x", "y"])
@pytest.mark.parametrize("label", POINTS)
@pytest.mark.parametrize(("name", "scheme"), SUBJECTS)
def test_coordinates_that_are_not_reduced(
    name: str, scheme: str, label: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = Second(label, kind)
    arguments = proved(name, scheme, monkeypatch, second)
    assert bool(second.changed) == (label not in NOT_IN[name])
    if second.changed:
        # The linear claim holds, or its error would be the answer.
        assert verified(name, scheme, arguments) == Answer("NotOnCurve")


@pytest.mark.parametrize("label", SCALARS)
@pytest.mark.parametrize(("name", "scheme"), SUBJECTS)
def test_scalars_that_are_not_reduced(name: str, scheme: str, label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    second = Second(label, "+ p")
    arguments = proved(name, scheme, monkeypatch, second)
    assert bool(second.changed) == (label not in NOT_IN[name])
    if second.changed:
        answer = verified(name, scheme, arguments)
        calldata = arguments.calldata(machine().verifier)
        places = {place(calldata, "proof") + arguments.proof.find(new) for _, new in second.changed}
        assert answer.name == "NonCanonicalScalar"
        assert answer.arguments["at"] in places
