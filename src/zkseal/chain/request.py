"""Requests to the InferenceOracle, and waiting for their answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from zkseal.chain.accounts import Signer
from zkseal.chain.connection import Connection
from zkseal.chain.contracts import artifact
from zkseal.chain.encoding import decode_public_values, public_values
from zkseal.chain.transactions import POLL_S, transact
from zkseal.errors import RequestUnanswered

__all__ = [
    "Answer",
    "Mode",
    "OracleRequest",
    "RequestStatus",
    "ask",
    "read_request",
    "status_of",
    "wait_for_answer",
]

ORACLE = "InferenceOracle"
NOBODY = "0x" + "00" * 20


class RequestStatus(IntEnum):
    """State of a request, as the contract counts."""

    UNKNOWN = 0
    PENDING = 1
    ANSWERED = 2
    CANCELLED = 3
    PROVISIONAL = 4
    UNPROVED = 5


class Mode(IntEnum):
    """What evidence an answer has to bring (contracts/src/lib/Mode.sol)."""

    ZK = 0
    TEE = 1
    TEE_AND_ZK = 2
    TEE_THEN_ZK = 3


@dataclass(frozen=True)
class OracleRequest:
    """What is asked.

    Attributes:
        public_inputs: integers that the answer's public values begin with; empty if the model has no public input.
        input_commitment: commitments that the answer must have, keccak256; zeros for any.
        deadline: last second (Unix time) for an answer, at most 30 days ahead.
        fee_wei: earned by whoever answers; given back after the deadline.
        callback, callback_gas, callback_data: contract that is called with the answer, and how.
        feed, output_index: feed of the asker that is written, and which public value it takes; of the same mode.
        mode: what evidence is taken, and no other.
        bond_wei, proof_window_s: of mode TEE_THEN_ZK: what the answerer puts up, and the seconds from its answer to the
            last one for the proof, 10 minutes to 7 days.
    """

    model_id: int
    deadline: int
    public_inputs: list[int] = field(default_factory=list)
    input_commitment: bytes = bytes(32)
    fee_wei: int = 0
    callback: str = NOBODY
    callback_gas: int = 0
    callback_data: bytes = b""
    feed: str = NOBODY
    output_index: int = 0
    mode: Mode = Mode.ZK
    bond_wei: int = 0
    proof_window_s: int = 0

    @property
    def parts(self) -> tuple[object, ...]:
        """RequestParams, in the order of the Solidity struct."""
        return (
            self.model_id,
            public_values(self.public_inputs),
            self.input_commitment,
            self.callback,
            self.callback_gas,
            self.deadline,
            self.feed,
            self.output_index,
            self.mode,
            self.bond_wei,
            self.proof_window_s,
            self.callback_data,
        )


@dataclass(frozen=True)
class Answer:
    """An answer that the oracle accepted.

    Attributes:
        values: all public values, inputs first.
        mode: what evidence it brought.
        provisional: it still has to be proved.
    """

    request_id: int
    values: list[int]
    payee: str
    mode: Mode
    provisional: bool
    transaction: str
    block: int
    callback_ok: bool


def ask(connection: Connection, signer: Signer, oracle: str, request: OracleRequest) -> tuple[int, int]:
    """Sends a request; returns its id and the block that has it. Raises as `transactions.send`."""
    receipt = transact(connection, signer, ORACLE, oracle, "request", request.parts, value_wei=request.fee_wei)
    event = connection.events_in(ORACLE, "Requested", receipt)[0]
    return int(event["requestId"]), int(receipt["blockNumber"])


def read_request(
    connection: Connection, oracle: str, request_id: int, block: int | str = "latest"
) -> Mapping[str, Any]:
    """A request as the contract holds it, by the names of its fields."""
    (function,) = (entry for entry in artifact(ORACLE).abi if entry.get("name") == "getRequest")
    names = [part["name"] for part in function["outputs"][0]["components"]]
    return dict(zip(names, connection.call(ORACLE, oracle, "getRequest", request_id, block=block), strict=True))


def status_of(connection: Connection, oracle: str, request_id: int) -> RequestStatus:
    """The state of a request."""
    return RequestStatus(read_request(connection, oracle, request_id)["status"])


def wait_for_answer(
    connection: Connection, oracle: str, request_id: int, *, since_block: int, deadline: int, timeout_s: float
) -> Answer:
    """Waits until a request is answered; of mode TEE_THEN_ZK, provisionally.

    Args:
        since_block: where the request is.
        deadline: of the request; when the chain is past it there will be no answer.

    Raises:
        RequestUnanswered: not in time, or cancelled.
    """
    started = time.monotonic()
    while True:
        head = connection.head()
        status = status_of(connection, oracle, request_id)
        if status in (RequestStatus.ANSWERED, RequestStatus.PROVISIONAL):
            found = list(
                connection.events(ORACLE, oracle, "Answered", since_block, head.number + 1, requestId=request_id)
            )
            if found:
                return _answer(found[-1], status)
        elif status != RequestStatus.PENDING or head.timestamp > deadline:
            remedy = "Ask again." if status == RequestStatus.UNPROVED else "Take the fee back: InferenceOracle.cancel"
            raise RequestUnanswered(
                f"Request {request_id} is {status.name.lower()} and its time has passed: it gets no answer. {remedy}",
                request_id=request_id,
                status=status.name.lower(),
            )
        if time.monotonic() - started > timeout_s:
            raise RequestUnanswered(
                f"Request {request_id} has no answer after {timeout_s:.0f} s. It may still come until the deadline; is "
                "an oracle node serving this model? zkseal chain serve-oracle",
                request_id=request_id,
                status=status.name.lower(),
            )
        time.sleep(POLL_S)


def _answer(event: Mapping[str, Any], status: RequestStatus) -> Answer:
    arguments = event["args"]
    return Answer(
        request_id=int(arguments["requestId"]),
        values=decode_public_values(bytes(arguments["output"])),
        payee=str(arguments["payee"]),
        mode=Mode(arguments["mode"]),
        provisional=status == RequestStatus.PROVISIONAL,
        transaction=f"0x{bytes(event['transactionHash']).hex()}",
        block=int(event["blockNumber"]),
        callback_ok=bool(arguments["callbackOk"]),
    )
