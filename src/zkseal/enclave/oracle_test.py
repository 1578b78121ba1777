"""What is signed for the oracle, and what is refused before: no enclave and no chain is needed to see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from eth_keys.datatypes import Signature

from zkseal import files, pipeline
from zkseal._native import SigningKey
from zkseal.enclave.oracle import MAX_AHEAD_S, OracleSigner
from zkseal.errors import InvalidEncoding, NotForChain, PolicyDenied, WrongModel
from zkseal.evm.answers import OracleQuestion, answer_digest
from zkseal.evm.programs import programs
from zkseal.pipeline import Answer, CompiledModel, ProvingKey

pytestmark = pytest.mark.native

NOW = 1_900_000_000
POWERS = Path(__file__).resolve().parents[3] / "fixtures" / "srs" / "kzg10-bn254-aztec-srs-32768.bin"


@pytest.fixture(scope="module")
def key(tiny: CompiledModel) -> ProvingKey:
    """For chains, from the powers of a real ceremony."""
    return pipeline.setup(tiny, opening="kzg", srs=files.load_srs(POWERS))[0]


@pytest.fixture(scope="module")
def ran(key: ProvingKey, samples: npt.NDArray[np.float32]) -> Answer:
    return pipeline.answer(key, samples[:1], checked=True)


@pytest.fixture(scope="module")
def question(key: ProvingKey) -> OracleQuestion:
    registry, oracle, verifier, payee = (f"0x{digit * 40}" for digit in "1234")
    model_id = programs(key.verifying_key).model_id
    return OracleQuestion(31337, registry, oracle, verifier, model_id, 7, payee, NOW + 60)


def signer(key: ProvingKey, signing_key: SigningKey | None = None, *, production: bool = True) -> OracleSigner:
    return OracleSigner(
        signing_key or SigningKey.generate(), key.verifying_key, production=production, clock=lambda: NOW
    )


def test_the_signature_is_the_keys_over_what_was_run(key: ProvingKey, ran: Answer, question: OracleQuestion) -> None:
    signing_key = SigningKey.generate()
    signature = signer(key, signing_key).sign(question, ran.statement)
    digest = answer_digest(question.statement(ran.statement), question.registry)
    plain = Signature(signature[:64] + bytes([signature[64] - 27]))
    recovered = plain.recover_public_key_from_msg_hash(digest)
    assert recovered.to_compressed_bytes() == signing_key.public_key


def test_every_field_of_the_question_is_in_what_is_signed(
    key: ProvingKey, ran: Answer, question: OracleQuestion
) -> None:
    """Changed in a question that is answerable all the same, each gives another digest."""
    changes: list[dict[str, Any]] = [
        {name: "0x" + "5" * 40} for name in ("registry", "oracle", "verifier", "payee")
    ] + [{"chain_id": 1}, {"request_id": 8}, {"deadline": NOW + 61}]
    digests = set()
    for change in ({}, *changes):
        asked = replace(question, **change)
        signer(key).require_answerable(asked)
        digests.add(answer_digest(asked.statement(ran.statement), asked.registry))
    other = pipeline.answer(key, np.zeros((1, 4), np.float32)).statement
    digests.add(answer_digest(question.statement(other), question.registry))
    assert len(digests) == len(changes) + 2


def test_nothing_is_signed_of_another_model(
    key: ProvingKey, tiny: CompiledModel, ran: Answer, question: OracleQuestion, samples: npt.NDArray[np.float32]
) -> None:
    """Neither if the question names one, nor if the run is of one: the same model under other commitments, here."""
    with pytest.raises(WrongModel):
        signer(key).sign(replace(question, model_id=question.model_id + 1), ran.statement)
    other = pipeline.setup(tiny, opening="kzg", srs=files.load_srs(POWERS))[0]
    with pytest.raises(WrongModel):
        signer(key).sign(question, pipeline.answer(other, samples[:1]).statement)


def test_a_model_for_no_chain_has_no_answers_there(
    keys: tuple[ProvingKey, Any], ran: Answer, question: OracleQuestion
) -> None:
    with pytest.raises(NotForChain):
        signer(keys[0]).sign(question, ran.statement)


@pytest.mark.parametrize(("after_s", "taken"), [(-1, False), (0, True), (MAX_AHEAD_S, True), (MAX_AHEAD_S + 1, False)])
def test_a_deadline_is_ahead_and_no_further_than_a_request_can_have(
    after_s: int, taken: bool, key: ProvingKey, ran: Answer, question: OracleQuestion
) -> None:
    asked = replace(question, deadline=NOW + after_s)
    if taken:
        assert len(signer(key).sign(asked, ran.statement)) == 65
    else:
        with pytest.raises(NotForChain):
            signer(key).sign(asked, ran.statement)


def test_development_signs_for_local_chains_and_production_for_all(
    key: ProvingKey, ran: Answer, question: OracleQuestion
) -> None:
    development = signer(key, production=False)
    for chain_id in (1337, 31337):
        assert development.sign(replace(question, chain_id=chain_id), ran.statement)
    for chain_id in (1, 137, 8453, 11155111):
        with pytest.raises(PolicyDenied):
            development.sign(replace(question, chain_id=chain_id), ran.statement)
        assert signer(key).sign(replace(question, chain_id=chain_id), ran.statement)


def test_commitments_that_a_question_names_have_to_be_those_of_the_run(
    key: ProvingKey, ran: Answer, question: OracleQuestion
) -> None:
    named = question.statement(ran.statement).input_commitment
    assert signer(key).sign(replace(question, input_commitment=named), ran.statement)
    with pytest.raises(NotForChain):
        signer(key).sign(replace(question, input_commitment=named[::-1]), ran.statement)


def test_commitments_made_again_with_an_opening_are_the_same(
    key: ProvingKey, ran: Answer, samples: npt.NDArray[np.float32]
) -> None:
    again = pipeline.answer(key, samples[:1], checked=True, opening=ran.opening)
    assert again.statement == ran.statement


def test_a_question_has_one_form(question: OracleQuestion) -> None:
    plain = question.to_plain()
    assert OracleQuestion.from_plain(plain) == question
    for name, value in plain.items():
        for wrong in ({**plain, name: value[1:]}, {**plain, name: value.hex()}, {**plain, name: None}):
            with pytest.raises(InvalidEncoding):
                OracleQuestion.from_plain(wrong)
        with pytest.raises(InvalidEncoding):
            OracleQuestion.from_plain({key: value for key, value in plain.items() if key != name})
    with pytest.raises(InvalidEncoding):
        OracleQuestion.from_plain({**plain, "digest": bytes(32)})
    with pytest.raises(NotForChain):
        OracleQuestion.from_plain({**plain, "deadline": b"\xff" * 32})
