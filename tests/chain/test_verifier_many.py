"""verifyMany: proofs that share one product of pairings are accepted together if each is accepted alone."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from tests.chain.evm import ACCEPTED, Answer, Arguments, machine, selector
from tests.chain.verified import Verified, verified

pytestmark = pytest.mark.native

VERIFY_MANY = "verifyMany((address,bytes,bytes,bytes,bytes)[])"
GAS = 60_000_000
PROOFS = tuple(verified().values())
TAU_AT = 70


@pytest.fixture(scope="session", autouse=True)
def anvil() -> None:
    """Not needed here."""


def verify_many(proofs: list[tuple[bytes, Arguments]]) -> Answer:
    evm = machine()
    items = [(evm.install(program), a.context, a.public, a.commitments, a.proof) for program, a in proofs]
    return evm.call(selector(VERIFY_MANY) + encode(["(address,bytes,bytes,bytes,bytes)[]"], [items]), GAS)


def pair(proof: Verified) -> tuple[bytes, Arguments]:
    return proof.program, proof.arguments


def of_one_setup() -> list[Verified]:
    tau = PROOFS[0].program[TAU_AT : TAU_AT + 128]
    return [proof for proof in PROOFS if proof.program[TAU_AT : TAU_AT + 128] == tau]


def test_nothing_is_accepted() -> None:
    assert verify_many([]) == ACCEPTED


def test_all_proofs_together_and_one_twice() -> None:
    proofs = of_one_setup()
    assert len(proofs) > 3
    assert verify_many([pair(proof) for proof in [*proofs, proofs[0]]]) == ACCEPTED
    assert verify_many([pair(proofs[-1])]) == ACCEPTED


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_proof_spoils_the_batch(place: int) -> None:
    proofs = of_one_setup()[:3]
    own = proofs[place]
    for index, word in enumerate(own.words):
        # The last half of the coordinates would be off the curve; another point of the proof is on it.
        if word in ("late scalar", "scalar"):
            changed = bytearray(own.arguments.proof)
            changed[32 * index + 31] ^= 1
            batch = [pair(proof) for proof in proofs]
            batch[place] = (own.program, own.arguments.changed(proof=bytes(changed)))
            expected = "OpeningRejected" if word == "late scalar" else "LinearClaimRejected"
            assert verify_many(batch).name == expected, (own.name, index)


def test_errors_that_cancel_are_seen() -> None:
    """Two openings whose equations are wrong by opposite amounts: the last point of one and of its copy, exchanged."""
    proof = of_one_setup()[0]
    size = 64
    last = len(proof.arguments.proof) - 6 * 32 - size
    other = of_one_setup()[1]
    foreign = len(other.arguments.proof) - 6 * 32 - size
    one, two = bytearray(proof.arguments.proof), bytearray(other.arguments.proof)
    one[last : last + size], two[foreign : foreign + size] = two[foreign : foreign + size], one[last : last + size]
    batch = [
        (proof.program, proof.arguments.changed(proof=bytes(one))),
        (other.program, other.arguments.changed(proof=bytes(two))),
    ]
    assert verify_many(batch).name == "OpeningRejected"


def test_programs_of_two_setups_are_refused() -> None:
    proof = of_one_setup()[0]
    negated = bytearray(proof.program)
    negated[TAU_AT + 127] ^= 1
    assert verify_many([pair(proof), (bytes(negated), proof.arguments)]).name == "SetupsDiffer"


def test_a_batch_costs_less_than_its_proofs() -> None:
    proof = of_one_setup()[0]
    machine().verify(*pair(proof))
    alone = machine().gas_used
    assert verify_many([pair(proof)] * 2) == ACCEPTED
    # A product of two pairings is 113,000; two multiplications with the weight are 13,000.
    assert machine().gas_used < 2 * alone - 90_000
