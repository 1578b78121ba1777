"""The shared vectors of the kzg opening, by the universal verifier: its verdict is that of the core and the reference.

`tests/conformance/test_vectors.py` holds core and reference to what each vector says; here the core is asked again, and
the contract is asked in the encoding of the chain, twice: by the encoder that users have, and by a lenient one that
refuses nothing, so that the contract has to. What cannot reach a contract is counted by the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from reference.tests.cases import element_kinds
from tests.chain.evm import ACCEPTED, Answer, Arguments, machine, public_values
from tests.chain.verified import HELPER, chain_vectors, flat
from tests.conformance.verifiers import Vector, by_reference, by_rust, decoded_key

from zkseal import _native
from zkseal.errors import NotForChain, ZksealError
from zkseal_reference import ProtocolError, VerifyingKey
from zkseal_reference.curve import decode_compressed, encode_uncompressed
from zkseal_reference.key import model_statement
from zkseal_reference.layout import Layout
from zkseal_reference.pairing import encode_g2
from zkseal_reference.transcript import Transcript
from zkseal_reference.verifier import Statement, commitments_digest

pytestmark = pytest.mark.native

VECTORS = tuple(chain_vectors())

ANSWERS = {
    "StatementMismatch": {"WrongLength", "PublicValueOutOfBounds"},
    # Bytes of a commitment that are no point are hashed before the curve's contracts see them.
    "NonCanonicalPoint": {"LinearClaimRejected", "NotOnCurve"},
    "NotOnCurve": {"LinearClaimRejected", "NotOnCurve"},
}
"""What the contract calls an error of the book; the others have the same name."""

STATE_AT, TAU_AT, COMMITMENTS_OFFSET_AT = 38, 70, 34
"""In a program (crates/zkseal-evm, module program)."""


@pytest.fixture(scope="session", autouse=True)
def anvil() -> None:
    """Not needed here."""


# The lenient encoder -------------------------------------------------------------------------------------------------


def lenient_point(data: bytes) -> bytes:
    """A compressed point as two words. Of none, the word as it is and a y that is wrong; a wrong length stays wrong."""
    if len(data) != 32:
        return data + bytes(len(data))
    try:
        return encode_uncompressed(decode_compressed(data))
    except ProtocolError:
        return data + (1).to_bytes(32, "big")


def lenient_proof(layout: Layout, data: bytes) -> bytes:
    """The elements as far as they go, scalars as they are, and what is behind the last one."""
    kinds = element_kinds(layout)
    out = b""
    for index, kind in enumerate(kinds):
        element = data[32 * index : 32 * index + 32]
        out += element if kind == "scalar" else lenient_point(element)
    return out + data[32 * len(kinds) :]


def lenient(vector: Vector) -> Arguments:
    """Everything that a vector of a proof gives, in the encoding of the chain."""
    arguments = vector.arguments
    return Arguments(
        bytes.fromhex(arguments["context"]),
        public_values(flat(arguments["public"])),
        b"".join(lenient_point(bytes.fromhex(point)) for point in arguments["inputs"] + arguments["outputs"]),
        lenient_proof(reference_key(arguments["key"]).layout, bytes.fromhex(arguments["proof"])),
    )


def strict(vector: Vector) -> Arguments:
    """The same by the encoder that users have. Raises its errors."""
    arguments = vector.arguments
    points = [bytes.fromhex(point) for point in arguments["inputs"] + arguments["outputs"]]
    proof = bytes.fromhex(arguments["proof"])
    return Arguments(
        bytes.fromhex(arguments["context"]),
        public_values(flat(arguments["public"])),
        _native.chain_commitments(points),
        _native.chain_proof(decoded_key(bytes.fromhex(arguments["key"])), False, proof),
    )


@cache
def reference_key(data: str) -> VerifyingKey:
    """A key whose model proof is not checked."""
    return VerifyingKey.decode(bytes.fromhex(data), check_model_proof=False)


# Verdicts ------------------------------------------------------------------------------------------------------------


def agree(answer: Answer, vector: Vector) -> None:
    """The contract's answer is what the vector says."""
    verdict, _, error = vector.expected.partition(" ")
    if verdict == "accepted":
        assert answer == ACCEPTED, vector.name
        return
    allowed = ANSWERS.get(error, {error})
    if ": proof of " in vector.comment:
        # The proof of another scheme has many faults, and the contract reads the opening last.
        allowed = {*allowed, "LinearClaimRejected"}
    assert answer.name in allowed, vector.name


def refusal(work: Callable[[], object]) -> str | None:
    """The code of the error that it ends in."""
    try:
        work()
    except ZksealError as error:
        return error.code
    return None


def judged(vector: Vector) -> str:
    """Compares all verdicts about a vector of a proof. Returns how the contract came to judge it, or why it did not."""
    data = bytes.fromhex(vector.arguments["key"])
    assert by_rust(vector) == vector.expected
    if (code := refusal(lambda: decoded_key(data))) is not None:
        assert vector.expected == f"rejected {code}"
        return "the core refuses the key"
    key = decoded_key(data)
    if data[8] != HELPER:
        with pytest.raises(NotForChain):
            _native.chain_program(key, False)
        return "the tree"
    program, given = _native.chain_program(key, False), lenient(vector)
    agree(machine().verify(program, given), vector)
    if (code := refusal(lambda: strict(vector))) is not None:
        assert vector.expected == f"rejected {code}"
        return "the encoder refuses"
    assert strict(vector) == given
    return "both encoders"


