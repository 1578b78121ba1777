"""Evidence and what comes with it: values in, nothing is fetched.

`read_evidence` tells the kind of evidence by its content, for people; a program names the platform.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from zkseal.errors import InvalidEncoding
from zkseal.json_text import parse_json
from zkseal.tee.pem import is_pem, pem_blocks
from zkseal.tee.result import Platform

__all__ = ["Endorsements", "Evidence", "is_key_set", "read_evidence"]

MAX_PAYLOAD_BYTES = 1 << 22


@dataclass(frozen=True)
class Endorsements:
    """What others say about the platform, and signatures that stand apart from what they sign.

    Attributes:
        certificates: DER, leaf first where there is an order. Given authorities replace those that come with zkseal.
        collateral: Intel's, JSON in the form of dcap-qvl's `QuoteCollateralV3`.
        revocation_lists: DER.
        rims: NVIDIA's reference integrity manifests, XML.
        public_key: SubjectPublicKeyInfo of a TPM's attestation key.
        signature: TPMT_SIGNATURE of a TPM quote.
        pcrs: PCR values of a TPM quote, in the order of its selection.
        event_log: what firmware and boot loader extended into the PCRs (`tee.event_log`).
    """

    certificates: tuple[bytes, ...] = ()
    collateral: str | None = None
    revocation_lists: tuple[bytes, ...] = ()
    rims: tuple[bytes, ...] = ()
    public_key: bytes | None = None
    signature: bytes | None = None
    pcrs: tuple[bytes, ...] | None = None
    event_log: bytes | None = None


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence. `index` picks a device of a list; only NVIDIA's has one."""

    platform: Platform
    payload: bytes
    endorsements: Endorsements = field(default_factory=Endorsements)
    index: int = 0

    def __post_init__(self) -> None:
        if len(self.payload) > MAX_PAYLOAD_BYTES:
            raise InvalidEncoding(f"{len(self.payload)} bytes are more than any evidence has.", reason="size")
        if self.index and self.platform is not Platform.NVIDIA:
            raise InvalidEncoding(f"Evidence of {self.platform} is no list of devices.", reason="index")


def is_key_set(data: bytes) -> bool:
    """True if `data` looks like a JSON Web Key Set."""
    document = as_json(data)
    return isinstance(document, dict) and "keys" in document


def as_json(payload: bytes) -> Any:
    """`payload` as JSON, or None."""
    try:
        return parse_json(payload)
    except ValueError:
        return None


def _platform_of_json(document: Any) -> Platform | None:
    if isinstance(document, list) and document and isinstance(document[0], list) and document[0][:1] == ["JWT"]:
        return Platform.NVIDIA_NRAS
    if isinstance(document, list) and document and isinstance(document[0], dict) and "evidence" in document[0]:
        return Platform.NVIDIA
    if isinstance(document, dict):
        inner = document.get("evidence", document)
        if isinstance(inner, dict) and ("tpm_quote" in inner or "quote" in inner):
            return Platform.AZURE_TDX if "td_quote" in inner else Platform.AZURE_SNP
    return None


def _platform_of(payload: bytes) -> Platform | None:
    if (found := _platform_of_json(as_json(payload))) is not None:
        return found
    text = payload.lstrip()
    if re.fullmatch(rb"[\w-]+\.[\w-]+\.[\w-]+\s*", text):
        return Platform.CONFIDENTIAL_SPACE
    if text.startswith(b"<") and b"SoftwareIdentity" in text[:2000]:
        return Platform.NVIDIA_RIM
    if payload[:2] in (b"\x11\xe0", b"11"):
        return Platform.NVIDIA
    if payload[:6] == bytes.fromhex("ff5443478018") or payload[:1] == b"\x0a":
        return Platform.TPM
    if len(payload) == 0x4A0 and payload[0] in range(2, 6):
        return Platform.SNP
    if payload[:4] in (b"\x03\0\x02\0", b"\x04\0\x02\0", b"\x05\0\x02\0"):
        return Platform.TDX if payload[4:8] == b"\x81\0\0\0" else Platform.SGX
    if payload[:1] in (b"\x84", b"\xd2"):
        return Platform.NITRO
    return None


