"""What an executor returns: seen to be a proof of this model for this context, then sealed and stored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from zkseal.errors import ResultRejected, StatementMismatch
from zkseal.executors import BatchResult, BatchTask, KeyFile, ProveTask, Task
from zkseal.pipeline import ProveResult, verify
from zkseal.proving import VerifyingKey
from zkseal.proving.plain_arrays import arrays_to_plain, opening_to_plain
from zkseal.receipts import cbor
from zkseal.service.artifacts.vault import OPENING, OUTPUTS, RECEIPT, Artifact, Vault
from zkseal.service.jobs import Claim, Kind, Request
from zkseal.service.jobs.ending import Answer

__all__ = ["Result", "require_proved", "store", "task_of"]

Result = ProveResult | BatchResult


def task_of(request: Request, key: KeyFile) -> Task[Any]:
    """What the executor is given."""
    if request.kind is Kind.BATCH:
        return BatchTask(key, list(request.inputs), request.context)
    if len(request.inputs) != 1:
        raise StatementMismatch("An inference has one input. Submit many as a batch.", column="input")
    return ProveTask(key, request.inputs[0], request.context)


def require_proved(result: Result, claim: Claim, request: Request, verifying_key: VerifyingKey) -> None:
    """Verifies a receipt under the key that the model was registered with, whatever the executor did of it.

    Raises:
        ResultRejected: it does not prove what was asked for.
    """
    try:
        if verifying_key.model_id.hex() != claim.model_id:
            raise StatementMismatch("The verifying key is of another model.", column="model")
        # Whoever relies on the receipt says whether a setup of no published ceremony is good enough for that.
        verify(result.receipt, verifying_key, context=request.context, insecure_srs=True)
    except Exception as error:
        code = type(error).__name__
        raise ResultRejected(
            f"The executor returned a receipt that does not verify ({code}). Find out which of its workers made it.",
            worker=claim.worker,
            reason=code,
        ) from error


def store(vault: Vault, claim: Claim, result: Result, phase_ms: Mapping[str, int]) -> Answer:
    """Makes a result durable, for `jobs.succeed`. What was written before a failure is deleted.

    Raises:
        OutOfDisk, StorageUnavailable, FileUnavailable: the store does not take it.
        NotFound: the tenant was deleted.
    """
    outputs: Sequence[Mapping[str, Any]] = result.outputs if isinstance(result, BatchResult) else (result.outputs,)
    receipt = result.receipt.to_cbor()
    parts = {
        RECEIPT: receipt,
        OPENING: cbor.dumps(opening_to_plain(result.opening)),
        OUTPUTS: cbor.dumps([arrays_to_plain(arrays) for arrays in outputs]),
    }
    written: dict[str, Artifact] = {}
    try:
        for kind, data in parts.items():
            written[kind] = vault.write(claim.tenant, kind, [data])
    except BaseException:
        vault.discard(written.values())
        raise
    digest = hashlib.sha256(receipt).hexdigest()
    return Answer(digest, written[RECEIPT], written[OPENING], written[OUTPUTS], phase_ms)
