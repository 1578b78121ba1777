"""What client and enclave say to each other, and the host cannot read.

::

    envelope := {"request": 1, "nonce", "sealed"}
    sealed   := HPKE, base mode, of the padded body; its associated data is the envelope without `sealed`
    info     := "zkseal/request/v1"  u8 assurance  SHA-256(runtime data)
    body     := {"inputs", "context", "mode", "nonce", "client", "question", "opening"}
    response := the reply of RFC 9458 to it, over the padded {"answer", "statement", ..} or {"error"}

The nonce of the envelope is the one of the attestation that the client appraised: with it the enclave knows its runtime
data again and keeps nothing of any client. The digest of the envelope is in the signed answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy.typing as npt

from zkseal.errors import InvalidEncoding, UnknownVersion
from zkseal.evm.answers import OracleQuestion
from zkseal.pipeline import Samples
from zkseal.plain_errors import decode_error, encode_error
from zkseal.proving import Opening
from zkseal.proving.plain_arrays import arrays_from_plain, arrays_to_plain, opening_from_plain, opening_to_plain
from zkseal.receipts import Statement, ZkEvidence, cbor
from zkseal.receipts.statement import MAX_CONTEXT_BYTES
from zkseal.tee import RuntimeData

__all__ = [
    "MAX_REQUEST_BYTES",
    "MAX_RESPONSE_BYTES",
    "AnswerMode",
    "Envelope",
    "Request",
    "Response",
    "encode_failure",
    "request_info",
]

VERSION = 1
DOMAIN = b"zkseal/request/v1"
NONCE_BYTES = 32
MAX_CLIENT_BYTES = 64
MAX_REQUEST_BYTES = 1 << 26
MAX_RESPONSE_BYTES = 1 << 27

Arrays = Mapping[str, npt.NDArray[Any]]


class AnswerMode(StrEnum):
    """What a client wants: the signed answer; a proof made inside the enclave as well; or a signature for an oracle."""

    TEE = "tee"
    ZK_IN_TEE = "zk_in_tee"
    ORACLE = "oracle"


def request_info(runtime: RuntimeData) -> bytes:
    """Binds a request to one start of one enclave, and to what its evidence may show: no other opens it."""
    return DOMAIN + bytes([runtime.ceiling]) + runtime.digest


@dataclass(frozen=True)
class Envelope:
    """A request as the host sees it."""

    nonce: bytes
    sealed: bytes

    @property
    def header(self) -> bytes:
        """The associated data of the encryption."""
        return cbor.dumps({"request": VERSION, "nonce": self.nonce})

    def to_cbor(self) -> bytes:
        """The one encoding; its SHA-256 is the request's digest."""
        return cbor.dumps({"request": VERSION, "nonce": self.nonce, "sealed": self.sealed})

    @staticmethod
    def from_cbor(data: bytes) -> Envelope:
        """Raises: DecodeError: no encrypted request."""
        match cbor.loads(data, max_bytes=MAX_REQUEST_BYTES):
            case {"request": int(version), "nonce": bytes(nonce), "sealed": bytes(sealed), **rest} if (
                not rest and len(nonce) == NONCE_BYTES and not isinstance(version, bool)
            ):
                if version != VERSION:
                    text = f"Requests of version {version} are not known to this release."
                    raise UnknownVersion(text, got=version, expected=VERSION)
                return Envelope(nonce, sealed)
        raise InvalidEncoding("This is no encrypted request to an enclave.", reason="request")


