"""Programs: what is none is refused, and what one says of its model is what the key holds."""

from __future__ import annotations

import contextlib

import pytest
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak
from tests.chain.evm import ACCEPTED, CALLER, GAS, Answer, Machine, machine, selector
from tests.chain.verified import HELPER, Verified, chain_vectors, verified
from tests.conformance.verifiers import decoded_key

from zkseal import _native
from zkseal_reference import VerifyingKey
from zkseal_reference.curve import encode_uncompressed
from zkseal_reference.pairing import encode_g2

pytestmark = pytest.mark.native

SUBJECTS = ("tiny, helper2-kzg", "embedding, helper1-kzg", "tiny, helper2-kzg: model proof")
DATA_END_AT = 36
"""Where a program says where its data ends; its entry lies 32 bytes behind."""

STOP, REVERT, RETURN, JUMPDEST = 0x00, 0xFD, 0xF3, 0x5B
PUSH0, PUSH1, PUSH2, JUMP = 0x5F, 0x60, 0x61, 0x56


@pytest.fixture(scope="session", autouse=True)
def anvil() -> None:
    """Not needed here."""


@pytest.fixture(params=SUBJECTS)
def found(request: pytest.FixtureRequest) -> Verified:
    return verified()[request.param]


def entry_of(program: bytes) -> int:
    return int.from_bytes(program[1:3], "big")


def with_code(program: bytes, *code: int) -> bytes:
    """The data of a program, and other instructions."""
    return program[: entry_of(program)] + bytes([JUMPDEST, *code])


def invalid(program: bytes) -> Answer:
    return Answer("InvalidProgram", {"program": machine().install(program)})


def test_what_has_no_magic_is_no_program(found: Verified) -> None:
    program = found.program
    garbage = {
        "no code": b"",
        "one byte": program[:1],
        "zeros": bytes(len(program)),
        "an EOA that delegates": b"\xef\x01\x00" + bytes(20),
        "the verifier's own code": bytes(machine().evm.get_code(machine().verifier) or b""),
        "creation code": b"\x61" + len(program).to_bytes(2, "big") + bytes.fromhex("80600a3d393df3") + program,
        "SSTORE2": b"\0" + program,
        "data alone": program[4:],
        **{
            f"byte {at} of the magic": bytes([*program[:at], program[at] ^ 1, *program[at + 1 :]]) for at in range(4, 9)
        },
    }
    for what, code in garbage.items():
        assert machine().verify(code, found.arguments) == invalid(code), what


@pytest.mark.parametrize("address", [0, 1, 6, 8, 10, 17, 0x100])
def test_precompiled_contracts_are_no_programs(found: Verified, address: int) -> None:
    at = "0x" + address.to_bytes(20, "big").hex()
    assert machine().call(found.arguments.calldata(at)) == Answer("InvalidProgram", {"program": at})


def test_the_caller_and_the_verifier_are_no_programs(found: Verified) -> None:
    for at in (CALLER, machine().verifier):
        assert machine().call(found.arguments.calldata(at)) == Answer("InvalidProgram", {"program": at.lower()})


def test_a_program_that_is_cut_is_refused(found: Verified) -> None:
    """After each of its bytes: without its data, without its code, and within its instructions."""
    program, data_end = found.program, int.from_bytes(found.program[DATA_END_AT : DATA_END_AT + 2], "big")
    for length in range(len(program)):
        cut = program[:length]
        answer = machine().verify(cut, found.arguments)
        assert answer != ACCEPTED, length
        if length < 9 or data_end + 32 <= length <= data_end + 33 + 1:
            assert answer == invalid(cut), length
        elif length >= data_end:
            # A dropped RETURN, or a cut instruction: nothing comes back.
            assert answer == invalid(cut), length


def test_code_that_returns_something_else_is_refused(found: Verified) -> None:
    outputs = 6 + found.program[12]
    size = 32 * outputs
    codes = {
        "stops": (STOP,),
        "reverts": (PUSH0, PUSH0, REVERT),
        "no such instruction": (0xFE,),
        "loops": (PUSH2, *entry_of(found.program).to_bytes(2, "big"), JUMP),
        "one word": (PUSH1, 32, PUSH0, RETURN),
        "a word less": (PUSH2, *(size - 32).to_bytes(2, "big"), PUSH0, RETURN),
        "a byte more": (PUSH2, *(size + 1).to_bytes(2, "big"), PUSH0, RETURN),
        "reverts with the right length": (PUSH2, *size.to_bytes(2, "big"), PUSH0, REVERT),
        "writes": (PUSH1, 1, PUSH0, 0x55, PUSH2, *size.to_bytes(2, "big"), PUSH0, RETURN),
        "logs": (PUSH0, PUSH0, 0xA0, PUSH2, *size.to_bytes(2, "big"), PUSH0, RETURN),
        "destroys itself": (PUSH0, 0xFF),
    }
    for what, code in codes.items():
        other = with_code(found.program, *code)
        assert machine().verify(other, found.arguments) == invalid(other), what
    zeros = with_code(found.program, PUSH2, *size.to_bytes(2, "big"), PUSH0, RETURN)
    assert machine().verify(zeros, found.arguments) == Answer("LinearClaimRejected")


