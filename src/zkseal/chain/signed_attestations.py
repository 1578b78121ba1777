"""Attestations of keys on their way from appraisers to the chain: JSON files, each with the signatures so far.

::

    {"format": "zkseal key attestation v1", "chain_id": 1, "registry": "0x..", "attestation": {"key": "0x..", ..},
     "signatures": ["0x.."]}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from zkseal.chain.attested_keys import KeyAttestation
from zkseal.chain.connection import address_of
from zkseal.chain.typed_data import SIGNATURE_BYTES
from zkseal.errors import FileUnavailable, InvalidEncoding, NotForChain, UnknownVersion
from zkseal.files.atomic import write_atomically
from zkseal.json_text import parse_json

__all__ = ["SignedAttestation", "joined", "load_signed_attestation"]

FORMAT = "zkseal key attestation v1"

_ADDRESSES = {"key"}
_HASHES = {"model_digest", "measurement", "ear_digest"}
_FIELDS = {entry.name for entry in fields(KeyAttestation)}


@dataclass(frozen=True)
class SignedAttestation:
    """An attestation for one registry on one chain, and signatures over it."""

    chain_id: int
    registry: str
    attestation: KeyAttestation
    signatures: tuple[bytes, ...]

    def agreed(self, ours: KeyAttestation, chain_id: int, registry: str) -> KeyAttestation:
        """This attestation, for another appraiser to sign who found `ours`: dates and digest of the result are taken
        over, as evidence answers one challenge and results of two appraisals differ. All else has to be equal, and
        no date later than in `ours`: how long a key counts is for each appraiser to limit.

        Raises:
            NotForChain: it is not.
        """
        theirs = self.attestation
        taken = {name: getattr(theirs, name) for name in ("ear_digest", "valid_until", "deadline")}
        if (self.chain_id, self.registry, theirs) != (chain_id, registry, replace(ours, **taken)):
            raise NotForChain(
                "The other appraiser's file attests something else than what was appraised here. Do not sign it.",
                reason="attestations differ",
            )
        for name in ("valid_until", "deadline"):
            limit, got = getattr(ours, name), getattr(theirs, name)
            if got > limit:
                remedy = "; or raise your limit with --valid-for." if name == "valid_until" else "."
                text = (
                    f"The other appraiser's file says {name} {got}, later than your own limit {limit}. Do not sign it"
                )
                raise NotForChain(text + remedy, reason=name)
        return theirs

    def save(self, path: Path) -> None:
        """Writes the file in one step. Raises `FileUnavailable`, `OutOfDisk`."""
        told = {name: _shown(name, value) for name, value in vars(self.attestation).items()}
        document = {
            "format": FORMAT,
            "chain_id": self.chain_id,
            "registry": self.registry,
            "attestation": told,
            "signatures": [f"0x{signature.hex()}" for signature in self.signatures],
        }
        write_atomically(path, [f"{json.dumps(document, indent=1)}\n".encode()], secret=False)


def load_signed_attestation(path: Path) -> SignedAttestation:
    """Reads what `save` wrote.

    Raises:
        FileUnavailable, UnknownVersion, InvalidEncoding: the file is not there, of another release, or something else.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from error
    try:
        document = parse_json(text)
        got = document["format"]
        if got == FORMAT:
            return _decoded(document)
    except (ValueError, KeyError, TypeError, AttributeError, NotForChain) as error:
        raise InvalidEncoding(
            f"'{path}' is no attestation of a key. Make one with: zkseal chain attest-key",
            path=str(path),
            reason="form",
        ) from error
    raise UnknownVersion(f"'{path}' is of the format {got!r}; this release reads {FORMAT!r}.", got=got, expected=FORMAT)


def joined(signed: Sequence[SignedAttestation]) -> SignedAttestation:
    """One attestation with the signatures of all.

    Raises:
        NotForChain: they are not of one attestation for one registry.
    """
    first = signed[0]
    for other in signed[1:]:
        if (other.chain_id, other.registry, other.attestation) != (first.chain_id, first.registry, first.attestation):
            raise NotForChain(
                "The files attest different things. Appraisers have to sign the same attestation: hand the second the "
                "first one's file (zkseal chain attest-key --same-as).",
                reason="attestations differ",
            )
    signatures = dict.fromkeys(signature for entry in signed for signature in entry.signatures)
    return SignedAttestation(first.chain_id, first.registry, first.attestation, tuple(signatures))


def _shown(name: str, value: Any) -> Any:
    if name == "model_id":
        return f"0x{value:064x}"
    return f"0x{value.hex()}" if isinstance(value, bytes) else value


def _decoded(document: dict[str, Any]) -> SignedAttestation:
    told = document["attestation"]
    if set(told) != _FIELDS or not isinstance(document["signatures"], list):
        raise ValueError("fields")
    values: dict[str, Any] = {}
    for name, value in told.items():
        if name in _ADDRESSES:
            values[name] = address_of(value)
        elif name in _HASHES:
            values[name] = _bytes(value, 32)
        elif name == "model_id":
            values[name] = int.from_bytes(_bytes(value, 32), "big")
        else:
            values[name] = _integer(value)
    signatures = tuple(_bytes(signature, SIGNATURE_BYTES) for signature in document["signatures"])
    registry = address_of(document["registry"])
    return SignedAttestation(_integer(document["chain_id"]), registry, KeyAttestation(**values), signatures)


def _bytes(value: Any, size: int) -> bytes:
    data = bytes.fromhex(value.removeprefix("0x"))
    if len(data) != size:
        raise ValueError("length")
    return data


def _integer(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 64:
        raise ValueError("number")
    return value