def test_proofs() -> None:
    found: Counter[tuple[str, str]] = Counter()
    for vector in VECTORS:
        if vector.area == "proof":
            found[judged(vector), vector.expected.split(" ")[0]] += 1
    assert found.total() == sum(vector.area == "proof" for vector in VECTORS) >= 600
    assert found["both encoders", "accepted"] >= 27
    assert found["both encoders", "rejected"] >= 240
    assert found["the encoder refuses", "rejected"] >= 150
    assert {how for how, verdict in found if verdict == "accepted"} == {"both encoders", "the tree"}
    unreached = ("the core refuses the key", "the tree")
    assert sum(count for (how, _), count in found.items() if how in unreached) <= found.total() // 4


def test_the_reference_says_the_same() -> None:
    """Of every sixteenth vector once more; `tests/conformance` asks it about all of them."""
    for vector in VECTORS[::16]:
        assert by_reference(vector) == vector.expected == by_rust(vector)


# Keys and their model proofs -----------------------------------------------------------------------------------------


def statement(key: VerifyingKey) -> Statement:
    found = model_statement(key)
    assert found is not None
    return found


def head(own: Statement) -> bytes:
    """The state of the transcript that a program starts from (chapter 1)."""
    transcript = Transcript()
    transcript.absorb("zkseal", b"zkseal proof protocol v1/" + own.kind.encode())
    transcript.absorb("params", own.layout.parameters.encode())
    transcript.absorb("relation", own.relation_digest)
    transcript.absorb("model", commitments_digest(own.model))
    transcript.absorb("table", commitments_digest(own.table))
    return transcript.state


def model_program(key: VerifyingKey) -> bytes | None:
    """The program of a key's model proof, also of a key that the core refuses: that of a good key of the same relation
    and lanes, in which what may differ is exchanged. None if there is no such key."""
    own = statement(key)
    for data in good_keys():
        good = reference_key(data)
        same = good.relation_bytes == key.relation_bytes and good.parameters.lanes == key.parameters.lanes
        if same and good.parameters.c == key.parameters.c and good.model_proof:
            program = bytearray(_native.chain_program(decoded_key(bytes.fromhex(data)), True))
            assert own.tau_g2 is not None
            program[STATE_AT : STATE_AT + 32] = head(own)
            program[TAU_AT : TAU_AT + 128] = encode_g2(own.tau_g2)
            at = int.from_bytes(program[COMMITMENTS_OFFSET_AT : COMMITMENTS_OFFSET_AT + 2], "big")
            points = b"".join(encode_uncompressed(point) for point in own.model)
            program[at : at + len(points)] = points
            return bytes(program)
    return None


@cache
def good_keys() -> tuple[str, ...]:
    accepted = [vector for vector in VECTORS if vector.area == "key" and vector.expected.startswith("accepted")]
    keys = [str(vector.arguments["key"]) for vector in accepted]
    return tuple(key for key in keys if bytes.fromhex(key)[8] == HELPER)


def judged_key(vector: Vector) -> str:
    """Compares all verdicts about a key: the contract's is that about its model proof."""
    data = bytes.fromhex(vector.arguments["key"])
    verdict, _, error = vector.expected.partition(" ")
    told = by_rust(vector)
    assert told.split(" ")[0] == verdict
    if verdict == "rejected":
        assert told == vector.expected
        if error != "ModelProofRejected":
            return "the core refuses the key"
        if data[8] != HELPER:
            return "the tree"
        key = reference_key(vector.arguments["key"])
        program = model_program(key)
        if program is None:
            return "no good key to take a program from"
        given = Arguments(b"", b"", b"", lenient_proof(statement(key).layout, key.model_proof))
        assert machine().verify(program, given).name in ("WrongLength", "LinearClaimRejected", "OpeningRejected")
        return "the contract refuses"
    key = decoded_key(data)
    if data[8] != HELPER:
        for model in (False, True):
            with pytest.raises(NotForChain):
                _native.chain_program(key, model)
        return "the tree"
    machine().install(_native.chain_program(key, False))
    own = reference_key(vector.arguments["key"])
    if not own.model_proof:
        with pytest.raises(NotForChain):
            _native.chain_program(key, True)
        return "no hidden weights"
    program = _native.chain_program(key, True)
    assert program == model_program(own), "the program starts from the transcript that the book says"
    given = Arguments(b"", b"", b"", _native.chain_model_proof(key))
    assert given.proof == lenient_proof(statement(own).layout, own.model_proof)
    assert machine().verify(program, given) == ACCEPTED
    return "the contract accepts"


def test_keys() -> None:
    found = Counter(judged_key(vector) for vector in VECTORS if vector.area == "key")
    assert found.total() == sum(vector.area == "key" for vector in VECTORS) >= 60
    assert found["the contract accepts"] >= 9
    assert found["the contract refuses"] >= 8
    assert found["no good key to take a program from"] <= 1
    assert found["no hidden weights"] >= 6
    assert found["the tree"] == sum(of_the_tree(vector) for vector in VECTORS if vector.area == "key")


def of_the_tree(vector: Vector) -> bool:
    """A key of the tree that is good, or whose model proof alone is not."""
    argument: Sequence[int] = bytes.fromhex(vector.arguments["key"])[8:9]
    return tuple(argument) == (0,) and vector.expected.split(" ")[-1] != "InvalidParameters"
