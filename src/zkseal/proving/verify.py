"""Verification: a receipt in, its statement out, or a named error. There is no third outcome."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from zkseal.errors import InsecureSetup, StatementMismatch, WrongContext, WrongModel
from zkseal.proving.core import running
from zkseal.proving.keys import VerifyingKey
from zkseal.receipts import Receipt, Statement

__all__ = ["require_context", "require_model", "require_published_setup", "require_sides", "verify"]


def verify(
    receipt: Receipt,
    verifying_key: VerifyingKey,
    *,
    context: bytes = b"",
    public_inputs: Collection[int] = (),
    insecure_srs: bool = False,
) -> Statement:
    """The statement of the receipt, after its proof has been checked.

    Args:
        context: what the verifier wants the receipt to be for.
        public_inputs: indices of the public tensors that are inputs; the other public tensors are outputs.
        insecure_srs: accept keys whose powers of tau come from no published ceremony, for tests.

    Raises:
        WrongContext, WrongModel: the receipt is for something else, or about another model.
        InsecureSetup: the key's powers of tau come from no published ceremony.
        StatementMismatch: values or commitments are missing, too many, on the wrong side or of the wrong shape.
        DecodeError: the proof's bytes are not a proof of this relation.
        ProofRejected: the proof does not hold.
    """
    statement = receipt.statement
    require_context(statement, context)
    require_model(statement.model_id, verifying_key)
    require_published_setup(verifying_key, insecure_srs=insecure_srs)
    evidence = receipt.zk
    if evidence.setup_digest != verifying_key.setup_digest:
        raise StatementMismatch(
            "The receipt names another setup than its key has. Ask for the receipt as it was made.", column="evidence"
        )
    require_sides(statement, public_inputs)
    with running("verifying"):
        verifying_key.core.verify(
            context,
            statement.input.arrays() | statement.output.arrays(),
            list(statement.input.commitments),
            list(statement.output.commitments),
            evidence.proof,
        )
    return statement


def require_context(statement: Statement, context: bytes) -> None:
    """Raises `WrongContext` unless the statement is for `context`."""
    if statement.context != context:
        raise WrongContext(
            "The receipt was made for another context. Verify it under the context that it was asked for, "
            "or ask for a receipt for yours.",
            expected=context.hex(),
            got=statement.context.hex(),
        )


def require_sides(statement: Statement, public_inputs: Collection[int]) -> None:
    """Raises `StatementMismatch` if a public tensor is among the inputs and no input, or the other way round."""
    misplaced = set(statement.input.values) - set(public_inputs) | set(statement.output.values) & set(public_inputs)
    if misplaced:
        raise StatementMismatch(
            f"Public tensor {min(misplaced)} stands on the wrong side of the statement.", tensor=min(misplaced)
        )


def require_published_setup(verifying_key: VerifyingKey, *, insecure_srs: bool = False) -> None:
    """Raises `InsecureSetup` if tau*G2 of the key is that of no published ceremony, unless `insecure_srs`."""
    if verifying_key.insecure and not insecure_srs:
        digest = (verifying_key.setup_digest or b"").hex()
        raise InsecureSetup(
            f"The key's powers of tau (setup digest 0x{digest}) come from no published ceremony: whoever made them may "
            "know tau, and forge receipts. Ask for a key from a published ceremony, or pass --insecure-srs "
            "(insecure_srs=True) for tests.",
            setup_digest=digest,
        )


class Named(Protocol):
    """A key with a model id."""

    @property
    def model_id(self) -> bytes:
        """32 bytes."""


def require_model(model_id: bytes, verifying_key: Named) -> None:
    """Raises `WrongModel` unless the key is that of `model_id`."""
    if model_id != verifying_key.model_id:
        raise WrongModel(
            f"This is about model {model_id.hex()[:16]}.., the key is of model {verifying_key.model_id.hex()[:16]}... "
            "Use the verifying key that belongs to it.",
            expected=verifying_key.model_id.hex(),
            got=model_id.hex(),
        )