def _with_pem(found: Endorsements, data: bytes) -> Endorsements:
    for label, der in pem_blocks(data):
        if label == "CERTIFICATE":
            found = replace(found, certificates=(*found.certificates, der))
        elif label == "X509 CRL":
            found = replace(found, revocation_lists=(*found.revocation_lists, der))
        elif label == "PUBLIC KEY":
            found = replace(found, public_key=der)
    return found


def _pcr_values(data: bytes) -> tuple[bytes, ...]:
    """Values of a file that tpm2-tools 5 writes: TPML_PCR_SELECTION of 16 entries, then lists of digests.

    Structures have their size in memory, little-endian: selections of 8 bytes, TPML_DIGEST of 8 digests of 66 bytes.
    """
    selections = int.from_bytes(data[:4], "little")
    if selections > 16:
        raise InvalidEncoding("The PCR file selects more banks than there can be.", reason="pcrs")
    offset = 4 + 16 * 8
    lists = int.from_bytes(data[offset : offset + 4], "little")
    offset += 4
    values: list[bytes] = []
    for _ in range(min(lists, 16)):
        count = int.from_bytes(data[offset : offset + 4], "little")
        offset += 4
        for index in range(min(count, 8)):
            at = offset + 66 * index
            size = int.from_bytes(data[at : at + 2], "little")
            values.append(data[at + 2 : at + 2 + size])
        offset += 66 * 8
    return tuple(values)


def _added(found: Endorsements, data: bytes) -> Endorsements:
    """`found` with one more file, whose kind is told by its content."""
    if is_pem(data):
        return _with_pem(found, data)
    document = as_json(data)
    if isinstance(document, dict) and "tcb_info" in document:
        return replace(found, collateral=data.decode())
    if isinstance(document, dict) and "keys" in document:
        text = "A key set is a trust anchor, which does not come with evidence: give it as `Roots.nras_jwks`."
        raise InvalidEncoding(text, reason="JWKS")
    if data.lstrip().startswith(b"<"):
        return replace(found, rims=(*found.rims, data))
    if data[:1] == b"\x30":
        # A list of revoked certificates begins, inside, with a version as an integer; a certificate with [0].
        return (
            replace(found, revocation_lists=(*found.revocation_lists, data))
            if data[8:11] == b"\x02\x01\x01" or data[6:9] == b"\x02\x01\x01"
            else replace(found, certificates=(*found.certificates, data))
        )
    if data[:4] in (b"\0\x18\0\x0b", b"\0\x14\0\x0b"):
        return replace(found, signature=data)
    if data[:8] == b"\0\0\0\0\3\0\0\0":
        return replace(found, event_log=data)
    if data[4:6] == b"\x0b\0":
        return replace(found, pcrs=_pcr_values(data))
    raise InvalidEncoding("A file that comes with the evidence is of no kind that is known here.", reason="endorsement")


def read_evidence(
    payload: bytes, others: Sequence[bytes] = (), *, platform: Platform | None = None, index: int = 0
) -> Evidence:
    """Evidence from the bytes of its file and of files that come with it.

    Raises:
        InvalidEncoding: nothing known looks like this.
    """
    found = platform or _platform_of(payload)
    if found is None:
        raise InvalidEncoding("No evidence that is known here looks like this. Name the platform.", reason="platform")
    endorsements = Endorsements()
    for other in others:
        endorsements = _added(endorsements, other)
    return Evidence(found, payload, endorsements, index)


def base64_bytes(text: Any, what: str, *, url: bool = False) -> bytes:
    """Strict base64, or base64url without padding.

    Raises:
        InvalidEncoding: it is none.
    """
    if isinstance(text, str):
        try:
            if url:
                if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
                    raise ValueError("alphabet")
                data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
                if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
                    raise ValueError("not canonical")
                return data
            return base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            pass
    raise InvalidEncoding(f"The {what} holds no base64.", reason=what)
