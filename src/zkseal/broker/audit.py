"""The audit log: a chain of entries, each of which holds the hash of the one before.

An entry is deterministic CBOR of its sequence, time, kind, fields and the previous hash; its hash is SHA-256 of that,
domain separated. Fields hold digests of nonces, evidence and wrapped keys, never a key, a nonce or a ciphertext.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zkseal.errors import InvalidEncoding, ZksealError
from zkseal.receipts import cbor

__all__ = ["GENESIS", "Broken", "Entry", "Verified", "entry_hash", "following", "verify_entries"]

DOMAIN = b"zkseal/broker-log/v1"
MAX_ENTRY_BYTES = 1 << 14
GENESIS = bytes(32)
"""The previous hash of the first entry."""

OPENED = "opened"
"""Kind of the first entry, which names the broker and its public keys."""

_KEYS = {"sequence", "time", "kind", "fields", "previous"}


@dataclass(frozen=True)
class Entry:
    """One decision.

    Attributes:
        sequence: 0, 1, 2 ..
        time: Unix seconds.
        kind: `opened`, `model_added`, `minimum_raised`, `model_revoked`, `released`, `released_development`, `denied`.
        fields: by kind.
        previous: hash of the entry before.
    """

    sequence: int
    time: int
    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    previous: bytes = GENESIS

    def to_cbor(self) -> bytes:
        """The one encoding."""
        return cbor.dumps(
            {
                "sequence": self.sequence,
                "time": self.time,
                "kind": self.kind,
                "fields": dict(self.fields),
                "previous": self.previous,
            }
        )

    @staticmethod
    def from_cbor(data: bytes) -> Entry:
        """Raises: DecodeError: not the one encoding of an entry."""
        value = cbor.loads(data, max_bytes=MAX_ENTRY_BYTES)
        if not isinstance(value, dict) or set(value) != _KEYS:
            raise InvalidEncoding("An entry of the log has missing or unknown parts.", reason="log entry")
        types = {"sequence": int, "time": int, "kind": str, "fields": dict, "previous": bytes}
        if any(type(value[name]) is not kind for name, kind in types.items()):
            raise InvalidEncoding("An entry of the log has a part of another type.", reason="log entry")
        return Entry(**value)

    @property
    def hash(self) -> bytes:
        """What the next entry holds."""
        return entry_hash(self.to_cbor())

    def to_json(self) -> dict[str, Any]:
        """JSON view; `cbor` is what the hash is over."""
        return {
            "sequence": self.sequence,
            "time": self.time,
            "kind": self.kind,
            "fields": _plain(self.fields),
            "previous": self.previous.hex(),
            "hash": self.hash.hex(),
            "cbor": self.to_cbor().hex(),
        }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def entry_hash(data: bytes) -> bytes:
    """Hash of an entry's encoding."""
    return hashlib.sha256(DOMAIN + data).digest()


@dataclass(frozen=True)
class Broken:
    """Where a log stops to hang together: the sequence that is expected there, and why."""

    sequence: int
    reason: str


@dataclass(frozen=True)
class Verified:
    """A log: the entries that hang together, and the first place where it does not, if there is one."""

    entries: tuple[Entry, ...]
    broken: Broken | None = None

    def at(self, sequence: int) -> Entry | None:
        """The entry of this sequence, if it is there."""
        return self.entries[sequence] if 0 <= sequence < len(self.entries) else None


def following(data: bytes, stored: bytes | None, place: int, previous: bytes) -> Entry | Broken:
    """The entry that stands at `place`, if it follows the one whose hash is `previous`.

    Args:
        stored: the hash that is stored beside it, if there is one.
    """
    try:
        entry = Entry.from_cbor(data)
    except ZksealError as error:
        return Broken(place, f"no entry: {error.message}")
    if entry.sequence != place:
        return Broken(place, f"entry {entry.sequence} stands where {place} belongs")
    if entry.previous != previous:
        return Broken(place, "it follows another entry than the one before")
    if stored is not None and stored != entry_hash(data):
        return Broken(place, "its content does not have its hash")
    return entry


def verify_entries(rows: Iterable[tuple[bytes, bytes | None]]) -> Verified:
    """Checks a chain from its first entry on.

    Args:
        rows: encodings in their order, each with the hash that is stored beside it, or None.
    """
    entries: list[Entry] = []
    previous = GENESIS
    for data, stored in rows:
        entry = following(data, stored, len(entries), previous)
        if isinstance(entry, Broken):
            return Verified(tuple(entries), entry)
        entries.append(entry)
        previous = entry_hash(data)
    if not entries or entries[0].kind != OPENED:
        return Verified((), Broken(0, "the log does not begin with the opening of a broker"))
    return Verified(tuple(entries))
