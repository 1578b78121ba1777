"""Provers and contracts agree byte for byte."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st
from tests.chain.worlds import World

from zkseal.chain.encoding import Evidence, Statement, decode_public_values, oracle_subject, public_values
from zkseal.errors import NotForChain
from zkseal.evm.programs import programs

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(INT64, max_size=20))
def test_public_values_come_back(values: list[int]) -> None:
    assert decode_public_values(public_values(values)) == values


@pytest.mark.parametrize("values", [[2**63], [-(2**63) - 1], [1, 2**200]])
def test_values_beyond_64_bits_are_refused(values: list[int]) -> None:
    with pytest.raises(NotForChain):
        public_values(values)


WORD = 32
GOOD = public_values([1, -2])


@pytest.mark.parametrize(
    "data",
    [
        GOOD[:-1],
        GOOD + b"\0",
        GOOD + bytes(WORD),
        bytes(WORD) + GOOD[WORD:],
        GOOD[: 2 * WORD] + b"\x01" + GOOD[2 * WORD + 1 :],
        bytes(31) + b"\x20" + bytes(WORD),
        b"\x01",
        b"\xff" * 64,
    ],
)
def test_other_encodings_are_refused(data: bytes) -> None:
    with pytest.raises(NotForChain):
        decode_public_values(data)


def statement(world: World) -> Statement:
    return Statement(
        chain_id=world.connection.chain_id,
        verifier=world.address("InferenceVerifier"),
        model_id=world.ids["hidden"],
        input_commitment=keccak(b"commitments"),
        output=public_values([1]),
        consumer=world.user.address,
        subject=keccak(b"what for"),
        nonce=7,
        deadline=1_900_000_000,
    )


def test_the_statement_hash_is_the_contracts(world: World) -> None:
    made = statement(world)
    arguments = (
        made.consumer,
        made.subject,
        made.model_id,
        made.input_commitment,
        keccak(made.output),
        made.nonce,
        made.deadline,
    )
    assert world.connection.call("InferenceVerifier", made.verifier, "statementOf", *arguments) == made.hash


def test_every_field_is_in_the_statement_hash(world: World) -> None:
    made = statement(world)
    others = {
        "chain_id": 1,
        "verifier": world.other.address,
        "model_id": made.model_id + 1,
        "input_commitment": bytes(32),
        "output": public_values([2]),
        "consumer": world.other.address,
        "subject": bytes(32),
        "nonce": 8,
        "deadline": made.deadline + 1,
    }
    hashes = {replace(made, **{name: value}).hash for name, value in others.items()}  # type: ignore[arg-type]
    assert set(others) == set(Statement.__dataclass_fields__)
    assert len(hashes | {made.hash}) == len(others) + 1


def test_the_model_id_is_the_registrys(world: World) -> None:
    made = programs(world.hidden.verifying_key)
    registry = world.address("ModelRegistry")
    hashes = (made.program_hash, made.model_program_hash)
    assert world.connection.call("ModelRegistry", registry, "modelIdOf", *hashes) == made.model_id


def test_the_oracle_subject_is_the_contracts(world: World) -> None:
    oracle, payee = world.address("InferenceOracle"), world.user.address
    assert world.connection.call("InferenceOracle", oracle, "subjectOf", 5, payee) == oracle_subject(5, payee)


def test_evidence_is_canonical_for_the_contract() -> None:
    encoded = Evidence(bytes(32), 1, 2, bytes(64), b"proof").encode()
    assert encoded[:32] == (32).to_bytes(32, "big")
