"""What an executor returns: seen to be a proof of this model for this context, then sealed and stored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from zkseal.errors import ResultRejected, StatementMismatch
from zkseal.executors import (
    BatchResult,
    BatchTask,
    Executor,
    Handle,
    KeyFile,
    ProveTask,
    SegmentedKeyFiles,
    SegmentedProof,
    Told,
    submit_in_segments,
)
from zkseal.executors.inputs import stacked
from zkseal.pipeline import Interface, ProveResult, Samples, verify
from zkseal.proving import AnyVerifyingKey
from zkseal.proving.plain_arrays import arrays_to_plain, opening_to_plain
from zkseal.receipts import cbor
from zkseal.service.artifacts.vault import OPENING, OUTPUTS, RECEIPT, Artifact, Vault
from zkseal.service.jobs import Claim, Kind, Request
from zkseal.service.jobs.ending import Answer

__all__ = ["Result", "begin", "require_proved", "result_of", "store"]

Result = ProveResult | BatchResult

_RUN = "execute"
"""The stage in which the program of a model in segments is run, before workers have anything to prove."""


def begin(executor: Executor, request: Request, key: KeyFile | SegmentedKeyFiles, told: Told) -> Handle[Any]:
    """Gives the executor what a job asks for; `result_of` takes what comes of it.

    Raises what is wrong with the inputs, and `ExecutorClosed`.
    """
    if request.kind is Kind.INFERENCE and len(request.inputs) != 1:
        raise StatementMismatch("An inference has one input. Submit many as a batch.", column="input")
    if isinstance(key, SegmentedKeyFiles):
        return submit_in_segments(
            executor, key, _whole(request, key), context=request.context, told=_as_one_phase(told)
        )
    if request.kind is Kind.BATCH:
        return executor.submit(BatchTask(key, list(request.inputs), request.context), told)
    return executor.submit(ProveTask(key, request.inputs[0], request.context), told)


def _whole(request: Request, key: SegmentedKeyFiles) -> Samples:
    """The inputs of a job as the one input that a model in segments takes."""
    if request.kind is Kind.INFERENCE:
        return request.inputs[0]
    return stacked(Interface.of(key.key.verifying_key.relation), list(request.inputs))


def _as_one_phase(told: Told) -> Told:
    """Segments are worked on at the same time: their stages are told as one, so that phases follow each other."""
    return lambda worker, stage, share: told(worker, stage if stage == _RUN else "segments", share)


def result_of(found: Result | SegmentedProof, request: Request) -> Result:
    """What was asked for, from what `begin` has led to."""
    if not isinstance(found, SegmentedProof):
        return found
    whole = found.result
    if request.kind is Kind.INFERENCE:
        return whole
    rows = range(len(request.inputs))
    outputs = tuple({name: array[row : row + 1] for name, array in whole.outputs.items()} for row in rows)
    return BatchResult(whole.receipt, whole.opening, outputs)


def require_proved(result: Result, claim: Claim, request: Request, verifying_key: AnyVerifyingKey) -> None:
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
