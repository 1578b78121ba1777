"""What client and broker say to each other over HTTP: deterministic CBOR, bounded before it is read.

=============================  ==============================================================
`POST /v1/challenge`           {"challenge": 1} -> {"challenge": 1, "nonce", "lifetime_s"}
`POST /v1/release`             {"release": 1, "attestation", "header", "stanzas"} -> `ReleasedKey`
`POST /v1/release-development`  the same -> `DevReleasedKey`
=============================  ==============================================================

A refusal is a problem document (RFC 9457) with the member `denial`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from zkseal.errors import InvalidEncoding
from zkseal.receipts import cbor
from zkseal.sealed.header import MAX_HEADER_BYTES
from zkseal.sealed.stanzas import MAX_STANZAS_BYTES
from zkseal.tee import AttestationBundle
from zkseal.tee.bundle import MAX_BUNDLE_BYTES

__all__ = [
    "CBOR",
    "CHALLENGE_REQUEST",
    "LARGEST_RELEASE_BYTES",
    "MAX_CHALLENGE_BYTES",
    "MAX_RELEASE_BYTES",
    "Challenge",
    "ReleaseRequest",
    "read_challenge_request",
]

CBOR = "application/cbor"
VERSION = 1
NONCE_BYTES = 32
MAX_CHALLENGE_BYTES = 256
MAX_RELEASE_BYTES = 1 << 20
"""Longest request that a broker takes unless told otherwise."""
LARGEST_RELEASE_BYTES = MAX_BUNDLE_BYTES + MAX_HEADER_BYTES + MAX_STANZAS_BYTES + 1024
"""Longest that it can be told to take."""

MAX_ITEMS = 16
"""More than a request has; its parts are encodings of their own, with bounds of their own."""

CHALLENGE_REQUEST = cbor.dumps({"challenge": VERSION})


def read_challenge_request(data: bytes) -> None:
    """Raises: DecodeError: not the request for a challenge."""
    if data != CHALLENGE_REQUEST:
        cbor.loads(data, max_bytes=MAX_CHALLENGE_BYTES)
        raise InvalidEncoding('A challenge is asked for by {"challenge": 1}.', reason="challenge")


@dataclass(frozen=True)
class Challenge:
    """A nonce to put into the runtime data, and how many seconds there are to answer."""

    nonce: bytes
    lifetime_s: int

    def to_cbor(self) -> bytes:
        """The one encoding."""
        return cbor.dumps({"challenge": VERSION, "nonce": self.nonce, "lifetime_s": self.lifetime_s})

    @staticmethod
    def from_cbor(data: bytes) -> Challenge:
        """Raises: DecodeError: no challenge."""
        match cbor.loads(data, max_bytes=MAX_CHALLENGE_BYTES):
            case {"challenge": int(version), "nonce": bytes(nonce), "lifetime_s": int(lifetime_s), **rest} if not rest:
                if version == VERSION and len(nonce) == NONCE_BYTES and lifetime_s > 0:
                    return Challenge(nonce, lifetime_s)
        raise InvalidEncoding("The broker's answer is no challenge.", reason="challenge")


@dataclass(frozen=True)
class ReleaseRequest:
    """An attestation, and head of the sealed model: header and stanzas as they stand in its file."""

    bundle: AttestationBundle
    header: bytes
    stanzas: bytes = field(repr=False)

    def to_cbor(self) -> bytes:
        """The one encoding."""
        parts: dict[str, Any] = {"attestation": self.bundle.to_cbor(), "header": self.header, "stanzas": self.stanzas}
        return cbor.dumps({"release": VERSION, **parts})

    @staticmethod
    def from_cbor(data: bytes, *, max_bytes: int = MAX_RELEASE_BYTES) -> ReleaseRequest:
        """Raises: DecodeError: no request, a longer one, or one whose attestation is none."""
        match cbor.loads(data, max_bytes=max_bytes, max_items=MAX_ITEMS):
            case {
                "release": int(version),
                "attestation": bytes(bundle),
                "header": bytes(header),
                "stanzas": bytes(stanzas),
                **rest,
            } if not rest and version == VERSION and not isinstance(version, bool):
                if len(header) > MAX_HEADER_BYTES or len(stanzas) > MAX_STANZAS_BYTES:
                    raise InvalidEncoding("Header or stanzas are longer than there can be.", reason="release")
                return ReleaseRequest(AttestationBundle.from_cbor(bundle), header, stanzas)
        raise InvalidEncoding("The request has missing or unknown entries.", reason="release")
