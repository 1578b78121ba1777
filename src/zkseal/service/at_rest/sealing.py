"""Messages under a tenant's key, bound to their place.

A sealed message opens under its own key and for its own place: tenant, kind, identifier. Moved to another place, cut,
or with pieces exchanged, it does not (`DecryptionFailed`)::

    header  = "zks1" || salt (32) || commitment (32)
    key || commitment = HKDF-SHA256(data key, salt, info = place)          a key for each message
    piece i = AES-256-GCM(key, nonce = i (11 bytes) || last?, piece of 256 KiB, associated data = header)

The nonce counts pieces under a key that is used for one message, and tells the last piece from others (the STREAM
construction, Hoang et al. 2015): pieces cannot be left out, exchanged or cut off. The commitment makes a ciphertext
open under one key only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zkseal.errors import DecryptionFailed
from zkseal.receipts import cbor

__all__ = ["KEY_BYTES", "DataKey", "Place", "Sealing"]

MAGIC = b"zks1"
KEY_BYTES = SALT_BYTES = COMMITMENT_BYTES = 32
TAG_BYTES = 16
PIECE_BYTES = 1 << 18
HEADER_BYTES = len(MAGIC) + SALT_BYTES + COMMITMENT_BYTES


@dataclass(frozen=True)
class Place:
    """Where a sealed message belongs: it opens nowhere else.

    Attributes:
        tenant: the tenant's identifier.
        kind: what it is: `inputs`, `opening`, `proving-key`, ..
        name: the identifier of the artifact, the job or the row that holds it.
    """

    tenant: str
    kind: str
    name: str

    def encoded(self) -> bytes:
        """Its one encoding."""
        return cbor.dumps(["zkseal at rest", 1, self.tenant, self.kind, self.name])


class Sealing:
    """A symmetric key that seals messages. Its bytes are in no representation of it."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self.key = key

    def __repr__(self) -> str:
        return f"{type(self).__name__}(..)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("keys are not pickled")

    def _derived(self, salt: bytes, place: Place) -> tuple[AESGCM, bytes]:
        info = place.encoded()
        derived = HKDF(SHA256(), KEY_BYTES + COMMITMENT_BYTES, salt, info).derive(self.key)
        return AESGCM(derived[:KEY_BYTES]), derived[KEY_BYTES:]

    def seal(self, plaintext: bytes, place: Place) -> bytes:
        """`plaintext`, sealed."""
        return b"".join(self.seal_chunks([plaintext], place))

    def open(self, sealed: bytes, place: Place) -> bytes:
        """The plaintext. Raises `DecryptionFailed`."""
        return b"".join(self.open_chunks([sealed], place))

    def seal_chunks(self, chunks: Iterable[bytes], place: Place) -> Iterator[bytes]:
        """The sealed message of the concatenated chunks, a piece at a time."""
        salt = secrets.token_bytes(SALT_BYTES)
        cipher, commitment = self._derived(salt, place)
        header = MAGIC + salt + commitment
        yield header
        for number, (piece, last) in enumerate(_pieces(chunks, PIECE_BYTES)):
            yield cipher.encrypt(_nonce(number, last), piece, header)

    def open_chunks(self, chunks: Iterable[bytes], place: Place) -> Iterator[bytes]:
        """The plaintext, a piece at a time; each was checked before it is given out, the whole when it ends.

        Raises:
            DecryptionFailed: another key or place, or a message that was changed or cut. Pieces that were given out
                before that are part of the message, and no more than part of it.
        """
        source = _Source(chunks)
        header = source.take(HEADER_BYTES)
        if len(header) != HEADER_BYTES or not header.startswith(MAGIC):
            raise _refused(place, "it is no sealed message of this release")
        salt, written = header[len(MAGIC) : -COMMITMENT_BYTES], header[-COMMITMENT_BYTES:]
        cipher, commitment = self._derived(salt, place)
        if not hmac.compare_digest(commitment, written):
            raise _refused(place, "it was sealed by another key, for another place, or was changed")
        try:
            for number, (piece, last) in enumerate(_pieces(source.rest(), PIECE_BYTES + TAG_BYTES)):
                yield cipher.decrypt(_nonce(number, last), piece, header)
        except InvalidTag as error:
            raise _refused(place, "it was changed or cut") from error


class DataKey(Sealing):
    """A tenant's key."""

    @staticmethod
    def generate() -> DataKey:
        """A new one."""
        return DataKey(secrets.token_bytes(KEY_BYTES))

    def fingerprint(self, message: bytes, purpose: str) -> bytes:
        """A keyed digest (HMAC-SHA256): equal for equal messages of the tenant, and no help in guessing them."""
        key = hmac.digest(self.key, b"zkseal fingerprint 1 " + purpose.encode(), hashlib.sha256)
        return hmac.digest(key, message, hashlib.sha256)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _pieces(chunks: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """The concatenated chunks in pieces of `size` bytes, and whether a piece is the last; at least one."""
    source = _Source(chunks)
    piece = source.take(size)
    while True:
        following = source.take(size)
        yield piece, not following
        if not following:
            return
        piece = following


class _Source:
    """Chunks of any size, taken in pieces of another."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = bytearray()

    def take(self, size: int) -> bytes:
        """`size` bytes, or fewer at the end."""
        while len(self._buffer) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._buffer += chunk
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def rest(self) -> Iterator[bytes]:
        """What was not taken."""
        if self._buffer:
            yield bytes(self._buffer)
            self._buffer.clear()
        yield from self._chunks


def _refused(place: Place, reason: str) -> DecryptionFailed:
    return DecryptionFailed(
        f"The {place.kind} '{place.name}' does not open: {reason}. Restore it from a backup.",
        reason=reason,
        kind=place.kind,
        name=place.name,
    )
