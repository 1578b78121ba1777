"""Signed answers: what an enclave says about one inference, under the key that its attestation names.

The shape is that of draft-tsyrulnikov-rats-attested-inference-receipt: a COSE_Sign1 over
digests of the request and of what was answered. Ours signs the digest of a `Statement`, the same that a zero-knowledge
proof proves, so that hardware and proof speak of the same model and of the same committed values.

Answers of development enclaves have another content type and another domain: neither can be read as the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from zkseal.errors import InvalidEncoding, UnknownVersion, WrongLength
from zkseal.receipts import cbor
from zkseal.receipts.cose import read_sign1, sign1

__all__ = ["DEV_MEDIA_TYPE", "FIRST", "MEDIA_TYPE", "AnswerClaims", "SignedAnswer", "read_answer", "sign_answer"]

MEDIA_TYPE = "application/vnd.zkseal.answer+cbor"
DEV_MEDIA_TYPE = "application/vnd.zkseal.answer-dev+cbor"
VERSION = 1
MAX_ANSWER_BYTES = 1024

FIRST = bytes(32)
"""`previous` of the first answer after a start."""

_DOMAINS = {False: b"zkseal/answer/v1", True: b"zkseal/answer-dev/v1"}
_TYPES = {False: MEDIA_TYPE, True: DEV_MEDIA_TYPE}
_SIZES = {"statement_digest": 32, "runtime_digest": 32, "request_digest": 32, "boot_epoch": 16, "previous": 32}


@dataclass(frozen=True)
class AnswerClaims:
    """What is signed.

    Attributes:
        statement_digest: SHA-256 of the statement's encoding.
        runtime_digest: of the runtime data that the attestation is bound to.
        request_digest: SHA-256 of the encrypted request, byte by byte as it arrived.
        boot_epoch: of this start of the enclave.
        sequence: number of the answer since then, from 0.
        previous: SHA-256 of the answer before, so that none can be left out unseen; `FIRST` for the first.
        issued_at: Unix seconds by the machine's clock, which its operator sets.
        proof_digest: SHA-256 of the proof, if the enclave made one itself.
    """

    statement_digest: bytes
    runtime_digest: bytes
    request_digest: bytes
    boot_epoch: bytes
    sequence: int
    previous: bytes
    issued_at: int
    proof_digest: bytes | None = None

    def __post_init__(self) -> None:
        sizes = _SIZES | ({} if self.proof_digest is None else {"proof_digest": 32})
        for name, size in sizes.items():
            got = len(getattr(self, name))
            if got != size:
                raise WrongLength(f"The answer's {name} has {got} bytes instead of {size}.", expected=size, got=got)

    def to_cbor(self) -> bytes:
        """The one encoding."""
        return cbor.dumps({"answer": VERSION} | {f.name: getattr(self, f.name) for f in fields(self)})

    @staticmethod
    def from_cbor(data: bytes) -> AnswerClaims:
        """Raises: DecodeError: not the one encoding of claims of this version."""
        value = cbor.loads(data, max_bytes=MAX_ANSWER_BYTES)
        names = {f.name for f in fields(AnswerClaims)}
        if not isinstance(value, dict) or set(value) != {"answer", *names}:
            raise InvalidEncoding("The answer has missing or unknown entries.", reason="answer")
        if value["answer"] != VERSION or isinstance(value["answer"], bool):
            text = f"Answers of version {value['answer']!r} are not known to this release."
            raise UnknownVersion(text, got=value["answer"], expected=VERSION)
        numbers = all(type(value[name]) is int and value[name] >= 0 for name in ("sequence", "issued_at"))
        if not numbers or not all(isinstance(value[name], bytes) for name in _SIZES):
            raise InvalidEncoding("An entry of the answer is of another type.", reason="answer")
        if not isinstance(value["proof_digest"], bytes | None):
            raise InvalidEncoding("The answer's proof digest is of another type.", reason="answer")
        return AnswerClaims(**{name: value[name] for name in names})

    def to_json(self) -> dict[str, Any]:
        """JSON view."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value.hex() if isinstance(value, bytes) else value for name, value in found.items()}


@dataclass(frozen=True)
class SignedAnswer:
    """A message as it was read. Nothing is checked yet: `signed_part` and `signature` are for whoever knows the key."""

    claims: AnswerClaims
    development: bool
    signed_part: bytes
    signature: bytes


def sign_answer(claims: AnswerClaims, sign: Callable[[bytes], bytes], *, development: bool) -> bytes:
    """COSE_Sign1 over the claims.

    Args:
        sign: ES256K by the enclave's signing key.
        development: the key is attested by development evidence.
    """
    return sign1(_TYPES[development], claims.to_cbor(), _DOMAINS[development], sign)


def read_answer(data: bytes, *, development: bool) -> SignedAnswer:
    """Reads an answer of the kind that is asked for.

    Raises:
        DecodeError: it is none, or one of the other kind.
    """
    payload, signed, signature = read_sign1(
        data, _TYPES[development], _DOMAINS[development], max_bytes=MAX_ANSWER_BYTES
    )
    return SignedAnswer(AnswerClaims.from_cbor(payload), development, signed, signature)


def digest_of(data: bytes) -> bytes:
    """SHA-256: what `previous` and `request_digest` hold."""
    return hashlib.sha256(data).digest()
