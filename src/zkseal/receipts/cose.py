"""COSE_Sign1 with ES256K: the one form in which answers are signed (RFC 9052 section 4.2, RFC 8812).

A message has one encoding: tag 18, the protected header {1: -47 (ES256K), 3: content type}, no unprotected header,
the payload, a signature of 64 bytes. Another content type is another kind of message: its signature covers the type.
"""

from __future__ import annotations

from collections.abc import Callable

from zkseal.errors import InvalidEncoding, WrongLength
from zkseal.receipts import cbor

__all__ = ["SIGNATURE_BYTES", "read_sign1", "sign1"]

SIGNATURE_BYTES = 64

_TAG_ARRAY_4 = b"\xd2\x84"
_NO_UNPROTECTED = b"\xa0"
# {1: -47, 3: ..}: RFC 8812 gives ES256K the number -47.
_PROTECTED = b"\xa2\x01\x38\x2e\x03"


def _protected(content_type: str) -> bytes:
    return _PROTECTED + cbor.dumps(content_type)


def _signed(content_type: str, payload: bytes, external: bytes) -> bytes:
    """Sig_structure: what the signature is over."""
    return cbor.dumps(["Signature1", _protected(content_type), external, payload])


def _encode(content_type: str, payload: bytes, signature: bytes) -> bytes:
    parts = (cbor.dumps(_protected(content_type)), _NO_UNPROTECTED, cbor.dumps(payload), cbor.dumps(signature))
    return _TAG_ARRAY_4 + b"".join(parts)


def sign1(content_type: str, payload: bytes, external: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """A signed message.

    Args:
        external: bytes that the signature covers and the message does not hold: the domain.
        sign: ES256K over its argument: r and s, 32 bytes each, s in the lower half.
    """
    signature = sign(_signed(content_type, payload, external))
    if len(signature) != SIGNATURE_BYTES:
        text = f"A signature has {len(signature)} bytes instead of {SIGNATURE_BYTES}."
        raise WrongLength(text, expected=SIGNATURE_BYTES, got=len(signature))
    return _encode(content_type, payload, signature)


def read_sign1(data: bytes, content_type: str, external: bytes, *, max_bytes: int) -> tuple[bytes, bytes, bytes]:
    """Payload, what was signed, and the signature, which is not checked here.

    Raises:
        DecodeError: `data` is not the one encoding of such a message.
    """
    if len(data) > max_bytes:
        raise WrongLength(f"{len(data)} bytes where at most {max_bytes} are read.", expected=max_bytes, got=len(data))
    head = _TAG_ARRAY_4 + cbor.dumps(_protected(content_type)) + _NO_UNPROTECTED
    tail = len(cbor.dumps(bytes(SIGNATURE_BYTES)))
    if not data.startswith(head) or len(data) < len(head) + tail:
        raise InvalidEncoding(f"This is no message of type {content_type} signed by ES256K.", reason="COSE_Sign1")
    payload = cbor.loads(data[len(head) : -tail], max_bytes=max_bytes)
    signature = cbor.loads(data[-tail:], max_bytes=tail)
    if not isinstance(payload, bytes) or not isinstance(signature, bytes) or len(signature) != SIGNATURE_BYTES:
        raise InvalidEncoding("The message's payload or signature are no byte strings.", reason="COSE_Sign1")
    return payload, _signed(content_type, payload, external), signature
