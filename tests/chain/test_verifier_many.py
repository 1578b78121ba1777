"""verifyMany: proofs that share one product of pairings. Each counts, whatever the others are."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from eth_abi.abi import encode
from tests.chain.evm import ACCEPTED, PARTS, Answer, Arguments, machine, selector
from tests.chain.test_verifier_vectors import strict
from tests.chain.verified import HELPER, Verified, chain_vectors, verified
from tests.conformance.verifiers import decoded_key

from zkseal import _native
from zkseal_reference.curve import Q, multi_scalar
from zkseal_reference.pairing import G2, encode_g2, multiply_twisted

pytestmark = pytest.mark.native

NAMES = ("tiny, helper2-kzg", "embedding, helper1-kzg", "straddle, helper4-kzg", "tiny, helper2-kzg: model proof")
VERIFY_MANY = "verifyMany((address,bytes,bytes,bytes,bytes)[])"
GAS = 60_000_000
"""More than a transaction may use: all proofs of the vectors together."""

OPENING = Answer("OpeningRejected")
LAST_POINT_AT = -6 * 32 - 64
"""C_W' in a proof: before the values of the opening, but no challenge follows it."""


@pytest.fixture(scope="session", autouse=True)
def anvil() -> None:
    """Not needed here."""


@pytest.fixture
def items() -> list[Verified]:
    return [verified()[name] for name in NAMES]


def calldata(items: Sequence[tuple[bytes, Arguments]]) -> bytes:
    rows = [(machine().install(program), *(getattr(own, part) for part in PARTS)) for program, own in items]
    return selector(VERIFY_MANY) + encode(["(address,bytes,bytes,bytes,bytes)[]"], [rows])


def together(items: Sequence[tuple[bytes, Arguments]]) -> Answer:
    return machine().call(calldata(items), GAS)


def given(items: Sequence[Verified]) -> list[tuple[bytes, Arguments]]:
    return [(item.program, item.arguments) for item in items]


def at(proof: bytes, place: int, new: bytes) -> bytes:
    place += len(proof)
    return proof[:place] + new + proof[place + len(new) :]


def test_any_number_of_good_proofs_is_accepted(items: list[Verified]) -> None:
    for count in range(len(items) + 1):
        assert together(given(items[:count])) == ACCEPTED
    assert together(given([*items, *reversed(items)])) == ACCEPTED
    assert together(given(list(verified().values()))) == ACCEPTED


@pytest.mark.parametrize("place", range(len(NAMES)))
def test_each_proof_counts(items: list[Verified], place: int) -> None:
    """Whichever is changed, in its first word and in its last."""
    found = items[place]
    proof = found.arguments.proof
    changed = {
        bytes([*proof[:31], proof[31] ^ 1, *proof[32:]]): "LinearClaimRejected",
        bytes([*proof[:-1], proof[-1] ^ 1]): "OpeningRejected",
        at(proof, LAST_POINT_AT, (1).to_bytes(32, "big") + (2).to_bytes(32, "big")): "OpeningRejected",
        at(proof, LAST_POINT_AT, bytes(64)): "OpeningRejected",
        proof[:-1]: "WrongLength",
        at(proof, -32, b"\xff" * 32): "NonCanonicalScalar",
        bytes(64) + proof[64:]: "IdentityPoint",
        at(proof, LAST_POINT_AT, (1).to_bytes(32, "big") * 2): "NotOnCurve",
    }
    for new, error in changed.items():
        bad = given(items)
        bad[place] = found.program, found.arguments.changed(proof=new)
        assert together(bad).name == error


@pytest.mark.parametrize("place", range(len(NAMES)))
def test_each_scalar_counts(items: list[Verified], place: int) -> None:
    found = items[place]
    for index, word in enumerate(found.words):
        if word in ("late scalar", "scalar"):
            new = bytearray(found.arguments.proof)
            new[32 * index + 31] ^= 1
            bad = given(items)
            bad[place] = found.program, found.arguments.changed(proof=bytes(new))
            assert together(bad) == (OPENING if word == "late scalar" else Answer("LinearClaimRejected")), index


