"""Development evidence of a sandbox: a process says of itself what it runs, signed by a key that somebody generated.

It proves nothing about the machine, and nothing in it can say otherwise: its assurance is `sandbox` under every policy.
"""

from __future__ import annotations

from dataclasses import dataclass

from zkseal.errors import InvalidEncoding
from zkseal.receipts import cbor

__all__ = ["SandboxClaims", "decode_sandbox", "encode_sandbox", "signed_part"]

DOMAIN = b"zkseal/sandbox-evidence/v1"
VERSION = 1
MAX_BYTES = 1 << 14


@dataclass(frozen=True)
class SandboxClaims:
    """What the process says.

    Attributes:
        measurement: SHA-256 of the code that it runs.
        report_data: what is bound, 64 bytes.
        isolation: mechanisms that are on, such as `landlock` and `seccomp`.
        issuer: secp256k1 key, compressed, that signed this.
    """

    measurement: bytes
    report_data: bytes
    isolation: tuple[str, ...]
    issuer: bytes


def _claims(claims: SandboxClaims) -> dict[str, object]:
    return {
        "sandbox": VERSION,
        "measurement": claims.measurement,
        "report_data": claims.report_data,
        "isolation": list(claims.isolation),
        "issuer": claims.issuer,
    }


def signed_part(claims: SandboxClaims) -> bytes:
    """What the issuer signs (ES256K)."""
    return DOMAIN + cbor.dumps(_claims(claims))


def encode_sandbox(claims: SandboxClaims, signature: bytes) -> bytes:
    """The payload of the evidence."""
    return cbor.dumps(_claims(claims) | {"signature": signature})


def decode_sandbox(payload: bytes) -> tuple[SandboxClaims, bytes]:
    """Claims and signature.

    Raises:
        DecodeError: not the one encoding of development evidence.
    """
    value = cbor.loads(payload, max_bytes=MAX_BYTES)
    keys = {"sandbox", "measurement", "report_data", "isolation", "issuer", "signature"}
    if not isinstance(value, dict) or set(value) != keys:
        raise InvalidEncoding("This is no sandbox's evidence.", reason="sandbox evidence")
    if type(value["sandbox"]) is not int or value["sandbox"] != VERSION:
        raise InvalidEncoding("This is no sandbox's evidence of version 1.", reason="sandbox evidence")
    for name, size in (("measurement", 32), ("report_data", 64), ("issuer", 33), ("signature", 64)):
        if not isinstance(value[name], bytes) or len(value[name]) != size:
            raise InvalidEncoding(f"The sandbox's {name} has not {size} bytes.", reason=name)
    isolation = value["isolation"]
    if not isinstance(isolation, list) or not all(isinstance(entry, str) for entry in isolation):
        raise InvalidEncoding("The sandbox's isolation is no list of texts.", reason="isolation")
    claims = SandboxClaims(value["measurement"], value["report_data"], tuple(isolation), value["issuer"])
    return claims, value["signature"]
