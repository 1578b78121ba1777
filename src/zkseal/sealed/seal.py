"""Sealing: sections in, a file out. The plaintext is read twice, once for the tree and once for the cipher."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zkseal.files.atomic import write_atomically
from zkseal.files.container import Buffer
from zkseal.sealed.chunks import BATCH_BYTES, Bytes
from zkseal.sealed.header import SALT_BYTES, SealedHeader, Section
from zkseal.sealed.layout import TABLE, pack_head
from zkseal.sealed.stanzas import encode_stanzas, seal_to
from zkseal.tee import Assurance
from zkseal.tee.native import native

if TYPE_CHECKING:
    from zkseal._native import FileKey, PublisherKey

__all__ = ["CHUNK_BYTES", "PROVING_KEY_SECTION", "SealingTerms", "seal"]

CHUNK_BYTES = 1 << 20
PROVING_KEY_SECTION = "proving-key"
"""The section that holds the whole proving key file of `zkseal setup`."""


@dataclass(frozen=True)
class SealingTerms:
    """What the publisher says of a model: fields of the header (see `SealedHeader`)."""

    name: str
    version: int
    zk_model_commitment: bytes
    policy_digest: bytes
    minimum_assurance: Assurance
    created: int
    licence: str = ""


def seal(
    path: str | os.PathLike[str],
    sections: Mapping[str, Buffer],
    terms: SealingTerms,
    publisher: PublisherKey,
    recipients: Sequence[bytes],
    *,
    chunk_bytes: int = CHUNK_BYTES,
) -> SealedHeader:
    """Writes a sealed model, whole or not at all, under a fresh data key that nobody keeps but the recipients.

    Args:
        sections: plaintext by name, in the order of the file.
        recipients: X25519 public keys, 32 bytes each.

    Raises:
        InvalidEncoding, WrongLength: a field that the format does not have, or no public key.
        OutOfDisk, FileUnavailable: see `files.atomic`.
    """
    parts = {name: np.frombuffer(data, np.uint8) for name, data in sections.items()}
    key, salt = native().DataKey.generate(), secrets.token_bytes(SALT_BYTES)
    tree = key.tree(salt)
    leaves = b"".join(
        tree.leaves(run.bytes, chunk_bytes, run.ends) for part in parts.values() for run in _runs(part, chunk_bytes)
    )
    header = SealedHeader(
        publisher=publisher.public_key,
        name=terms.name,
        version=terms.version,
        chunk_bytes=chunk_bytes,
        salt=salt,
        sections=tuple(Section(name, part.size) for name, part in parts.items()),
        root=tree.root(leaves),
        key_commitment=key.commitment(salt),
        zk_model_commitment=terms.zk_model_commitment,
        policy_digest=terms.policy_digest,
        minimum_assurance=terms.minimum_assurance,
        created=terms.created,
        licence=terms.licence,
    )
    stanzas = encode_stanzas(seal_to(header, key, recipients))
    head = pack_head(header.to_cbor(), header.sign(publisher), stanzas)
    cipher = key.file_key(salt, header.digest)
    numbered = [*enumerate(parts.values()), (TABLE, np.frombuffer(leaves, np.uint8))]
    write_atomically(path, _pieces(head, cipher, numbered, chunk_bytes), secret=False)
    return header


def _pieces(head: bytes, cipher: FileKey, numbered: Sequence[tuple[int, Bytes]], chunk_bytes: int) -> Iterator[bytes]:
    yield head
    for number, part in numbered:
        for run in _runs(part, chunk_bytes):
            yield cipher.seal(number, run.first, run.ends, chunk_bytes, run.bytes)


@dataclass(frozen=True)
class _Run:
    """Chunks that go through the core together."""

    first: int
    bytes: Bytes
    ends: bool


def _runs(part: Bytes, chunk_bytes: int) -> Iterator[_Run]:
    """A section in runs of whole chunks; the last one ends it. A section without bytes is one run without bytes."""
    step = max(1, BATCH_BYTES // chunk_bytes) * chunk_bytes
    for start in range(0, max(1, part.size), step):
        yield _Run(start // chunk_bytes, part[start : start + step], start + step >= part.size)