def test_outputs_that_are_no_scalars_are_refused(found: Verified) -> None:
    """All ones from the code of a program: arithmetic is modulo p, whatever comes."""
    outputs = 6 + found.program[12]
    code: list[int] = []
    for word in range(outputs):
        code += [PUSH0, 0x19, PUSH2, *(32 * word).to_bytes(2, "big"), 0x52]
    other = with_code(found.program, *code, PUSH2, *(32 * outputs).to_bytes(2, "big"), PUSH0, RETURN)
    assert machine().verify(other, found.arguments) == Answer("LinearClaimRejected")


def test_every_byte_of_the_data_counts(found: Verified) -> None:
    """A program with one other bit accepts nothing, unless the bit belongs to a bound of a public value, or says where
    there is nothing, or is beyond the bits of a row number."""
    program = found.program
    publics, commitments = (int.from_bytes(program[at : at + 2], "big") for at in (32, 34))
    unused = {15, *range(DATA_END_AT, DATA_END_AT + 2)}
    if not found.values:
        unused |= {16, 17, 32, 33}
    if commitments == int.from_bytes(program[DATA_END_AT : DATA_END_AT + 2], "big"):
        unused |= {34, 35}
    unused |= set(range(198, publics, 2))
    unused |= {at for at in range(publics, commitments) if (at - publics) % 24 >= 8}
    for at in range(4, entry_of(program) - 32):
        if at not in unused:
            other = bytes([*program[:at], program[at] ^ 1, *program[at + 1 :]])
            assert machine().verify(other, found.arguments) != ACCEPTED, at


def test_another_models_program_is_refused() -> None:
    own, model = verified()["tiny, helper2-kzg"], verified()["tiny, helper2-kzg: model proof"]
    assert machine().verify(model.program, own.arguments).name == "WrongLength"
    assert machine().verify(own.program, model.arguments).name == "WrongLength"
    # The same relation and layout, other weights: lengths are the same.
    other = bytearray(own.program)
    at = int.from_bytes(other[34:36], "big")
    other[at : at + 64] = encode_uncompressed((1, 2))
    assert machine().verify(bytes(other), own.arguments) == Answer("OpeningRejected")


def test_an_inference_proof_with_padding_is_no_model_proof() -> None:
    """And the other way round: whatever length a proof is given, the kind is hashed first."""
    own, model = verified()["limbs, helper1-kzg"], verified()["limbs, helper1-kzg: model proof"]
    for first, second in ((own, model), (model, own)):
        length, commitments = len(second.arguments.proof), second.arguments.commitments
        proof = first.arguments.proof.ljust(length, b"\0")[:length]
        arguments = first.arguments.changed(proof=proof, commitments=commitments)
        assert machine().verify(second.program, arguments).name in (
            "IdentityPoint",
            "NonCanonicalScalar",
            "LinearClaimRejected",
        )


def test_programs_tell_model_and_setup() -> None:
    """modelDigest and setupOf are what the key holds, of both programs."""
    count = 0
    for vector in chain_vectors():
        data = bytes.fromhex(vector.arguments["key"])
        if vector.area != "key" or not vector.expected.startswith("accepted") or data[8] != HELPER:
            continue
        key = VerifyingKey.decode(data, check_model_proof=False)
        digest = keccak(b"".join(encode_uncompressed(point) for point in key.model_commitments))
        for model in (False, True) if key.model_proof else (False,):
            at = machine().install(_native.chain_program(decoded_key(data), model))
            assert ask("modelDigest(address)", at) == digest
            assert key.tau_g2 is not None
            assert decode(["bytes"], ask("setupOf(address)", at)) == (encode_g2(key.tau_g2),)
            count += 1
    assert count >= 20


def ask(function: str, program: str) -> bytes:
    answer = machine().call(selector(function) + encode(["address"], [program]))
    assert answer == ACCEPTED
    return answer.returned


def test_what_is_no_program_tells_nothing(found: Verified) -> None:
    for code in (b"", b"\0", found.program[:8], bytes(300)):
        at = machine().install(code)
        for function in ("modelDigest(address)", "setupOf(address)"):
            assert machine().call(selector(function) + encode(["address"], [at])) == invalid(code)


def test_too_little_gas_is_a_refusal(found: Verified) -> None:
    """At no limit of gas does a proof pass that is wrong, and below what is needed none passes at all."""
    own = Machine()
    calldata = found.arguments.calldata(own.install(found.program))
    wrong = calldata[:-1] + bytes([calldata[-1] ^ 1])
    assert own.call(calldata, GAS) == ACCEPTED
    needed = own.gas_used
    # A second call finds the program's account warm.
    for limit in range(needed // 16, needed - 3_000, needed // 16):
        for data in (calldata, wrong):
            assert not passes(own, data, limit)
    assert own.call(wrong, needed) != ACCEPTED


def passes(own: Machine, calldata: bytes, limit: int) -> bool:
    """False also where the gas does not even pay for the calldata, or runs out."""
    with contextlib.suppress(RuntimeError):
        return own.call(calldata, limit) == ACCEPTED
    return False
