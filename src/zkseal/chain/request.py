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

__all__ = ["Answer", "OracleRequest", "RequestStatus", "ask", "read_request", "status_of", "wait_for_answer"]

ORACLE = "InferenceOracle"
NOBODY = "0x" + "00" * 20


class RequestStatus(IntEnum):
    """State of a request, as the contract counts."""

    UNKNOWN = 0
    PENDING = 1
    ANSWERED = 2
    CANCELLED = 3


@dataclass(frozen=True)
class OracleRequest:
    """What is asked.

    Attributes:
        public_inputs: integers that the answer's public values begin with; empty if the model has no public input.
        input_commitment: commitments that the answer must have, keccak256; zeros for any.
        deadline: last second (Unix time) for an answer, at most 30 days ahead.
        fee_wei: earned by whoever answers; given back after the deadline.
        callback, callback_gas, callback_data: contract that is called with the answer, and how.
        feed, output_index: feed of the asker that is written, and which public value it takes.
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

    @property
    def parts(self) -> tuple[object, ...]:
        """RequestParams, in the order of the Solidity struct; attested answers are not taken."""
        return (
            self.model_id,
            public_values(self.public_inputs),
            self.input_commitment,
            self.callback,
            self.callback_gas,
            self.deadline,
            self.feed,
            self.output_index,
            False,
            self.callback_data,
        )


@dataclass(frozen=True)
class Answer:
    """A proved answer that the oracle accepted. `values` are all public values, inputs first."""

    request_id: int
    values: list[int]
    payee: str
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
    """Waits until a request is answered.

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
        if status == RequestStatus.ANSWERED:
            found = list(
                connection.events(ORACLE, oracle, "Answered", since_block, head.number + 1, requestId=request_id)
            )
            if found:
                return _answer(found[-1])
        elif status != RequestStatus.PENDING or head.timestamp > deadline:
            raise RequestUnanswered(
                f"Request {request_id} is {status.name.lower()} and its deadline has passed: it gets no answer. Take "
                "the fee back: InferenceOracle.cancel",
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


def _answer(event: Mapping[str, Any]) -> Answer:
    arguments = event["args"]
    return Answer(
        request_id=int(arguments["requestId"]),
        values=decode_public_values(bytes(arguments["output"])),
        payee=str(arguments["payee"]),
        transaction=f"0x{bytes(event['transactionHash']).hex()}",
        block=int(event["blockNumber"]),
        callback_ok=bool(arguments["callbackOk"]),
    )
