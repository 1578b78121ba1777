"""The header of a sealed model: everything that its publisher vouches for, in deterministic CBOR.

There is one byte string for each header, so that the digest of the bytes names the sealed model: evidence of enclaves,
stanzas and every chunk are bound to it. The decoder knows each key and its bounds; anything else is refused.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zkseal.errors import InvalidEncoding, SignatureRejected, UnknownVersion
from zkseal.receipts import cbor
from zkseal.tee import Assurance
from zkseal.tee.native import native

if TYPE_CHECKING:
    from zkseal._native import PublisherKey

__all__ = ["MAX_HEADER_BYTES", "SALT_BYTES", "SIGNATURE_BYTES", "SealedHeader", "Section"]

FORMAT = "zkseal/sealed/v1"
SUITE = "AES256GCM-STREAM+HKDF-SHA256+BLAKE3+Ed25519"
"""The only suite of this format: ciphers are not negotiated."""

MAX_HEADER_BYTES = 1 << 14
SIGNATURE_BYTES = 64
SALT_BYTES = 32
DIGEST_BYTES = 32
MAX_SECTIONS = 16
MAX_CHUNKS = 1 << 32
CHUNK_SIZES = tuple(1 << power for power in range(10, 25))
"""Bytes of a chunk: 1 KiB to 16 MiB. `seal` writes 1 MiB."""

_SIGNED = b"zkseal/sealed-header/v1\0"
_SECTION_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_MAX_TEXT = 256
_MAX_INTEGER = (1 << 63) - 1


@dataclass(frozen=True)
class Section:
    """One part of a sealed model: its name, and its length in bytes of plaintext."""

    name: str
    length: int

    def chunks(self, chunk_bytes: int) -> int:
        """How many chunks it has; a section without bytes has an empty one."""
        return max(1, -(-self.length // chunk_bytes))


@dataclass(frozen=True)
class SealedHeader:
    """What a publisher signs.

    Attributes:
        publisher: Ed25519 public key, 32 bytes.
        name: of the model, the same in all its versions.
        version: counts up from 1; whoever keeps a least version refuses lower ones.
        chunk_bytes: plaintext bytes of a chunk.
        salt: of all derived keys, 32 random bytes.
        sections: in the order of the file.
        root: of the Merkle tree over the plaintext chunks of all sections, 32 bytes.
        key_commitment: stands for the data key, 32 bytes.
        zk_model_commitment: model id of the verifying key.
        policy_digest: of the appraisal policy under which the data key may be released.
        minimum_assurance: least assurance of an enclave that may have the data key.
        created: Unix seconds, as the publisher says.
        licence: an SPDX expression or a sentence.
    """

    publisher: bytes
    name: str
    version: int
    chunk_bytes: int
    salt: bytes
    sections: tuple[Section, ...]
    root: bytes
    key_commitment: bytes
    zk_model_commitment: bytes
    policy_digest: bytes
    minimum_assurance: Assurance
    created: int
    licence: str

    def __post_init__(self) -> None:
        """Raises `InvalidEncoding` for a header that must not be signed."""
        for field in ("publisher", "salt", "root", "key_commitment", "zk_model_commitment", "policy_digest"):
            if len(getattr(self, field)) != DIGEST_BYTES:
                raise _refused(f"{field} has {DIGEST_BYTES} bytes")
        if not 1 <= len(self.name) <= _MAX_TEXT or not self.name.isprintable() or self.name != self.name.strip():
            raise _refused(f"the name is one line of 1 to {_MAX_TEXT} characters")
        if len(self.licence) > _MAX_TEXT or not self.licence.isprintable():
            raise _refused(f"the licence is one line of at most {_MAX_TEXT} characters")
        if not 1 <= self.version <= _MAX_INTEGER:
            raise _refused("the version counts up from 1")
        if not 0 <= self.created <= _MAX_INTEGER:
            raise _refused("the time of creation is a number of seconds since 1970")
        if self.chunk_bytes not in CHUNK_SIZES:
            raise _refused("a chunk has a power of two of bytes, 1 KiB to 16 MiB")
        self._check_sections()

    def _check_sections(self) -> None:
        names = [section.name for section in self.sections]
        if not 1 <= len(names) <= MAX_SECTIONS or len(set(names)) != len(names):
            raise _refused(f"there are 1 to {MAX_SECTIONS} sections of different names")
        for section in self.sections:
            if not _SECTION_NAME.fullmatch(section.name):
                raise _refused("names of sections are small letters, digits and '-'")
            if not 0 <= section.length <= _MAX_INTEGER or section.chunks(self.chunk_bytes) > MAX_CHUNKS:
                raise _refused(f"section '{section.name}' is longer than 2^32 chunks")
        if self.chunk_count * DIGEST_BYTES > MAX_CHUNKS * self.chunk_bytes:
            raise _refused("there are more chunks than the table of leaves holds")

    @property
    def chunk_count(self) -> int:
        """Chunks of all sections, each with a leaf in the tree."""
        return sum(section.chunks(self.chunk_bytes) for section in self.sections)

    def to_cbor(self) -> bytes:
        """The one encoding."""
        return cbor.dumps(
            {
                "format": FORMAT,
                "suite": SUITE,
                "publisher": self.publisher,
                "name": self.name,
                "version": self.version,
                "chunk": self.chunk_bytes,
                "salt": self.salt,
                "sections": [[section.name, section.length] for section in self.sections],
                "root": self.root,
                "key commitment": self.key_commitment,
                "zk model": self.zk_model_commitment,
                "policy": self.policy_digest,
                "assurance": int(self.minimum_assurance),
                "created": self.created,
                "licence": self.licence,
            }
        )

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the encoding: the name of this sealed model everywhere else."""
        return hashlib.sha256(self.to_cbor()).digest()

    def sign(self, key: PublisherKey) -> bytes:
        """The publisher's signature, 64 bytes. Raises `SignatureRejected` for another publisher's key."""
        if key.public_key != self.publisher:
            raise SignatureRejected(
                "The header names another publisher than the one of this key.", check="publisher", reason="other key"
            )
        return key.sign(_SIGNED + self.to_cbor())

    def verify(self, signature: bytes) -> None:
        """Raises `SignatureRejected` unless the publisher that the header names has signed it."""
        native().ed25519_verify(self.publisher, _SIGNED + self.to_cbor(), signature)

    @classmethod
    def from_cbor(cls, data: bytes) -> SealedHeader:
        """The header of its one encoding.

        Raises:
            UnknownVersion: another format or suite.
            InvalidEncoding, WrongLength: no header.
        """
        plain = cbor.loads(data, max_bytes=MAX_HEADER_BYTES)
        if not isinstance(plain, dict):
            raise _refused("it is no map")
        for key, expected in (("format", FORMAT), ("suite", SUITE)):
            got = plain.get(key)
            if got != expected:
                raise UnknownVersion(
                    f"The header's {key} is {got!r}; this release reads {expected!r}. Install the one that wrote it.",
                    got=str(got),
                    expected=expected,
                )
        match plain:
            case {
                "publisher": bytes(publisher),
                "name": str(name),
                "version": int(version),
                "chunk": int(chunk_bytes),
                "salt": bytes(salt),
                "sections": list(sections),
                "root": bytes(root),
                "key commitment": bytes(key_commitment),
                "zk model": bytes(zk_model),
                "policy": bytes(policy),
                "assurance": int(assurance),
                "created": int(created),
                "licence": str(licence),
            } if len(plain) == 15 and not any(isinstance(value, bool) for value in plain.values()):
                return cls(
                    publisher,
                    name,
                    version,
                    chunk_bytes,
                    salt,
                    tuple(_section(entry) for entry in sections),
                    root,
                    key_commitment,
                    zk_model,
                    policy,
                    _assurance(assurance),
                    created,
                    licence,
                )
        raise _refused("it has other fields, or fields of other types")


def _section(entry: Any) -> Section:
    match entry:
        case [str(name), int(length)] if not isinstance(length, bool):
            return Section(name, length)
    raise _refused("a section is a name and a length")


def _assurance(level: int) -> Assurance:
    try:
        return Assurance(level)
    except ValueError:
        raise _refused(f"there is no assurance {level}") from None


def _refused(reason: str) -> InvalidEncoding:
    return InvalidEncoding(f"Not the header of a sealed model: {reason}.", reason=reason)
