"""What an executor returns: seen to be a proof of this model for this context, then sealed and stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zkseal.errors import ResultRejected, StatementMismatch
from zkseal.executors import (
    BatchResult,
    BatchTask,
    Executor,
    Handle,
    KeyFile,
    ProveTask,
    RunTask,
    SegmentedKeyFiles,
    SegmentedProof,
    Told,
    submit_run,
)
from zkseal.executors.inputs import stacked
from zkseal.pipeline import ProveResult, verify
from zkseal.proving import AnyVerifyingKey
from zkseal.proving.plain_arrays import arrays_to_plain, opening_to_plain
from zkseal.receipts import cbor
from zkseal.service.artifacts.vault import OPENING, OUTPUTS, RECEIPT, Artifact, Vault
from zkseal.service.jobs import Claim, Kind, Request
from zkseal.service.jobs.ending import Answer
from zkseal.service.worker.runner import Runner

__all__ = ["Result", "require_proved", "result_of", "stages", "store"]

Result = ProveResult | BatchResult

Stage = Callable[[Any], Handle[Any]]
"""One task of a job, of what the stage before has led to."""


def stages(
    executor: Executor, runner: Runner, request: Request, key: KeyFile | SegmentedKeyFiles, told: Told
) -> list[Stage]:
    """What is done for a job, one after the other; `result_of` takes what the last of them has led to.

    Raises what is wrong with the inputs, as stages do; these also `ExecutorClosed`.
    """
    if request.kind is Kind.INFERENCE and len(request.inputs) != 1:
        raise StatementMismatch("An inference has one input. Submit many as a batch.", column="input")
    if isinstance(key, SegmentedKeyFiles):
        inputs = request.inputs[0] if request.kind is Kind.INFERENCE else stacked(key.interface, list(request.inputs))
        # Segments are worked on at the same time: their stages are told as one, so that phases follow each other.
        return [
            lambda _: runner.submit(RunTask.of(key, inputs, request.context), _told_as(told, "execute")),
            lambda run: submit_run(executor, key, run, inputs, told=_told_as(told, "segments")),
        ]
    if request.kind is Kind.BATCH:
        return [lambda _: executor.submit(BatchTask(key, list(request.inputs), request.context), told)]
    return [lambda _: executor.submit(ProveTask(key, request.inputs[0], request.context), told)]


def _told_as(told: Told, phase: str) -> Told:
    return lambda worker, stage, share: told(worker, phase, share)


def result_of(found: Result | SegmentedProof, request: Request) -> Result:
    """What was asked for, from what the last stage has led to."""
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
