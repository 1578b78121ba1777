"""Requests from the oracle's events. The last blocks are read again every time: they may have been replaced."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from zkseal.chain.connection import Block, Connection
from zkseal.chain.oracle.log import Log
from zkseal.chain.oracle.store import QueuedRequest, Store
from zkseal.chain.request import Mode

__all__ = ["ORACLE", "content_on_chain", "scan"]

ORACLE = "InferenceOracle"


def scan(
    connection: Connection,
    oracle: str,
    store: Store,
    log: Log,
    head: Block,
    *,
    models: Collection[int],
    start_block: int,
    depth: int,
) -> None:
    """Puts requests to our models into the store, from `depth` blocks before the last scan up to `head`.

    For a model that was not served before, from `start_block`.
    """
    wanted = sorted(models)
    scanned = store.scanned_block if store.scanned_models.issuperset(wanted) else None
    first = start_block if scanned is None else max(start_block, min(scanned, head.number) - depth)
    found = [
        _request(event) for event in connection.events(ORACLE, oracle, "Requested", first, head.number, modelId=wanted)
    ]
    with store.atomically():
        news = [request for request in found if store.put(request)]
        store.set_scanned(head.number, wanted)
    for request in news:
        log.event(
            "requested",
            request_id=request.request_id,
            model_id=hex(request.model_id),
            block=request.seen_block,
            deadline=request.deadline,
        )


def _request(event: Mapping[str, Any]) -> QueuedRequest:
    arguments = event["args"]
    parameters = arguments["params"]
    public_input = bytes(parameters["publicInput"])
    # The contract hashes the integers, without offset and length.
    input_hash = keccak(public_input[64:]) if len(public_input) > 64 else bytes(32)
    model_id, deadline = int(arguments["modelId"]), int(parameters["deadline"])
    commitment, mode = bytes(parameters["inputCommitment"]), Mode(parameters["mode"])
    return QueuedRequest(
        request_id=int(arguments["requestId"]),
        model_id=model_id,
        content=_content(model_id, deadline, commitment, input_hash, mode),
        public_input=public_input,
        input_commitment=commitment,
        deadline=deadline,
        seen_block=int(event["blockNumber"]),
        mode=mode,
    )


def content_on_chain(request: Mapping[str, Any]) -> bytes:
    """The content of a request that `read_request` returned: what an answer depends on."""
    commitment, input_hash = bytes(request["inputCommitment"]), bytes(request["inputHash"])
    model_id, deadline, mode = (int(request[name]) for name in ("modelId", "deadline", "mode"))
    return _content(model_id, deadline, commitment, input_hash, mode)


def _content(model_id: int, deadline: int, input_commitment: bytes, input_hash: bytes, mode: int) -> bytes:
    kinds = ["uint256", "uint64", "bytes32", "bytes32", "uint8"]
    return keccak(encode(kinds, [model_id, deadline, input_commitment, input_hash, mode]))
