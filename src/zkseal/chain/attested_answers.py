"""Answers to the oracle that an enclave signs: alone, with a proof of the same statement, or with a bond until then.

An enclave of zkseal computes the statement itself, from the request and from what it ran (`enclave.oracle`): a key that
signs whatever hash it is handed vouches for nothing. `attest` is for enclaves of others, in which it has to run.
"""

from __future__ import annotations

from collections.abc import Callable

from zkseal.chain.accounts import Signer
from zkseal.chain.connection import Connection
from zkseal.chain.encoding import Evidence, Statement, oracle_subject
from zkseal.chain.request import ORACLE, read_request
from zkseal.chain.transactions import Receipt, transact
from zkseal.chain.typed_data import signer_of
from zkseal.evm.answers import answer_digest

__all__ = [
    "SignDigest",
    "answer_attested",
    "answer_both",
    "answer_digest",
    "answer_provisionally",
    "attest",
    "confirm",
    "slash",
    "statement_for",
]

SignDigest = Callable[[bytes], bytes]
"""32 bytes in, a signature of 65 bytes out: r, s, v (27 or 28). `SigningKey.sign_digest` of the core."""


def statement_for(
    connection: Connection,
    oracle: str,
    verifier: str,
    request_id: int,
    *,
    payee: str,
    output: bytes,
    input_commitment: bytes,
) -> Statement:
    """The statement that an answer to a request has to prove or attest.

    Args:
        verifier: address of the InferenceVerifier.
        payee: who earns the fee.
        output: public values, the request's first.
        input_commitment: keccak256 of the commitments, of no bytes if all is public.
    """
    request = read_request(connection, oracle, request_id)
    return Statement(
        chain_id=connection.chain_id,
        verifier=verifier,
        model_id=int(request["modelId"]),
        input_commitment=input_commitment,
        output=output,
        consumer=oracle,
        subject=oracle_subject(request_id, payee),
        nonce=request_id,
        # The proof of a provisional answer may come after the deadline for answers.
        deadline=int(request["deadline"]) + int(request["proofWindow"]),
    )


def attest(statement: Statement, registry: str, sign_digest: SignDigest) -> bytes:
    """The enclave's signature over an answer, as contracts take it.

    Raises:
        NotForChain: what `sign_digest` returned is no signature.
    """
    digest = answer_digest(statement, registry)
    signature = bytes(sign_digest(digest))
    signer_of(digest, signature)  # raises for what is none
    return signature


def answer_attested(
    connection: Connection, signer: Signer, statement: Statement, attestation: bytes, *, payee: str
) -> Receipt:
    """Answers a request of mode TEE.

    Raises:
        TransactionReverted: the key is not registered, expired or revoked, the request takes other evidence, ..
        ChainError: see `transactions.send`.
    """
    arguments = (statement.nonce, payee, statement.output, statement.input_commitment, attestation)
    return transact(connection, signer, ORACLE, statement.consumer, "answerAttested", *arguments)


def answer_both(
    connection: Connection,
    signer: Signer,
    statement: Statement,
    evidence: Evidence,
    attestation: bytes,
    *,
    payee: str,
) -> Receipt:
    """Answers a request of mode TEE_AND_ZK. Raises as `answer_attested`, or for the proof."""
    proved = (evidence.commitments, evidence.proof)
    arguments = (statement.nonce, payee, statement.output, *proved, attestation)
    return transact(connection, signer, ORACLE, statement.consumer, "answerBoth", *arguments)


def answer_provisionally(
    connection: Connection, signer: Signer, statement: Statement, attestation: bytes, *, payee: str, bond_wei: int
) -> Receipt:
    """Answers a request of mode TEE_THEN_ZK: the bond is lost unless `confirm` follows in time. Raises as above."""
    arguments = (statement.nonce, payee, statement.output, statement.input_commitment, attestation)
    oracle = statement.consumer
    return transact(connection, signer, ORACLE, oracle, "answerProvisionally", *arguments, value_wei=bond_wei)


def confirm(connection: Connection, signer: Signer, statement: Statement, evidence: Evidence) -> Receipt:
    """Proves a provisional answer: fee and bond are the payee's. Raises `TransactionReverted`."""
    arguments = (statement.nonce, statement.output, evidence.commitments, evidence.proof)
    return transact(connection, signer, ORACLE, statement.consumer, "confirm", *arguments)


def slash(connection: Connection, signer: Signer, oracle: str, request_id: int) -> Receipt:
    """Ends a provisional answer that was not proved in time: fee and bond are the requester's. Anyone may."""
    return transact(connection, signer, ORACLE, oracle, "slash", request_id)
