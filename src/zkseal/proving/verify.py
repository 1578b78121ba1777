"""Verification: a receipt in, its statement out, or a named error. There is no third outcome."""

from __future__ import annotations

from collections.abc import Collection

from zkseal.errors import StatementMismatch, WrongContext, WrongModel
from zkseal.proving.core import running
from zkseal.proving.keys import VerifyingKey
from zkseal.receipts import Receipt, Statement

__all__ = ["require_model", "verify"]


def verify(
    receipt: Receipt, verifying_key: VerifyingKey, *, context: bytes = b"", public_inputs: Collection[int] = ()
) -> Statement:
    """The statement of the receipt, after its proof has been checked.

    Args:
        context: what the verifier wants the receipt to be for.
        public_inputs: indices of the public tensors that are inputs; the other public tensors are outputs.

    Raises:
        WrongContext, WrongModel: the receipt is for something else, or about another model.
        StatementMismatch: values or commitments are missing, too many, on the wrong side or of the wrong shape.
        DecodeError: the proof's bytes are not a proof of this relation.
        ProofRejected: the proof does not hold.
    """
    statement = receipt.statement
    if statement.context != context:
        raise WrongContext(
            "The receipt was made for another context. Verify it under the context that it was asked for, "
            "or ask for a receipt for yours.",
            expected=context.hex(),
            got=statement.context.hex(),
        )
    require_model(statement.model_id, verifying_key)
    public = statement.input.arrays()
    misplaced = (set(public) - set(public_inputs)) | (set(statement.output.values) & set(public_inputs))
    if misplaced:
        raise StatementMismatch(
            f"Public tensor {min(misplaced)} stands on the wrong side of the statement.", tensor=min(misplaced)
        )
    with running("verifying"):
        verifying_key.core.verify(
            context,
            public | statement.output.arrays(),
            list(statement.input.commitments),
            list(statement.output.commitments),
            receipt.proof,
        )
    return statement


def require_model(model_id: bytes, verifying_key: VerifyingKey) -> None:
    """Raises `WrongModel` unless the key is that of `model_id`."""
    if model_id != verifying_key.model_id:
        raise WrongModel(
            f"This is about model {model_id.hex()[:16]}.., the key is of model {verifying_key.model_id.hex()[:16]}... "
            "Use the verifying key that belongs to it.",
            expected=verifying_key.model_id.hex(),
            got=model_id.hex(),
        )
