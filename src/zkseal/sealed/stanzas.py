"""Stanzas: the data key of a sealed model, sealed to each of its recipients (the idea of age).

They lie outside of the signed header, so that a broker can be added without the publisher; each is bound to the header
by the `info` of its HPKE message. Who removes or breaks one locks a recipient out, and gains nothing.

The type "tpm-dev" is reserved for keys that a development TPM holds; this release neither writes nor reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zkseal.errors import InvalidEncoding, UnknownVersion, WrongKey
from zkseal.receipts import cbor
from zkseal.sealed.header import SealedHeader

if TYPE_CHECKING:
    from zkseal._native import DataKey, HpkeKey

__all__ = ["MAX_STANZAS", "MAX_STANZAS_BYTES", "Stanza", "data_key_for", "decode_stanzas", "encode_stanzas", "seal_to"]

MAX_STANZAS = 64
MAX_STANZAS_BYTES = 1 << 14
_HPKE = "hpke"
_INFO = b"zkseal/sealed-stanza/v1"
_PUBLIC_KEY_BYTES = 32
_SEALED_BYTES = 32 + 32 + 16


@dataclass(frozen=True)
class Stanza:
    """The data key for one recipient: the X25519 public key, 32 bytes, and encapsulated key || ciphertext, 80 bytes."""

    recipient: bytes
    sealed_key: bytes


def _info(header: SealedHeader) -> bytes:
    return _INFO + cbor.dumps({"assurance": int(header.minimum_assurance), "header": header.digest})


def seal_to(header: SealedHeader, key: DataKey, recipients: Sequence[bytes]) -> tuple[Stanza, ...]:
    """A stanza for each public key. Raises `InvalidEncoding`, `WrongLength` for what is no public key."""
    if not 1 <= len(recipients) <= MAX_STANZAS or len(set(recipients)) != len(recipients):
        raise _refused(f"there are 1 to {MAX_STANZAS} different recipients")
    return tuple(Stanza(public, key.seal_to(public, _info(header), b"")) for public in recipients)


def data_key_for(header: SealedHeader, stanzas: Sequence[Stanza], key: HpkeKey) -> DataKey:
    """The data key, by the stanza of this recipient.

    Raises:
        WrongKey: there is none for this key.
        DecryptionFailed: it was changed, or is another file's.
    """
    for stanza in stanzas:
        if stanza.recipient == key.public_key:
            return key.open_data_key(stanza.sealed_key, _info(header), b"")
    raise WrongKey(
        f"The model is not sealed to {key.public_key.hex()}. Ask its publisher to seal it to this key.",
        reason="no stanza for this key",
    )


def encode_stanzas(stanzas: Sequence[Stanza]) -> bytes:
    """The one encoding."""
    return cbor.dumps([{"type": _HPKE, "to": stanza.recipient, "key": stanza.sealed_key} for stanza in stanzas])


def decode_stanzas(data: bytes) -> tuple[Stanza, ...]:
    """Stanzas of their one encoding. Raises `InvalidEncoding`, `UnknownVersion`, `WrongLength`."""
    plain = cbor.loads(data, max_bytes=MAX_STANZAS_BYTES)
    if not isinstance(plain, list) or not 1 <= len(plain) <= MAX_STANZAS:
        raise _refused(f"there are 1 to {MAX_STANZAS}")
    stanzas = tuple(_stanza(entry) for entry in plain)
    if len({stanza.recipient for stanza in stanzas}) != len(stanzas):
        raise _refused("two are for one recipient")
    return stanzas


def _stanza(entry: Any) -> Stanza:
    match entry:
        case {"type": "hpke", "to": bytes(recipient), "key": bytes(sealed_key)} if (
            len(entry) == 3 and len(recipient) == _PUBLIC_KEY_BYTES and len(sealed_key) == _SEALED_BYTES
        ):
            return Stanza(recipient, sealed_key)
        case {"type": str(kind)} if kind != _HPKE:
            raise UnknownVersion(
                f"A stanza is of type {kind[:32]!r}; this release reads {_HPKE!r}.", got=kind[:32], expected=_HPKE
            )
    raise _refused("one has other fields")


def _refused(reason: str) -> InvalidEncoding:
    return InvalidEncoding(f"Not the stanzas of a sealed model: {reason}.", reason=reason)