@dataclass(frozen=True)
class Request:
    """A request as the enclave sees it.

    Attributes:
        inputs: one input by name; the name "" stands for the only input of a model.
        context: what the receipt is for.
        nonce: 32 random bytes, which come back in the response.
        client: the client's key for its share of the rate limit, at most 64 bytes; a secret, or empty.
        question: of the mode `ORACLE`, and only of it: what the answer is signed for.
        opening: of commitments that the answer has to have; a secret, and only of that mode.
    """

    inputs: Arrays = field(repr=False)
    nonce: bytes
    context: bytes = b""
    mode: AnswerMode = AnswerMode.TEE
    client: bytes = field(default=b"", repr=False)
    question: OracleQuestion | None = None
    opening: Opening | None = field(default=None, repr=False)

    @property
    def samples(self) -> Samples:
        """The input as the program takes it."""
        return self.inputs[""] if set(self.inputs) == {""} else dict(self.inputs)

    def to_cbor(self) -> bytes:
        """The one encoding."""
        return cbor.dumps(
            {
                "inputs": arrays_to_plain(self.inputs),
                "context": self.context,
                "mode": str(self.mode),
                "nonce": self.nonce,
                "client": self.client,
                "question": None if self.question is None else self.question.to_plain(),
                "opening": None if self.opening is None else opening_to_plain(self.opening),
            }
        )

    @staticmethod
    def from_cbor(data: bytes) -> Request:
        """Raises: DecodeError: no request."""
        match cbor.loads(data, max_bytes=MAX_REQUEST_BYTES):
            case {
                "inputs": dict(inputs),
                "context": bytes(context),
                "mode": "tee" | "zk_in_tee" | "oracle" as mode,
                "nonce": bytes(nonce),
                "client": bytes(client),
                "question": dict() | None as question,
                "opening": opening,
                **rest,
            } if not rest and len(nonce) == NONCE_BYTES and len(client) <= MAX_CLIENT_BYTES:
                for_oracle = mode == AnswerMode.ORACLE
                fitting = (question is not None) is for_oracle and (opening is None or for_oracle)
                if len(context) <= MAX_CONTEXT_BYTES and fitting:
                    return Request(
                        arrays_from_plain(inputs),
                        nonce,
                        context,
                        AnswerMode(mode),
                        client,
                        None if question is None else OracleQuestion.from_plain(question),
                        None if opening is None else opening_from_plain(opening),
                    )
        raise InvalidEncoding("The decrypted request has other entries.", reason="request body")


@dataclass(frozen=True)
class Response:
    """What the enclave answers, for the client alone: the opening is a secret of whoever owns the input.

    Attributes:
        answer: COSE_Sign1 over the claims (`zkseal.receipts.answers`).
        nonce: of the request.
        proof: made inside, if it was asked for.
        oracle_signature: 65 bytes, r, s, v, if it was asked for (`enclave.oracle`).
    """

    answer: bytes
    statement: Statement
    opening: Opening = field(repr=False)
    outputs: Arrays = field(repr=False)
    nonce: bytes
    proof: ZkEvidence | None = None
    oracle_signature: bytes | None = None

    def to_cbor(self) -> bytes:
        """The one encoding."""
        return cbor.dumps(
            {
                "answer": self.answer,
                "statement": self.statement.encode(),
                "opening": opening_to_plain(self.opening),
                "outputs": arrays_to_plain(self.outputs),
                "nonce": self.nonce,
                "proof": None if self.proof is None else self.proof.encode(),
                "oracle_signature": self.oracle_signature,
            }
        )

    @staticmethod
    def from_cbor(data: bytes) -> Response:
        """Raises: DecodeError: no response. ZksealError: the error that the enclave answers with."""
        value = cbor.loads(data, max_bytes=MAX_RESPONSE_BYTES)
        match value:
            case {"error": dict(described)} if len(value) == 1:
                raise decode_error(described)
            case {
                "answer": bytes(answer),
                "statement": statement,
                "opening": opening,
                "outputs": outputs,
                "nonce": bytes(nonce),
                "proof": proof,
                "oracle_signature": bytes() | None as oracle_signature,
                **rest,
            } if not rest and isinstance(proof, dict | None):
                return Response(
                    answer,
                    Statement.decode(statement),
                    opening_from_plain(opening),
                    arrays_from_plain(outputs),
                    nonce,
                    None if proof is None else ZkEvidence.decode(proof),
                    oracle_signature,
                )
        raise InvalidEncoding("The enclave's response has other entries.", reason="response")


def encode_failure(error: Exception) -> bytes:
    """An error as a response: only whoever asked reads it, so it may name the value that was refused."""
    return cbor.dumps({"error": encode_error(error)})