def test_errors_of_two_proofs_do_not_cancel(items: list[Verified]) -> None:
    """The same proof twice, with opposite errors in the last points, which no challenge follows: both equations have
    the same z, and their errors are negatives of each other. Only weights that depend on the proofs tell."""
    found = items[0]
    proof = found.arguments.proof
    last = proof[LAST_POINT_AT:][:64]
    point = int.from_bytes(last[:32], "big"), int.from_bytes(last[32:], "big")
    bad = []
    for x, y in ((1, 2), (1, Q - 2)):
        moved = multi_scalar([(1, point), (1, (x, y))])
        assert moved is not None
        new = b"".join(c.to_bytes(32, "big") for c in moved)
        bad.append((found.program, found.arguments.changed(proof=at(proof, LAST_POINT_AT, new))))
    for two in (bad, bad[::-1]):
        assert together(two) == OPENING
        assert together([*two, (found.program, found.arguments)]) == OPENING


def test_a_proof_cannot_be_shown_twice_as_two(items: list[Verified]) -> None:
    """The context of one with the proof of the other."""
    first, second = given(items[:1] * 2)
    other = second[0], second[1].changed(context=b"another context")
    assert together([first, other]) == Answer("LinearClaimRejected")


def test_openings_that_are_exchanged_are_refused(items: list[Verified]) -> None:
    """The last points of two proofs change places."""
    first, second = given(items[:2])
    lasts = [own.proof[LAST_POINT_AT:][:64] for _, own in (first, second)]
    bad = [
        (program, own.changed(proof=at(own.proof, LAST_POINT_AT, last)))
        for (program, own), last in zip((first, second), reversed(lasts), strict=True)
    ]
    assert together(bad) == OPENING


def test_a_batch_costs_less_than_its_proofs(items: list[Verified]) -> None:
    first = given(items)[0]
    machine().verify(*first)
    alone = machine().gas_used
    assert together([first, first]) == ACCEPTED
    # A product of two pairings is 113,000; two multiplications with the weight are 13,000.
    assert machine().gas_used < 2 * alone - 90_000


def test_programs_of_two_setups_are_refused(items: list[Verified]) -> None:
    """Their equations are about different tau: they have no common product."""
    program = bytearray(items[0].program)
    other = multiply_twisted(5, G2)
    assert other is not None
    program[70:198] = encode_g2(other)
    answer = together([(items[1].program, items[1].arguments), (bytes(program), items[0].arguments)])
    assert answer == Answer("SetupsDiffer")


def test_what_is_no_program_is_refused(items: list[Verified]) -> None:
    for place in range(len(items)):
        bad = given(items)
        bad[place] = b"\0", bad[place][1]
        assert together(bad).name == "InvalidProgram"


def test_every_word_of_the_call_counts(items: list[Verified]) -> None:
    """Some bits of each word of the calldata of two proofs: what says something else is refused."""
    data = calldata(given(items[:2]))
    own, same = decoded(data), 0
    assert own is not None
    assert own != ()
    for place in range(4, len(data), 9):
        bit = 1 << (place * 7 + place // 32) % 8
        changed = data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
        if decoded(changed) == own:
            same += 1
            assert machine().call(changed) == ACCEPTED, place
        else:
            assert machine().call(changed) != ACCEPTED, place
    # Padding of two contexts, and offsets that lead to another empty argument.
    assert same < 20


def decoded(data: bytes) -> tuple[bytes, ...] | None:
    """The items that calldata says, all in one list; None if it is cut short."""
    found: list[bytes] = []

    def word(place: int) -> int:
        return int.from_bytes(data[place : place + 32], "big")

    start = 4 + word(4)
    for index in range(min(word(start), 3)):
        item = start + 32 + word(start + 32 + 32 * index)
        found.append(data[item : item + 32])
        for part in range(1, 1 + len(PARTS)):
            place = item + word(item + 32 * part)
            if place + 32 + word(place) > len(data):
                return None
            found.append(data[place + 32 : place + 32 + word(place)])
    return tuple(found)


def test_the_vectors_together() -> None:
    """Each rejected vector of a proof beside an accepted one."""
    good = verified()["tiny, helper2-kzg"]
    count = 0
    for vector in chain_vectors():
        data = bytes.fromhex(vector.arguments["key"])
        if vector.area != "proof" or data[8] != HELPER or vector.expected != "rejected OpeningRejected":
            continue
        bad = _native.chain_program(decoded_key(data), False), strict(vector)
        for order in ([bad, *given([good])], [*given([good]), bad]):
            assert together(order) == OPENING, vector.name
        count += 1
    assert count >= 30
