"""Evidence with its endorsements as CBOR: alone in a file, or as a part of a bundle."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from zkseal.errors import InvalidEncoding, UnknownVersion
from zkseal.receipts import cbor
from zkseal.tee.evidence import Endorsements, Evidence
from zkseal.tee.result import Platform

__all__ = ["MAX_FILE_BYTES", "decode_evidence", "encode_evidence", "evidence_from_cbor", "evidence_to_cbor"]

VERSION = 1
MAX_FILE_BYTES = 1 << 23
MAX_FILE_ITEMS = 1 << 12

_BYTE_LISTS = ("certificates", "revocation_lists", "rims", "pcrs")


def evidence_to_cbor(evidence: Evidence) -> bytes:
    """The one encoding of evidence that stands alone."""
    return cbor.dumps({"standalone": VERSION, "evidence": encode_evidence(evidence)})


def evidence_from_cbor(data: bytes) -> Evidence:
    """Raises: DecodeError: not the one encoding of evidence that stands alone."""
    value = cbor.loads(data, max_bytes=MAX_FILE_BYTES, max_items=MAX_FILE_ITEMS)
    if not isinstance(value, dict) or set(value) != {"standalone", "evidence"}:
        raise InvalidEncoding("These bytes are no evidence that stands alone.", reason="evidence")
    if value["standalone"] != VERSION or isinstance(value["standalone"], bool):
        text = f"Evidence of version {value['standalone']!r} is not known to this release."
        raise UnknownVersion(text, got=value["standalone"], expected=VERSION)
    return decode_evidence(value["evidence"])


def encode_evidence(evidence: Evidence) -> dict[str, Any]:
    """As a value that CBOR can hold."""
    given = evidence.endorsements
    endorsements: dict[str, Any] = {}
    for entry in fields(Endorsements):
        value = getattr(given, entry.name)
        if value is not None and value != ():
            endorsements[entry.name] = list(value) if isinstance(value, tuple) else value
    return {
        "platform": str(evidence.platform),
        "payload": evidence.payload,
        "index": evidence.index,
        "endorsements": endorsements,
    }


def decode_evidence(value: Any) -> Evidence:
    """Raises: DecodeError: not what `encode_evidence` makes."""
    if not isinstance(value, dict) or set(value) != {"platform", "payload", "index", "endorsements"}:
        raise InvalidEncoding("A piece of evidence has missing or unknown entries.", reason="evidence")
    platform, payload, index, given = (value[key] for key in ("platform", "payload", "index", "endorsements"))
    if platform not in [str(known) for known in Platform]:
        raise UnknownVersion(
            f"Evidence of platform {platform!r} is not known to this release.", got=platform, expected=list(Platform)
        )
    if not isinstance(payload, bytes) or type(index) is not int or not 0 <= index < 256 or not isinstance(given, dict):
        raise InvalidEncoding("A piece of evidence has an entry of another type.", reason="evidence")
    types = {entry.name: str if "str" in str(entry.type) else bytes for entry in fields(Endorsements)}
    endorsements: dict[str, Any] = {}
    for name, entry in given.items():
        if name in _BYTE_LISTS:
            well = isinstance(entry, list) and bool(entry) and all(isinstance(item, bytes) for item in entry)
            endorsements[name] = tuple(entry) if well else None
        else:
            well = name in types and isinstance(entry, types[name])
            endorsements[name] = entry
        if not well:
            raise InvalidEncoding("An endorsement is unknown or of another type.", reason="endorsements")
    return Evidence(Platform(platform), payload, Endorsements(**endorsements), index)
