"""One verification: a receipt and what it has to be for, in bytes; what was proved, or a named error."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zkseal.appraisal import ReceiptPolicy, appraise
from zkseal.errors import WrongModel
from zkseal.pipeline import verify
from zkseal.pipeline.inspect import describe_scheme
from zkseal.proving import AnyVerifyingKey
from zkseal.receipts import Receipt
from zkseal.service.arrays import to_nested

__all__ = ["KeyOfModel", "VerificationRequest", "verify_receipt"]

MAX_RECEIPT_ITEMS = 1 << 16
"""Entries of lists and maps of a receipt: each takes a microsecond in which nothing else of this process runs."""

KeyOfModel = Callable[[bytes], AnyVerifyingKey]


@dataclass(frozen=True)
class VerificationRequest:
    """What a caller wants to know.

    Attributes:
        receipt: its encoding.
        context: what the receipt has to be for.
        verifying_key: bytes of the model's key; without it that of a registered model is taken.
        model_id: what the receipt has to be about, 32 bytes; None: whatever it names. The answer says which one.
        insecure_srs: accept keys of no published ceremony.
        policy: check the evidence under this policy rather than the proof alone.
    """

    receipt: bytes
    context: bytes
    verifying_key: bytes | None = None
    model_id: bytes | None = None
    insecure_srs: bool = False
    policy: ReceiptPolicy | None = None


def verify_receipt(
    asked: VerificationRequest, *, parsed: Callable[[bytes], AnyVerifyingKey], registered: KeyOfModel, now: int
) -> dict[str, Any]:
    """What was proved, JSON-ready.

    Args:
        parsed: the key that bytes encode.
        registered: the key of a registered model, by its id. Raises `NotFound`.
        now: Unix seconds, for policies.

    Raises:
        DecodeError, ProofRejected, AppraisalError, NotFound: it was not.
    """
    receipt = Receipt.from_cbor(asked.receipt, max_items=MAX_RECEIPT_ITEMS)
    model_id = receipt.statement.model_id
    if asked.model_id is not None and asked.model_id != model_id:
        raise WrongModel(
            "The receipt is about another model than was asked for. Take the receipt of this model.",
            expected=asked.model_id.hex(),
            got=model_id.hex(),
        )
    key = registered(model_id) if asked.verifying_key is None else parsed(asked.verifying_key)
    digest = hashlib.sha256(asked.receipt).hexdigest()
    if asked.policy is not None:
        found = appraise(receipt, asked.policy, now=now, verifying_key=key, context=asked.context)
        return {"receipt_digest": digest, **_described(found, key), "appraisal": found.to_json()}
    proved = verify(receipt, key, context=asked.context, insecure_srs=asked.insecure_srs)
    return {"receipt_digest": digest, **_described(proved, key), "appraisal": None}


def _described(proved: Any, key: AnyVerifyingKey) -> dict[str, Any]:
    """The statement in numbers by name. All of it stands in the receipt."""
    statement = proved.statement
    scheme = describe_scheme(key)
    return {
        "verified": True,
        "model_id": statement.model_id.hex(),
        "context": statement.context.hex(),
        "inputs": {name: to_nested(array) for name, array in proved.inputs.items()},
        "outputs": {name: to_nested(array) for name, array in proved.outputs.items()},
        "input_commitments": [commitment.hex() for commitment in statement.input.commitments],
        "output_commitments": [commitment.hex() for commitment in statement.output.commitments],
        "scheme": scheme,
        "insecure": bool(scheme["insecure"]),
    }
