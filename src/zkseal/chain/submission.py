"""Submission of one's own inference: proved for the account that sends it, and verified by the InferenceVerifier."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zkseal.chain.accounts import Signer
from zkseal.chain.address_book import AddressBook
from zkseal.chain.connection import Connection
from zkseal.chain.encoding import Evidence, Statement
from zkseal.chain.inference import Inference
from zkseal.chain.transactions import Call, Receipt, send, transact
from zkseal.evm.programs import programs
from zkseal.proving.core import Progress

__all__ = ["Submission", "check", "prove_for", "submit", "submit_many", "verify_call"]

VERIFIER = "InferenceVerifier"


@dataclass(frozen=True)
class Submission:
    """A proved inference, ready to be sent: what it says and the evidence."""

    statement: Statement
    evidence: Evidence


def prove_for(
    connection: Connection,
    book: AddressBook,
    inference: Inference,
    *,
    consumer: str,
    subject: bytes = bytes(32),
    nonce: int | None = None,
    deadline: int,
    progress: Progress | None = None,
) -> Submission:
    """Proves an inference for a consumer on this chain.

    Args:
        consumer: who will call the InferenceVerifier: an account, or a contract.
        subject: what for; the meaning is the consumer's.
        nonce: any number that the same statement was not made with before; a random one if left out.
        deadline: last second (Unix time) at which it counts.

    Raises:
        NotDeployed: the book has no InferenceVerifier here.
    """
    statement = Statement(
        chain_id=connection.chain_id,
        verifier=book.address(connection, VERIFIER),
        model_id=programs(inference.proving_key.verifying_key).model_id,
        input_commitment=inference.input_commitment,
        output=inference.public,
        consumer=consumer,
        subject=subject,
        nonce=secrets.randbits(64) if nonce is None else nonce,
        deadline=deadline,
    )
    return Submission(statement, inference.evidence(statement, progress=progress))


def check(connection: Connection, submission: Submission) -> None:
    """Asks the InferenceVerifier, without a transaction, whether it would accept.

    Raises:
        TransactionReverted: it would not.
    """
    statement, evidence = submission.statement, submission.evidence
    arguments = (statement.consumer, statement.model_id, statement.output, evidence.parts)
    connection.call(VERIFIER, statement.verifier, "check", *arguments)


def verify_call(connection: Connection, submission: Submission, *, store: bool = False) -> Call:
    """The call of ERC-7992's verifyInference (or verifyAndStoreInference) by the consumer."""
    statement, function = submission.statement, "verifyAndStoreInference" if store else "verifyInference"
    arguments = (statement.model_id, statement.input_commitment, statement.output, submission.evidence.encode())
    return Call(statement.verifier, connection.encode(VERIFIER, function, *arguments), f"{VERIFIER}.{function}")


def submit(connection: Connection, signer: Signer, submission: Submission, *, store: bool = False) -> dict[str, Any]:
    """Sends the inference and waits until it is verified. Returns transaction, block, gas used.

    Raises:
        TransactionReverted: the statement was used, is too late, or is not proved.
        ChainError: see `transactions.send`.
    """
    return _sent(send(connection, signer, verify_call(connection, submission, store=store)))


def submit_many(connection: Connection, signer: Signer, submissions: Sequence[Submission]) -> dict[str, Any]:
    """Sends inferences of one account, of any models, in one transaction: all are verified, or none.

    Each further proof takes less gas than one by itself, because all share one product of pairings.

    Raises:
        TransactionReverted, ChainError: as `submit`.
    """
    verifier = submissions[0].statement.verifier
    items = [(s.statement.model_id, s.statement.output, s.evidence.parts) for s in submissions]
    return _sent(transact(connection, signer, VERIFIER, verifier, "verifyMany", items))


def _sent(receipt: Receipt) -> dict[str, Any]:
    return {
        "transaction": f"0x{bytes(receipt['transactionHash']).hex()}",
        "block": int(receipt["blockNumber"]),
        "gas_used": int(receipt["gasUsed"]),
    }
