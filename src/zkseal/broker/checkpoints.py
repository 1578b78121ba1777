"""Checkpoints: how far the log was at some time, signed by the broker. Kept elsewhere, they show that it was cut.

The hash chain alone does not: who replaces the whole database by an older copy has a log that hangs together. A
checkpoint file on another disk, in a chain registry or beside a TPM counter is the anchor outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zkseal.broker.audit import Broken, Verified
from zkseal.errors import InvalidEncoding, UnknownVersion
from zkseal.receipts import cbor
from zkseal.tee.native import native

if TYPE_CHECKING:
    from zkseal import _native

__all__ = ["MAX_CHECKPOINT_BYTES", "Checkpoint", "check_against"]

DOMAIN = b"zkseal/broker-checkpoint/v1"
VERSION = 1
MAX_CHECKPOINT_BYTES = 1024

_SIZES = {"broker": 16, "hash": 32, "public_key": 32, "signature": 64}


@dataclass(frozen=True)
class Checkpoint:
    """The last entry of a log.

    Attributes:
        broker: random identity of the database, 16 bytes.
        sequence, hash: of the entry.
        time: Unix seconds.
        public_key: Ed25519, of the broker's log. Who checks has to know it from elsewhere.
    """

    broker: bytes
    sequence: int
    hash: bytes
    time: int
    public_key: bytes
    signature: bytes = b""

    def _content(self) -> dict[str, Any]:
        return {
            "checkpoint": VERSION,
            "broker": self.broker,
            "sequence": self.sequence,
            "hash": self.hash,
            "time": self.time,
            "public_key": self.public_key,
        }

    @staticmethod
    def sign(key: _native.PublisherKey, broker: bytes, sequence: int, entry_hash: bytes, time: int) -> Checkpoint:
        """A signed checkpoint."""
        unsigned = Checkpoint(broker, sequence, entry_hash, time, key.public_key)
        signature = key.sign(DOMAIN + cbor.dumps(unsigned._content()))
        return replace(unsigned, signature=signature)

    def to_cbor(self) -> bytes:
        """The one encoding."""
        return cbor.dumps(self._content() | {"signature": self.signature})

    @staticmethod
    def from_cbor(data: bytes) -> Checkpoint:
        """Reads a checkpoint and checks its signature under the key that it names.

        Raises:
            DecodeError: no checkpoint.
            SignatureRejected: not what that key signed.
        """
        value = cbor.loads(data, max_bytes=MAX_CHECKPOINT_BYTES)
        keys = {"checkpoint", "sequence", "time", *_SIZES}
        if not isinstance(value, dict) or set(value) != keys:
            raise InvalidEncoding("The checkpoint has missing or unknown entries.", reason="checkpoint")
        if type(value["checkpoint"]) is not int or value["checkpoint"] != VERSION:
            text = f"Checkpoints of version {value['checkpoint']!r} are not known to this release."
            raise UnknownVersion(text, got=value["checkpoint"], expected=VERSION)
        well = all(isinstance(value[name], bytes) and len(value[name]) == size for name, size in _SIZES.items())
        if not well or any(type(value[name]) is not int or value[name] < 0 for name in ("sequence", "time")):
            raise InvalidEncoding("The checkpoint has an entry of another type or size.", reason="checkpoint")
        checkpoint = Checkpoint(**{name: value[name] for name in value if name != "checkpoint"})
        native().ed25519_verify(checkpoint.public_key, DOMAIN + cbor.dumps(checkpoint._content()), checkpoint.signature)
        return checkpoint


def check_against(log: Verified, checkpoint: Checkpoint, public_key: bytes | None = None) -> Broken | None:
    """Whether a log that hangs together is the one of the checkpoint, and not shorter; None if so.

    Args:
        public_key: of the broker's log, known from elsewhere; else the one that the log itself names, which who
            replaces the whole log chooses.
    """
    opened = log.at(0)
    if opened is None:
        return Broken(0, "there is no log")
    wanted = public_key if public_key is not None else opened.fields.get("log_public_key")
    if checkpoint.public_key != wanted:
        return Broken(0, "the checkpoint is signed by another key than the log's")
    if checkpoint.broker != opened.fields.get("broker"):
        return Broken(0, "the checkpoint is of another broker")
    entry = log.at(checkpoint.sequence)
    if entry is None:
        return Broken(len(log.entries), f"the log is cut: a checkpoint knows entry {checkpoint.sequence}")
    if entry.hash != checkpoint.hash:
        return Broken(checkpoint.sequence, "a checkpoint knows another entry here: the log was replaced")
    return None
